"""One sandbox for a process of tests; for each test a stack of its own, with three computers adopted or to adopt."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.running import RunningSandbox
from tests.engine.many import Many
from tests.engine.rehearsal import CHARLIE, DESTINATION, STACK, Rehearsal, rehearsal

COMPUTERS = ("CHARLIE-LAPTOP", "Front Desk", "Büro PC")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what runs the engine, so that `make unit` leaves it out."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker("engine")


@pytest.fixture
def sandbox(server: RunningSandbox) -> RunningSandbox:
    """Return the stand-in with Charlie's three computers, and with nothing in its log."""
    _three_computers(server)
    return server


@pytest.fixture(scope="session")
def templates(
    pulumi: Path, server: RunningSandbox, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Rehearsal, Rehearsal]:
    """Make a new stack, and one that has adopted the three computers; tests copy them, which is quicker."""
    _three_computers(server)
    new = rehearsal(tmp_path_factory.mktemp("new"), pulumi, server)
    new.workspace.init(STACK)
    new.want(*COMPUTERS)
    adopted = _copy(new, tmp_path_factory.mktemp("adopted"))
    adopted.up().require()
    return new, adopted


@pytest.fixture
def empty(templates: tuple[Rehearsal, Rehearsal], sandbox: RunningSandbox, tmp_path: Path) -> Rehearsal:
    """Return a new stack whose inventory wants the three computers, against a `sandbox` that is as it was."""
    assert sandbox is templates[0].sandbox
    return _copy(templates[0], tmp_path)


@pytest.fixture
def adopted(templates: tuple[Rehearsal, Rehearsal], sandbox: RunningSandbox, tmp_path: Path) -> Rehearsal:
    """Return a stack that has adopted the three computers; the account's log is empty."""
    assert sandbox is templates[1].sandbox
    return _copy(templates[1], tmp_path)


@pytest.fixture(scope="session")
def adopted_many(
    templates: tuple[Rehearsal, Rehearsal], server: RunningSandbox, tmp_path_factory: pytest.TempPathFactory
) -> Many:
    """Make a stack that has adopted many computers; tests copy it."""
    server.reset()
    many = Many(_copy(templates[0], tmp_path_factory.mktemp("many")))
    many.fill_account()
    many.want_all_of_them()
    many.rehearsal.workspace.config_set("rules", '{"max-purges": "off", "max-percent": "off"}')
    many.rehearsal.up().require()
    return many


@pytest.fixture
def many(adopted_many: Many, sandbox: RunningSandbox, tmp_path: Path) -> Iterator[Many]:
    """Return a stack that has adopted many computers of many users; the account's log is empty."""
    sandbox.reset()
    many = Many(_copy(adopted_many.rehearsal, tmp_path))
    many.fill_account()
    yield many
    many.end_what_is_left()


def _three_computers(server: RunningSandbox) -> None:
    server.reset()
    server.clear_faults()
    for name in COMPUTERS:
        server.add(CHARLIE, DESTINATION, name)


def _copy(one: Rehearsal, folder: Path) -> Rehearsal:
    shutil.copytree(one.workspace.directory, folder, symlinks=True, dirs_exist_ok=True)
    return rehearsal(folder, one.workspace.pulumi, one.sandbox)
