"""The engine above this process: which one it is, what it was told to do, and whether it still lives."""

import os
import re
import socket
import sys
import threading
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import psutil

_SELECTS: Final = re.compile(r"--target|--exclude|-[A-Za-z]*[tx]")
_SELECTS_BY_ENVIRONMENT: Final = re.compile(r"PULUMI_OPTION_(TARGET|EXCLUDE)")
_BOOT: Final = Path("/proc/sys/kernel/random/boot_id")
_PROCESSES: Final = Path("/proc/self/ns/pid")
_LOOK: Final = 0.5  # seconds between two looks at the engine
_LAST_CALLS: Final = 3.0  # seconds that calls in flight get to end when the engine is gone
_ANSWERS_WITHIN: Final = 1.0  # seconds; an engine that is stopped or busy answers later, and lives


@lru_cache(maxsize=1)
def address() -> tuple[str, int] | None:
    """Return where the engine of this process listens, as its command line says; None: it says no such thing.

    The program is told by `--engine`, a plugin by its last argument: `python -m pulumi.dynamic 127.0.0.1:40321`.
    """
    words = ["", *sys.orig_argv]
    told = words[words.index("--engine") :][1:2] if "--engine" in words else words[-1:] * ("pulumi.dynamic" in words)
    host, _, port = "".join(told).rpartition(":")
    return (host, int(port)) if port.isdecimal() else None


@lru_cache(maxsize=1)
def engine() -> psutil.Process | None:
    """Return the engine above this process: who listens at its address, whatever it is called; None: not found."""
    try:
        return next(filter(_listens, psutil.Process().parents()), None)
    except psutil.Error:
        return None


def _listens(process: psutil.Process) -> bool:
    try:
        sockets = process.net_connections("tcp")
    except psutil.Error:
        return False
    return any(one.status == psutil.CONN_LISTEN and tuple(one.laddr) == address() for one in sockets)


def is_whole_stack() -> bool:
    """Whether the engine was told to handle the whole stack. False where that cannot be known."""
    process = engine()
    if process is None or any(_SELECTS_BY_ENVIRONMENT.match(name) for name in os.environ):
        return False
    try:
        return not any(_SELECTS.match(argument) for argument in process.cmdline()[1:])
    except psutil.Error:
        return False


def is_alive() -> bool:
    """Whether the engine that started this process lives, by any name and on any system: whether it can be reached.

    True where this process was told of none: then none can be missed.
    """
    if (at := address()) is None:
        return True
    # Its port can be another's by now.
    return _is_reached(at) and ((above := engine()) is None or above.is_running())


def _is_reached(at: tuple[str, int]) -> bool:
    try:
        # Ended at once: a connection that is held open keeps the engine from its own end.
        socket.create_connection(at, _ANSWERS_WITHIN).close()
    except ConnectionError:
        return False
    except OSError:
        return True  # it is late: a port that nobody has is refused
    return True


def end_with_engine() -> None:
    """End this process soon after its engine, whose death by `kill -9` nobody tells it.

    The plugin stands in a process group of its own and under a shell, so that no signal reaches it either.
    """
    if address() is not None:
        threading.Thread(target=_watch, name="engine watch", daemon=True).start()


def _watch() -> None:
    never = threading.Event()
    while is_alive():
        never.wait(_LOOK)
    never.wait(_LAST_CALLS)
    os._exit(1)


def this_process() -> dict[str, Any]:
    """Return what tells this process from every other: for a lease."""
    me = {"host": socket.gethostname(), "machine": _machine(), "process": os.getpid()}
    try:
        return {**me, "started": started(psutil.Process())}
    except psutil.Error:
        return me  # /proc is another namespace's


def is_gone(holder: Any) -> bool:  # noqa: ANN401 -- a JSON object that somebody wrote
    """Whether a process that `this_process` described has ended. False where it is another machine's."""
    if (holder.get("host"), holder.get("machine")) != (socket.gethostname(), _machine()):
        return False
    try:
        # A number is given again: the same one that started at another moment is another process.
        return bool(abs(started(psutil.Process(holder["process"])) - holder["started"]) > 1)
    except psutil.NoSuchProcess:
        return True
    except (psutil.Error, KeyError, TypeError, ValueError):
        return False


def started(process: psutil.Process) -> float:
    """Return when a process started: on Linux since the machine did, which no setting of its clock changes."""
    return process.create_time() - (psutil.boot_time() if psutil.LINUX else 0)


def _machine() -> str:
    """Tell apart machines and containers of one name, as CI has many: a process number says nothing elsewhere."""
    try:
        return f"{_BOOT.read_text().strip()} {_PROCESSES.readlink()}"
    except OSError:
        return ""  # not Linux
