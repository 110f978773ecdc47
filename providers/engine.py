"""The engine above this process: which one it is, what it was told to do, and whether it still lives."""

import os
import re
import socket
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


@lru_cache(maxsize=1)
def engine() -> psutil.Process | None:
    """Return the `pulumi` above this process, or None where there is none."""
    for process in psutil.Process().parents():
        try:
            if process.name() == "pulumi":
                return process
        except psutil.Error:
            continue
    return None


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
    """Whether the engine that started this process lives. True where none was found: then none can be missed."""
    process = engine()
    if process is None:
        return True
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def end_with_engine() -> None:
    """End this process soon after its engine, whose death by `kill -9` nobody tells it.

    The plugin stands in a process group of its own and under a shell, so that no signal reaches it either.
    """
    if engine() is not None:
        threading.Thread(target=_watch, name="engine watch", daemon=True).start()


def _watch() -> None:
    never = threading.Event()
    while is_alive():
        never.wait(_LOOK)
    never.wait(_LAST_CALLS)
    os._exit(1)


def this_process() -> dict[str, Any]:
    """Return what tells this process from every other: for a lease."""
    own = psutil.Process()
    return {"host": socket.gethostname(), "machine": _machine(), "process": own.pid, "started": _started(own)}


def is_gone(holder: Any) -> bool:  # noqa: ANN401 -- a JSON object that somebody wrote
    """Whether a process that `this_process` described has ended. False where it is another machine's."""
    if (holder.get("host"), holder.get("machine")) != (socket.gethostname(), _machine()):
        return False
    try:
        # A number is given again: the same one that started at another moment is another process.
        return bool(abs(_started(psutil.Process(holder["process"])) - holder["started"]) > 1)
    except psutil.NoSuchProcess:
        return True
    except (psutil.Error, KeyError, TypeError, ValueError):
        return False


def _started(process: psutil.Process) -> float:
    """Return when a process started: on Linux since the machine did, which no setting of its clock changes."""
    return process.create_time() - (psutil.boot_time() if psutil.LINUX else 0)


def _machine() -> str:
    """Tell apart machines and containers of one name, as CI has many: a process number says nothing elsewhere."""
    try:
        return f"{_BOOT.read_text().strip()} {_PROCESSES.readlink()}"
    except OSError:
        return ""  # not Linux
