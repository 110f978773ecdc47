"""Runs a command and measures it together with every process that comes of it.

The command leads a session of its own. Whatever belongs to that session is looked at several times a second, wherever
it stands in the tree of processes: a plugin that lost its parent counts as well.
"""

import contextlib
import os
import resource
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import psutil

from bench.results import Usage

_LOOK: Final = 0.1  # seconds between two looks; one takes about 2 ms
_PATIENCE: Final = 10  # seconds that a process gets to end after each signal
_AFTERLIFE: Final = 5  # seconds that the other processes get to end once the command has


@dataclass(frozen=True)
class Run:
    """A command that has ended, or was ended: `code` is None where it took longer than it may."""

    usage: Usage
    code: int | None
    output: str


@dataclass(frozen=True)
class Command:
    """What to run, and where. `env` is its whole environment."""

    arguments: Sequence[str]
    directory: Path
    env: Mapping[str, str]


def measure(command: Command, part_of: Callable[[Sequence[str]], str], limit: float, look: float = _LOOK) -> Run:
    """Run a command to its end, at most for `limit` seconds.

    `part_of` names the part that a process plays, from its command line. `look` is in seconds. On every way out, Ctrl-C
    too, no process of the command is left.
    """
    before = _cpu_of_ended()
    with tempfile.TemporaryFile() as output:
        start = time.perf_counter()
        process = subprocess.Popen(
            command.arguments,
            cwd=command.directory,
            env=dict(command.env),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        watch, clock = _Watch(process.pid, part_of, look), threading.Timer(limit, _end, [process])
        try:
            watch.start()
            clock.start()
            # Without a time limit of its own, which would make it look only every 50 ms.
            process.wait()
            seconds = time.perf_counter() - start
        finally:
            clock.cancel()
            _end(process)
            _end_session(process.pid)
            watch.stop()
        output.seek(0)
        said = output.read().decode(errors="replace")
    return Run(watch.usage(seconds, _cpu_of_ended() - before), None if seconds > limit else process.returncode, said)


def _cpu_of_ended() -> float:
    """Return the CPU seconds of all children that have ended, and of those that they waited for."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


@dataclass
class _Seen:
    part: str
    cpu_seconds: float


@dataclass
class _Watch:
    session: int
    part_of: Callable[[Sequence[str]], str]
    look: float
    _seen: dict[psutil.Process, _Seen] = field(default_factory=dict)
    _peak: int = 0
    _peaks: dict[str, int] = field(default_factory=dict)
    _over: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self._thread = threading.Thread(target=self._watch, name="meter", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._over.set()
        self._thread.join()

    def usage(self, seconds: float, ended: float) -> Usage:
        parts: dict[str, float] = {}
        for one in self._seen.values():
            parts[one.part] = parts.get(one.part, 0.0) + one.cpu_seconds
        return Usage(
            seconds=seconds,
            # Looks miss what ends between two of them, the kernel's own count whom nobody waited for.
            cpu_seconds=max(ended, sum(parts.values())),
            peak_bytes=self._peak,
            part_cpu_seconds=parts,
            part_peak_bytes=self._peaks,
        )

    def _watch(self) -> None:
        while not self._over.wait(self.look):
            sizes: dict[str, int] = {}
            for process in _members(self.session):
                with contextlib.suppress(psutil.Error), process.oneshot():
                    times, part = process.cpu_times(), self._part(process)
                    self._seen[process] = _Seen(part, times.user + times.system)
                    sizes[part] = sizes.get(part, 0) + process.memory_info().rss
            self._peak = max(self._peak, sum(sizes.values()))
            for part, size in sizes.items():
                self._peaks[part] = max(self._peaks.get(part, 0), size)

    def _part(self, process: psutil.Process) -> str:
        """Name its part; the command line of a process that ends is empty, and it stays what it was."""
        arguments, known = process.cmdline(), self._seen.get(process)
        return known.part if known is not None and not arguments else self.part_of(arguments)


def _members(session: int) -> Iterator[psutil.Process]:
    for pid in psutil.pids():
        with contextlib.suppress(OSError, psutil.Error):
            if os.getsid(pid) == session:
                yield psutil.Process(pid)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Interrupt twice before killing: only an engine that ends by itself takes its plugins along."""
    for last_word in (signal.SIGINT, signal.SIGINT, signal.SIGKILL):
        if process.poll() is not None:
            return
        process.send_signal(last_word)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_PATIENCE)


def _end_session(session: int) -> None:
    """Let what the command left behind end, and kill what does not."""
    left = [one for one in _members(session) if not _has_ended(one)]
    _, alive = psutil.wait_procs(left, timeout=_AFTERLIFE)
    for one in alive:
        with contextlib.suppress(psutil.Error):
            one.kill()
    psutil.wait_procs(alive, timeout=_PATIENCE)


def _has_ended(process: psutil.Process) -> bool:
    """Whether it is gone, or waits only for somebody to take note of its end."""
    try:
        is_zombie: bool = process.status() == psutil.STATUS_ZOMBIE
    except psutil.Error:
        return True
    return is_zombie
