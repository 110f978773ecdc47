"""A command is measured with all that comes of it, and nothing of it is left."""

import os
import sys
import time
from pathlib import Path

import psutil

from bench.meter import Run, measure

MEBIBYTE = 2**20


def run(program: str, limit: float = 60) -> Run:
    return measure(
        [sys.executable, "-c", program],
        Path.cwd(),
        os.environ,
        limit,
        look=0.01,
        part_of=lambda arguments: "child" if "child" in " ".join(arguments[3:]) else "parent",
    )


def is_gone(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


def test_memory_and_time_of_a_child_count() -> None:
    child = "import time; block = b'x' * (80 * 2**20); time.sleep(0.5)"
    found = run(f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}, 'child'], check=True)")
    assert found.code == 0
    assert found.usage.seconds > 0.5
    assert found.usage.part_peak_bytes["child"] > 80 * MEBIBYTE
    assert found.usage.peak_bytes > found.usage.part_peak_bytes["child"]
    assert found.usage.cpu_seconds > 0


def test_what_it_says_and_its_status_are_kept() -> None:
    found = run("import sys; print('here'); sys.exit('there')")
    assert (found.code, found.output) == (1, "here\nthere\n")


def test_a_child_that_outlives_the_command_is_ended() -> None:
    found = run("import subprocess; print(subprocess.Popen(['sleep', '600']).pid)")
    assert found.code == 0
    assert is_gone(int(found.output))


def test_a_command_that_takes_too_long_is_ended() -> None:
    start = time.monotonic()
    assert run("import time; time.sleep(600)", limit=1).code is None
    assert time.monotonic() - start < 300
