"""What keeps the program from running is one sentence, told before anything is imported that would raise."""

import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pulumi
import pytest

from providers import start
from sandbox.workspace import PROJECT


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Let a language host have started this process; return the errors that the program logs."""
    errors: list[str] = []
    monkeypatch.setattr(sys, "orig_argv", ["python", "exec", "--engine", "127.0.0.1:1", "--", "."])
    monkeypatch.setattr(sys, "flags", SimpleNamespace(safe_path=False))
    monkeypatch.setattr(pulumi.log, "error", errors.append)
    return errors


def test_where_nothing_is_amiss_nothing_is_said(told: list[str]) -> None:
    start.require_usable()
    assert told == []


@pytest.mark.parametrize(
    ("where", "name", "value", "sentence"),
    [
        (start, "version", {"pulumi": "3.200.0"}.get, "has version 3.200.0 of the Pulumi SDK, .*; run `make setup`"),
        (sys, "flags", SimpleNamespace(safe_path=True), "PYTHONSAFEPATH is set, .*; unset it"),
        (start, "_PROCESSES", Path("/nowhere"), "there is no /proc, .*; mount it"),
    ],
    ids=["SDK", "safe path", "no /proc"],
)
def test_what_is_amiss_is_one_sentence_with_its_remedy(
    told: list[str], monkeypatch: pytest.MonkeyPatch, where: object, name: str, value: object, sentence: str
) -> None:
    monkeypatch.setattr(where, name, value)
    with pytest.raises(SystemExit) as ended:
        start.require_usable()
    assert ended.value.code == 32
    assert len(told) == 1
    assert re.match(f"setup: .*{sentence}", told[0])


def test_a_system_that_never_has_proc_is_not_without_it(told: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(start, "_PROCESSES", Path("/nowhere"))
    monkeypatch.setattr(sys, "platform", "darwin")
    start.require_usable()
    assert told == []


@pytest.mark.usefixtures("told")
def test_an_inline_program_is_told_so_by_an_error_that_its_host_shows_as_a_sentence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "orig_argv", ["python", "automate.py"])
    with pytest.raises(pulumi.RunError, match=r"setup: this is an inline program of the Automation API.*; give"):
        start.require_usable()


def test_the_version_that_is_required_is_that_of_the_requirements() -> None:
    assert f"\npulumi=={start.SDK} " in (PROJECT / "requirements.txt").read_text()


def test_nothing_that_could_raise_is_imported_before() -> None:
    command = [
        sys.executable,
        "-c",
        "import providers.start, sys; print(*{'providers.engine', 'erasure', 'mbs'} & {*sys.modules})",
    ]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip() == ""
