"""A workspace neither uses nor disturbs what the user's shell drives, nor the checkout."""

import subprocess
from pathlib import Path

import pytest

from sandbox.workspace import PROJECT, Result, Workspace, WorkspaceError
from tests.engine_setup.conftest import Tiny


def test_it_has_the_project_but_not_its_stacks_and_inventories(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "here", Path("/nowhere/pulumi"))
    assert (workspace.directory / "Pulumi.yaml").read_text() == (PROJECT / "Pulumi.yaml").read_text()
    assert not (workspace.directory / "Pulumi.yaml").is_symlink()
    for name in ("__main__.py", "mbs", "erasure", "policies", "providers", ".venv"):
        assert (workspace.directory / name).samefile(PROJECT / name)
    assert not (workspace.directory / "inventory").exists()


def test_it_can_be_laid_out_twice(tmp_path: Path) -> None:
    Workspace(tmp_path, Path("/nowhere/pulumi"))
    Workspace(tmp_path, Path("/nowhere/pulumi"))


def test_its_environment_has_nothing_of_the_users_pulumi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PULUMI_ACCESS_TOKEN", "PULUMI_STACK", "PULUMI_BACKEND_URL", "MBS_TOKEN", "MBS_ENDPOINT"):
        monkeypatch.setenv(name, "somebody's")
    monkeypatch.setenv("LANGUAGE", "en")
    env = Workspace(tmp_path, Path("/nowhere/pulumi"), env={"MBS_TOKEN": "ours"}).env
    assert "somebody's" not in env.values()
    assert env["MBS_TOKEN"] == "ours"
    assert env["LANGUAGE"] == "en"
    assert env["PULUMI_BACKEND_URL"] == f"file://{tmp_path}/state"
    assert env["PATH"].startswith("/nowhere:")


def test_a_failure_that_must_not_be_tells_all() -> None:
    result = Result(("pulumi", "up"), 255, "some\n", "words\n")
    assert result.output == "some\nwords\n"
    with pytest.raises(WorkspaceError, match="pulumi up exited with 255:\nsome\nwords"):
        result.require()


@pytest.mark.engine
def test_what_it_does_stays_in_it(tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home of the user"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    workspace = tiny("import pulumi")
    workspace.config_set("token", "secret value", secret=True)
    workspace.config_set("maxPurges", "3")
    workspace.run("up", "--yes", "--skip-preview").require()
    stack = (workspace.directory / "Pulumi.dev.yaml").read_text()
    assert 'maxPurges: "3"' in stack
    assert "secret value" not in stack
    assert workspace.state()["deployment"]["resources"][0]["type"] == "pulumi:pulumi:Stack"
    assert list((tmp_path / "project").glob("Pulumi.dev*")) == []
    assert list(home.rglob("*pulumi*")) == []


@pytest.mark.engine
def test_its_python_is_the_projects(tiny: Tiny) -> None:
    workspace = tiny("import pulumi")
    result = workspace.python("-c", "import os, sys; print(sys.prefix, os.getcwd()); sys.exit(3)")
    assert (result.code, result.stdout) == (3, f"{workspace.directory}/.venv {workspace.directory}\n")


@pytest.mark.engine
def test_a_command_that_takes_too_long_is_ended(tiny: Tiny) -> None:
    workspace = tiny("import time; time.sleep(600)")
    with pytest.raises(subprocess.TimeoutExpired):
        workspace.run("preview", timeout=1)
