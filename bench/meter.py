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
import time
from collections import Counter, defaultdict
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


def part_of(arguments: Sequence[str]) -> str:
    """Name the part that a process of this command line plays."""
    text = " ".join(arguments)
    if "pulumi.dynamic" in text:
        return "plugin"
    if "pulumi-language-python-exec" in text:
        return "program"
    if "pulumi-language-python" in text:
        return "host"
    return "engine" if arguments and Path(arguments[0]).name in ("pulumi", "terraform") else "other"


def measure(
    arguments: Sequence[str],
    folder: Path,
    env: Mapping[str, str],
    limit: float,
    look: float = _LOOK,
    part_of: Callable[[Sequence[str]], str] = part_of,
) -> Run:
    """Run a command in a folder to its end, at most for `limit` seconds. `env` is its whole environment.

    `look` is in seconds. On every way out, Ctrl-C too, no process of the command is left.
    """
    before, seen = _cpu_of_ended(), _Seen(part_of)
    with tempfile.TemporaryFile() as output:
        start = time.perf_counter()
        # psutil's, because it waits with a time limit and yet notices the end at once.
        process = psutil.Popen(
            arguments,
            cwd=folder,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            while not (has_ended := _ends(process, look)) and time.perf_counter() - start < limit:
                seen.look(process.pid)
            seconds = time.perf_counter() - start
        finally:
            _end(process)
        output.seek(0)
        said = output.read().decode(errors="replace")
    return Run(seen.usage(seconds, _cpu_of_ended() - before), process.returncode if has_ended else None, said)


def _cpu_of_ended() -> float:
    """Return the CPU seconds of all children that have ended, and of those that they waited for."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


@dataclass
class _Seen:
    """What the looks saw: the part and CPU seconds of each process, and the largest memory at one moment."""

    part_of: Callable[[Sequence[str]], str]
    processes: dict[psutil.Process, tuple[str, float]] = field(default_factory=dict)
    peak: int = 0
    peaks: Counter[str] = field(default_factory=Counter)

    def look(self, session: int) -> None:
        sizes: Counter[str] = Counter()
        for process in _members(session):
            with contextlib.suppress(psutil.Error), process.oneshot():
                times, arguments = process.cpu_times(), process.cmdline()
                # The command line of a process that ends is empty, and it stays what it was.
                known = None if arguments else self.processes.get(process)
                part = known[0] if known else self.part_of(arguments)
                self.processes[process] = part, times.user + times.system
                sizes[part] += process.memory_info().rss
        self.peak = max(self.peak, sizes.total())
        self.peaks |= sizes

    def usage(self, seconds: float, ended: float) -> Usage:
        parts: defaultdict[str, float] = defaultdict(float)
        for part, cpu_seconds in self.processes.values():
            parts[part] += cpu_seconds
        return Usage(
            seconds=seconds,
            # Looks miss what ends between two of them, the kernel's own count whom nobody waited for.
            cpu_seconds=max(ended, sum(parts.values())),
            peak_bytes=self.peak,
            part_cpu_seconds=parts,
            part_peak_bytes=self.peaks,
        )


def _members(session: int) -> Iterator[psutil.Process]:
    """Yield the processes of a session, without those that only wait for somebody to take note of their end."""
    for pid in psutil.pids():
        with contextlib.suppress(OSError, psutil.Error):
            if os.getsid(pid) == session and (process := psutil.Process(pid)).status() != psutil.STATUS_ZOMBIE:
                yield process


def _ends(process: psutil.Popen, seconds: float) -> bool:
    """Wait so long for its end."""
    with contextlib.suppress(psutil.TimeoutExpired):
        process.wait(seconds)
        return True
    return False


def _end(process: psutil.Popen) -> None:
    """Interrupt twice before killing: only an engine that ends by itself takes its plugins along.

    What is left behind may end by itself, and is killed where it does not.
    """
    for last_word in (signal.SIGINT, signal.SIGINT, signal.SIGKILL):
        if not _ends(process, 0):
            process.send_signal(last_word)
            _ends(process, _PATIENCE)
    _, left = psutil.wait_procs(_members(process.pid), timeout=_AFTERLIFE)
    for straggler in left:
        with contextlib.suppress(psutil.Error):
            straggler.kill()
    psutil.wait_procs(left, timeout=_PATIENCE)
