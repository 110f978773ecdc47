"""Named pipes to wait on instead of sleeping: a process says that it is there, or is told to go on."""

import os
import select
import time
from pathlib import Path

_PATIENCE_SECONDS = 120


def make(path: Path) -> Path:
    """Make a named pipe."""
    os.mkfifo(path)
    return path


def hear(path: Path) -> str:
    """Wait until somebody has written to the pipe; give what."""
    pipe = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        end = time.monotonic() + _PATIENCE_SECONDS
        while select.select([pipe], [], [], max(0, end - time.monotonic()))[0]:
            if said := os.read(pipe, 4096):
                return said.decode()
            # Nobody has opened it yet, or they closed it: readable, but empty.
            select.select([], [], [], 0.01)
    finally:
        os.close(pipe)
    raise AssertionError(f"nobody wrote to {path}")


def tell(path: Path) -> None:
    """Let the process that reads the pipe go on, as soon as it reads."""
    with path.open("w") as pipe:
        pipe.write("go on\n")
