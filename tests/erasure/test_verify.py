"""The command `verify`, beside what it finds."""

from pathlib import Path

import pytest

from erasure.console.stack import ConsoleError
from erasure.console.verify import keep


def test_the_json_report_is_kept_as_it_is(tmp_path: Path) -> None:
    keep("{}\n", tmp_path / "verify.json")
    assert (tmp_path / "verify.json").read_bytes() == b"{}\n"


def test_a_json_report_that_cannot_be_kept_is_told_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ConsoleError, match=r"cannot be written: No such file.*; the ledger has what was seen: name an"):
        keep("{}\n", tmp_path / "none" / "verify.json")
