"""The real engine, and tiny projects to run on it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from sandbox.workspace import PROJECT, Workspace
from tests.engine_setup import fifo

Tiny = Callable[..., Workspace]

SETTINGS = """
name: tiny
runtime:
  name: python
  options:
    virtualenv: .venv
"""


@pytest.fixture(scope="session")
def own_host(pulumi: Path) -> Path:
    """Give our language host; the vendor's has other words."""
    if "-build-" not in pulumi.resolve().parent.name:
        pytest.skip(f"{pulumi} comes with the vendor's language host")
    return pulumi.parent / "pulumi-language-python"


@pytest.fixture
def tiny(pulumi: Path, tmp_path: Path) -> Tiny:
    """Give a function that lays out a project of one program, with a stack `dev`."""

    def lay_out(program: str, settings: str = SETTINGS, **env: str) -> Workspace:
        project = tmp_path / "project"
        project.mkdir()
        (project / "Pulumi.yaml").write_text(settings)
        (project / "__main__.py").write_text(program)
        (project / ".venv").symlink_to(PROJECT / ".venv")
        workspace = Workspace(tmp_path / "workspace", pulumi, project=project, env=env)
        workspace.init("dev")
        return workspace

    return lay_out


# Tells that it is there, and stays until it is interrupted.
WAITING_PROGRAM = """
import os, time
import pulumi
with open(os.environ["STARTED"], "w") as pipe:
    pipe.write("started")
time.sleep(600)
"""


@pytest.fixture
def started(tmp_path: Path) -> Path:
    """Give the named pipe that WAITING_PROGRAM writes to."""
    return fifo.make(tmp_path / "started")
