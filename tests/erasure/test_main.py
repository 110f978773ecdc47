"""How the command line ends."""

import click
import pytest

from erasure.console import main
from erasure.console.stack import ConsoleError
from erasure.errors import Problems, Refusal
from erasure.ledger import LedgerError


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (ConsoleError("no Pulumi.yaml here"), 1, "Error: no Pulumi.yaml here\n"),
        (Problems(["a is wrong", "b is wrong"]), 1, "Error: a is wrong\nb is wrong\n"),
        (Refusal("unreadable", "it answered 500", "try again"), 1, "Error: unreadable: it answered 500; try again\n"),
        (LedgerError("it cannot be read"), 1, "Error: ledger: it cannot be read\n"),
        (KeyboardInterrupt(), 130, ""),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else "",
)
def test_what_ends_a_command_is_said_in_a_sentence_and_a_status(
    error: BaseException, code: int, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    @click.command()
    def failing() -> None:
        raise error

    monkeypatch.setitem(main.main.commands, "failing", failing)
    with pytest.raises(SystemExit) as ended:
        main.run(["failing"])
    assert ended.value.code == code
    assert capsys.readouterr().err.strip("\n") == said.strip("\n")
