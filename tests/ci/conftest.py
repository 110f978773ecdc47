"""The checkers of the pipelines, and a repository in which the pipelines' own steps run, against the sandbox."""

import os
import shutil
import subprocess
import uuid
from pathlib import Path

import psycopg
import pytest

from sandbox.running import RunningSandbox
from tests.ci.repository import Repository
from tests.postgres import Postgres

_TOOLS = Path(__file__).parent / "tools"


@pytest.fixture(scope="session")
def go_tools(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build actionlint and gojq from their Go modules; give the folder. CI has to have them."""
    go = shutil.which("go")
    if go is None:
        return _missing("actionlint and gojq are built with Go: put a Go on PATH")
    folder = tmp_path_factory.mktemp("tools")
    command = [go, "build", "-C", str(_TOOLS), "-mod=readonly", "-o", f"{folder}{os.sep}", "tool"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return folder if done.returncode == 0 else _missing(f"actionlint and gojq cannot be built: {done.stderr[-500:]}")


@pytest.fixture
def ledger(postgres: Postgres) -> str:
    """Return the address of a new database for a ledger."""
    return new_database(postgres)


@pytest.fixture
def repository(pulumi: Path, server: RunningSandbox, ledger: str, tmp_path: Path) -> Repository:
    """Return an MSP's repository with a stack that nothing has updated yet."""
    server.reset()
    server.clear_faults()
    return Repository(tmp_path, pulumi, server, ledger)


def new_database(postgres: Postgres, template: str = "template1") -> str:
    """Return the address of a new database, made like another one of which the name or the address is given."""
    name = f"ledger_{uuid.uuid4().hex}"
    with psycopg.connect(postgres.url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template.rpartition('/')[2]}".encode())
    return f"{postgres.url.rpartition('/')[0]}/{name}"


def _missing(reason: str) -> Path:
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)
