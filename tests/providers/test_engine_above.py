"""Which engine is above this process, what it was told to do, and whether it or another run still lives."""

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from providers import engine
from sandbox.workspace import PROJECT

UP = ("up", "--yes", "--skip-preview", "-s", "acme")


class Above:
    """An engine that was started with these arguments."""

    def __init__(self, *arguments: str) -> None:
        self.arguments = arguments

    def cmdline(self) -> list[str]:
        return ["/usr/bin/pulumi", *self.arguments]


class Hidden(Above):
    """One that this process may not look at."""

    def cmdline(self) -> list[str]:
        raise psutil.AccessDenied


def stand(monkeypatch: pytest.MonkeyPatch, above: object) -> None:
    monkeypatch.setattr(engine, "engine", lambda: above)


@pytest.fixture(autouse=True)
def no_options(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out what this machine's environment may tell every engine."""
    for name in [one for one in os.environ if one.startswith("PULUMI_OPTION_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def listening(monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """Listen where this process is told that its engine does."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        at = server.getsockname()
        monkeypatch.setattr(engine, "address", lambda: at)
        yield server


@pytest.fixture
def child() -> Iterator[subprocess.Popen[bytes]]:
    """Start a process that waits."""
    command = [sys.executable, "-c", "import sys; sys.stdin.read()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        yield process
        process.kill()


@pytest.mark.parametrize(
    "arguments",
    [
        UP,
        ("up",),
        ("up", "-y", "-f"),
        ("up", "-yf", "--stack=acme", "--refresh", "--continue-on-error", "--parallel", "8"),
        ("up", "-m", "a target, and what to exclude"),
        ("up", "-s", "target", "--config", "mbs-erasure:endpoint=https://x"),
        ("-C", "/srv/text", "up"),
    ],
    ids=" ".join,
)
def test_an_engine_that_is_told_nothing_else_handles_the_whole_stack(
    monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    stand(monkeypatch, Above(*arguments))
    assert engine.is_whole_stack()


@pytest.mark.parametrize(
    "flags",
    [
        ("--target", "urn:x"),
        ("--target=urn:x",),
        ("-t", "urn:x"),
        ("-turn:x",),
        ("-t=urn:x",),
        ("-yt", "urn:x"),
        ("-yft", "urn:x"),
        ("--target-dependents",),
        ("--target-replace", "urn:x"),
        ("--exclude", "urn:x"),
        ("--exclude=urn:x",),
        ("--exclude-dependents",),
        ("-x", "urn:x"),
        ("-yx", "urn:x"),
    ],
    ids=" ".join,
)
def test_an_engine_that_is_told_to_leave_something_aside_does_not(
    monkeypatch: pytest.MonkeyPatch, flags: tuple[str, ...]
) -> None:
    for arguments in ((*UP, *flags), ("up", *flags, *UP[1:])):
        stand(monkeypatch, Above(*arguments))
        assert not engine.is_whole_stack()


@pytest.mark.parametrize("name", ["TARGET", "TARGETS", "TARGET_DEPENDENTS", "EXCLUDE", "EXCLUDE_DEPENDENTS"])
def test_an_engine_that_is_told_so_by_its_environment_does_not_either(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    stand(monkeypatch, Above(*UP))
    monkeypatch.setenv("PULUMI_OPTION_YES", "true")
    assert engine.is_whole_stack()
    monkeypatch.setenv(f"PULUMI_OPTION_{name}", "x")
    assert not engine.is_whole_stack()


def test_where_no_engine_is_found_nothing_is_known_of_the_stack_and_none_is_missed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stand(monkeypatch, None)
    assert not engine.is_whole_stack()
    assert engine.is_alive()


def test_what_an_engine_that_cannot_be_looked_at_was_told_is_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    stand(monkeypatch, Hidden())
    assert not engine.is_whole_stack()


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["python", "-u", "-m", "pulumi.dynamic", "127.0.0.1:40321"], ("127.0.0.1", 40321)),
        (["python", "-m", "pulumi.dynamic", "--logtostderr", "-v=9", "127.0.0.1:1"], ("127.0.0.1", 1)),
        (["python", "exec", "--monitor", "127.0.0.1:2", "--engine", "127.0.0.1:3", "--", "."], ("127.0.0.1", 3)),
        (["python", "-m", "pulumi.dynamic"], None),
        (["python", "exec", "--engine"], None),
        (["python", "-m", "pytest", "127.0.0.1:40321"], None),
        ([], None),
    ],
    ids=str,
)
def test_where_the_engine_listens_stands_in_the_command_line(
    monkeypatch: pytest.MonkeyPatch, words: list[str], found: tuple[str, int] | None
) -> None:
    monkeypatch.setattr(sys, "orig_argv", words)
    told: object = engine.address.__wrapped__()  # what is found once is kept
    assert told == found


def test_an_engine_lives_as_long_as_it_can_be_reached_whatever_it_is_called(
    listening: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand(monkeypatch, None)
    assert engine.is_alive()
    with listening.accept()[0] as connection:
        assert connection.recv(1) == b"", "a connection that is held open keeps the engine from its end"
    listening.close()
    assert not engine.is_alive()


@pytest.mark.usefixtures("listening")
def test_an_engine_that_is_late_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    def late(*_arguments: object) -> socket.socket:
        raise TimeoutError

    stand(monkeypatch, None)
    monkeypatch.setattr(socket, "create_connection", late)
    assert engine.is_alive()


@pytest.mark.usefixtures("listening")
def test_another_process_with_the_engines_number_or_port_is_not_the_engine(
    monkeypatch: pytest.MonkeyPatch, child: subprocess.Popen[bytes]
) -> None:
    other = psutil.Process()
    stand(monkeypatch, other)
    assert engine.is_alive()
    other._ident = (other.pid, 1.0)  # type: ignore[attr-defined]  # noqa: SLF001 -- its number, and another start
    assert not engine.is_alive()
    stand(monkeypatch, psutil.Process(child.pid))
    assert engine.is_alive()
    child.kill()
    child.wait()
    assert not engine.is_alive()


ASKS = """
from providers.engine import engine, is_alive, is_whole_stack
print(engine() is not None, is_alive(), is_whole_stack())
"""
STARTS = """
import socket, subprocess, sys
server = socket.create_server(("127.0.0.1", 0))
told = f"127.0.0.1:{server.getsockname()[1]}"
shell = '"$0" -c "$1" pulumi.dynamic "$2"; true'
subprocess.run(["sh", "-c", shell, *sys.argv[1:3], told], cwd=sys.argv[3], check=True)
"""


def asked_below(tmp_path: Path, name: str, *arguments: str) -> list[str]:
    """Start a process of this name, have it start another, below a shell as plugins are, and ask that one."""
    program = tmp_path / name
    program.symlink_to(Path(sys.executable).resolve())
    command = [str(program), "-I", "-c", STARTS, sys.executable, ASKS, str(PROJECT), *arguments]
    shown = subprocess.run(command, capture_output=True, text=True, check=True)
    return shown.stdout.split()


@pytest.mark.parametrize("name", ["pulumi", ".pulumi-wrapped", "a name that is longer than the system keeps"])
def test_the_engine_is_found_above_the_shell_that_starts_a_plugin_whatever_it_is_called(
    tmp_path: Path, name: str
) -> None:
    assert asked_below(tmp_path, name, *UP) == ["True", "True", "True"]


def test_what_the_engine_was_told_is_read_from_its_command_line(tmp_path: Path) -> None:
    assert asked_below(tmp_path, "pulumi", *UP, "--target", "urn:x") == ["True", "True", "False"]


def test_who_does_not_listen_at_the_engines_address_is_not_the_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "address", lambda: ("127.0.0.1", 1))
    found: object = engine.engine.__wrapped__()
    assert found is None


@pytest.mark.parametrize(
    ("status", "at", "is_engine"),
    [
        (psutil.CONN_LISTEN, ("127.0.0.1", 40321), True),
        (psutil.CONN_ESTABLISHED, ("127.0.0.1", 40321), False),
        (psutil.CONN_LISTEN, ("127.0.0.1", 40322), False),
        (psutil.CONN_LISTEN, ("127.0.0.2", 40321), False),
    ],
)
def test_the_engine_is_who_listens_at_its_address(
    monkeypatch: pytest.MonkeyPatch, status: str, at: tuple[str, int], is_engine: bool
) -> None:
    sockets = [SimpleNamespace(status=status, laddr=at)]
    above = SimpleNamespace(net_connections=lambda _kind: sockets)
    monkeypatch.setattr(engine, "address", lambda: ("127.0.0.1", 40321))
    monkeypatch.setattr(psutil, "Process", lambda: SimpleNamespace(parents=lambda: [above]))
    found: object = engine.engine.__wrapped__()
    assert (found is above) is is_engine


def test_processes_that_may_not_be_looked_at_are_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(_self: psutil.Process, _kind: str) -> list[object]:
        raise psutil.AccessDenied

    monkeypatch.setattr(psutil.Process, "net_connections", denied)
    found: object = engine.engine.__wrapped__()
    assert found is None


def test_a_process_ends_soon_after_its_engine_and_not_before(monkeypatch: pytest.MonkeyPatch) -> None:
    looks, acts = iter([True, True, False]), list[object]()
    monkeypatch.setattr(engine, "is_alive", lambda: next(looks))
    never = SimpleNamespace(wait=acts.append)
    monkeypatch.setattr(engine, "threading", SimpleNamespace(Event=lambda: never))
    monkeypatch.setattr(os, "_exit", lambda status: acts.append(f"exit {status}"))
    engine._watch()  # noqa: SLF001 -- in this thread, and without an end
    assert acts == [0.5, 0.5, 3.0, "exit 1"], "within the 5 seconds that nothing outlasts the engine"


@pytest.mark.parametrize("told", [None, ("127.0.0.1", 1)], ids=["no engine", "an engine"])
def test_only_an_engine_is_watched(monkeypatch: pytest.MonkeyPatch, told: tuple[str, int] | None) -> None:
    begun: list[str] = []
    monkeypatch.setattr(engine, "address", lambda: told)
    monkeypatch.setattr(engine, "_watch", lambda: begun.append("watching"))
    monkeypatch.setattr(threading.Thread, "start", lambda thread: thread.run())
    engine.end_with_engine()
    assert begun == ([] if told is None else ["watching"])


def test_this_process_is_not_gone() -> None:
    assert engine.this_process()["process"] == os.getpid()
    assert not engine.is_gone(engine.this_process())


def test_a_process_whose_start_is_not_known_is_not_known_to_be_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(_process: psutil.Process) -> float:
        raise psutil.NoSuchProcess(1)

    monkeypatch.setattr(engine, "started", unknown)
    me = engine.this_process()
    assert me["process"] == os.getpid()
    monkeypatch.undo()
    assert not engine.is_gone(me)


def test_a_process_that_has_ended_is_gone(child: subprocess.Popen[bytes]) -> None:
    started = engine.started(psutil.Process(child.pid))
    holder = {**engine.this_process(), "process": child.pid, "started": started}
    assert not engine.is_gone(holder)
    child.kill()
    child.wait()
    assert engine.is_gone(holder)


def test_a_number_that_another_process_has_by_now_is_that_of_one_that_is_gone() -> None:
    me = engine.this_process()
    assert engine.is_gone({**me, "started": me["started"] - 60})
    assert engine.is_gone({**me, "started": me["started"] + 60})


@pytest.mark.parametrize(("seconds", "is_gone"), [(0.5, False), (1, False), (1.5, True)])
def test_a_start_is_told_to_the_second(monkeypatch: pytest.MonkeyPatch, seconds: float, is_gone: bool) -> None:
    monkeypatch.setattr(engine, "started", lambda _: 100.0)
    for started in (100 + seconds, 100 - seconds):
        assert engine.is_gone({**engine.this_process(), "started": started}) is is_gone


@pytest.mark.skipif(not psutil.LINUX, reason="elsewhere the system notes the clock's time, which stays as it was")
def test_a_clock_that_is_set_makes_no_process_another(monkeypatch: pytest.MonkeyPatch) -> None:
    me, boot = engine.this_process(), psutil.boot_time()
    monkeypatch.setattr("psutil._pslinux.boot_time", lambda: boot + 3600)  # what the kernel says after that
    assert not engine.is_gone(me)


@pytest.mark.parametrize(
    "other",
    [{"host": f"not-{socket.gethostname()}"}, {"host": None}, {"machine": "another of the same name"}],
    ids=str,
)
def test_of_another_machine_nothing_is_known(other: dict[str, Any]) -> None:
    assert not engine.is_gone({**engine.this_process(), "process": 2**22 + 1, **other})


def test_a_machine_that_does_not_tell_itself_apart_goes_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "_BOOT", Path("/nowhere"))
    assert not engine.is_gone(engine.this_process())
    assert engine.is_gone({**engine.this_process(), "process": 2**22 + 1})


@pytest.mark.parametrize(
    "garbage",
    [{"process": "x"}, {"process": -1}, {"process": [1]}, {"started": "then"}, {"started": None}],
    ids=str,
)
def test_what_describes_no_process_is_not_known_to_be_gone(garbage: dict[str, Any]) -> None:
    assert not engine.is_gone({**engine.this_process(), **garbage})


@pytest.mark.parametrize("missing", ["host", "process", "started"])
def test_a_description_that_lacks_something_is_not_known_to_be_gone(missing: str) -> None:
    assert not engine.is_gone({key: value for key, value in engine.this_process().items() if key != missing})
    assert not engine.is_gone({})
