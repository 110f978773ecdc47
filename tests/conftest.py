"""What every test may need: the engine, once made by `make setup`, and a database server."""

import os
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from sandbox.running import RunningSandbox
from sandbox.workspace import ready_engine
from tests.postgres import Postgres, binaries, running

# The engine's tests start a thousand Python processes, each of which would compile the project anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
# No test is about time: a busy machine makes a single example slow.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")


@pytest.fixture(scope="session")
def pulumi() -> Path:
    """Return the engine that `engine/ensure` finds."""
    return ready_engine()


@pytest.fixture(scope="session")
def server() -> Iterator[RunningSandbox]:
    """Start the stand-in of the API; whoever uses it resets it first."""
    with RunningSandbox(purge_delay="0s") as sandbox:
        yield sandbox


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """Run a PostgreSQL server, where the machine has one; CI has to have one."""
    programs = binaries()
    if programs is None:
        if os.environ.get("CI"):
            pytest.fail("CI needs PostgreSQL: install Debian's package postgresql")
        pytest.skip("no PostgreSQL on this machine: install Debian's package postgresql")
    with running(programs) as server:
        yield server
