"""The state's export, beyond what the real engine shows: of which `pulumi`, and what it gets to know."""

import json
import shutil
from pathlib import Path

import psutil
import pulumi
import pytest

from providers import export
from providers.export import begin_export

SHOWS = """#!/bin/sh
printf '%s\\n' "$*" && env
"""


@pytest.fixture(autouse=True)
def stack(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("get_organization", "organization"), ("get_project", "mbs-erasure"), ("get_stack", "acme")):
        monkeypatch.setattr(pulumi, name, lambda value=value: value)


@pytest.fixture
def on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put a `pulumi` on PATH that shows what it is given; none is above."""
    monkeypatch.setattr(export, "engine", lambda: None)
    program = tmp_path / "pulumi"
    program.write_text(SHOWS)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    return program


@pytest.mark.usefixtures("on_path")
def test_the_export_is_of_this_stack_and_gets_none_of_its_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_CONFIG", json.dumps({"mbs-erasure:password": "hunter2"}))
    monkeypatch.setenv("PULUMI_CONFIG_SECRET_KEYS", json.dumps(["mbs-erasure:password"]))
    monkeypatch.setenv("PULUMI_BACKEND_URL", "file://state")
    shown = begin_export().result().stdout.decode().splitlines()
    assert shown[0] == "stack export --stack organization/mbs-erasure/acme"
    assert "PULUMI_BACKEND_URL=file://state" in shown
    assert not [one for one in shown if one.startswith("PULUMI_CONFIG")]


@pytest.mark.usefixtures("on_path")
def test_the_engine_above_goes_before_the_one_on_path(monkeypatch: pytest.MonkeyPatch) -> None:
    above = psutil.Process()
    monkeypatch.setattr(export, "engine", lambda: above)
    assert begin_export().result().args[0] == above.exe()


def test_an_engine_above_that_may_not_be_looked_at_is_that_on_path(
    on_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Hidden:
        def exe(self) -> str:
            raise psutil.AccessDenied

    monkeypatch.setattr(export, "engine", Hidden)
    assert begin_export().result().args[0] == str(on_path)


def test_without_any_the_export_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "engine", lambda: None)
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(FileNotFoundError, match="no `pulumi` was found above this process nor on PATH"):
        begin_export().result()
