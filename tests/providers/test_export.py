"""The state's export, beyond what the real engine shows: of which `pulumi`, and what it gets to know."""

import json
import shutil
from pathlib import Path

import psutil
import pulumi
import pytest
from pulumi.runtime.proto.provider_pb2 import InvokeResponse
from pulumi.runtime.proto.resource_pb2 import ResourceInvokeRequest

from providers import export
from providers.export import BINDING, begin_export

SHOWS = """#!/bin/sh
printf '%s\\n' "$*" && env && pwd -P | sed s/^/IN=/
"""


class Monitor:
    """A running engine that says what is in the stack, or nothing."""

    def __init__(self, outputs: dict[str, object] | None = None) -> None:
        self._outputs = outputs or {}
        self.asked: list[tuple[str, dict[str, object]]] = []

    def Invoke(self, request: ResourceInvokeRequest, timeout: float) -> InvokeResponse:  # noqa: N802 -- the SDK's name
        assert timeout > 0
        self.asked.append((request.tok, dict(request.args)))
        answer = InvokeResponse()
        getattr(answer, "return").update({"name": "acme", "outputs": self._outputs})
        return answer


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of a project whose stack runs."""
    folder = tmp_path / "project"
    folder.mkdir()
    for name, value in (
        ("get_organization", "organization"),
        ("get_project", "mbs-erasure"),
        ("get_stack", "acme"),
        ("get_root_directory", str(folder)),
    ):
        monkeypatch.setattr(pulumi, name, lambda value=value: value)
    monkeypatch.setattr(export, "get_monitor", Monitor)
    return folder


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
def test_the_export_is_of_this_stack_and_gets_no_configuration_and_no_option(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PULUMI_CONFIG", json.dumps({"mbs-erasure:password": "hunter2"}))
    monkeypatch.setenv("PULUMI_CONFIG_SECRET_KEYS", json.dumps(["mbs-erasure:password"]))
    monkeypatch.setenv("PULUMI_BACKEND_URL", "file://state")
    for option in ("CWD", "FILE", "VERSION"):
        monkeypatch.setenv(f"PULUMI_OPTION_{option}", "1")
    shown = begin_export().state.result().stdout.decode().splitlines()
    assert shown[0] == "stack export --stack organization/mbs-erasure/acme"
    assert "PULUMI_BACKEND_URL=file://state" in shown
    assert not [one for one in shown if one.startswith(("PULUMI_CONFIG", "PULUMI_OPTION_"))]


class Engine:
    """An engine above, which may be looked at or not."""

    def __init__(self, program: str | None, folder: str | None) -> None:
        self._seen = {"exe": program, "cwd": folder}

    def exe(self) -> str:
        return self._look("exe")

    def cwd(self) -> str:
        return self._look("cwd")

    def _look(self, what: str) -> str:
        seen = self._seen[what]
        if seen is None:
            raise psutil.AccessDenied
        return seen


def test_the_engine_above_exports_and_where_it_stands(
    on_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    above = tmp_path / ".pulumi-wrapped"
    above.symlink_to(on_path)
    monkeypatch.setattr(export, "engine", lambda: Engine(str(above), str(tmp_path)))
    ended = begin_export().state.result()
    assert ended.args[0] == str(above)
    assert f"IN={tmp_path}" in ended.stdout.decode().splitlines()


@pytest.mark.parametrize("above", [None, Engine(None, "/"), Engine("/bin/sh", None)], ids=["none", "exe", "cwd"])
def test_where_the_engine_cannot_be_looked_at_it_is_that_on_path_in_the_projects_folder(
    on_path: Path, root: Path, above: Engine | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "engine", lambda: above)
    ended = begin_export().state.result()
    assert ended.args[0] == str(on_path)
    assert f"IN={root}" in ended.stdout.decode().splitlines()


@pytest.mark.usefixtures("on_path")
def test_the_running_engine_is_asked_for_the_bindings_that_it_has_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    resources: dict[str, object] = {
        "urn:plan": {"type": "pulumi-python:dynamic/mbs:PurgePlan", "outputs": {"life": "none"}},
        "urn:one": {"type": BINDING, "outputs": {"life": "l-1", "user": "u-1"}},
        "urn:two": {"type": BINDING, "outputs": {}},
    }
    monitor = Monitor(resources)
    monkeypatch.setattr(export, "get_monitor", lambda: monitor)
    assert begin_export().engine.result() == {("urn:one", "l-1"), ("urn:two", "")}
    name = {"stackName": "organization/mbs-erasure/acme"}
    assert monitor.asked == [("pulumi:pulumi:readStackResourceOutputs", name)]


def test_without_any_the_export_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "engine", lambda: None)
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(FileNotFoundError, match="no `pulumi` was found above this process nor on PATH"):
        begin_export().state.result()
