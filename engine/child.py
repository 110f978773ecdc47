"""Child processes that never outlive an interruption, and never meet the user's own Pulumi settings."""

import contextlib
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from engine.failure import Unavailable

_STILL_AT_WORK_SECONDS: Final = 30
_PATIENCE_SECONDS: Final = 3
_TOLD_LINES: Final = 12


def say(text: str) -> None:
    """Tell the user how far it is: stdout belongs to the result."""
    sys.stderr.write(f"engine/ensure: {text}\n")
    sys.stderr.flush()


def environment(**changes: str) -> dict[str, str]:
    """Give the caller's environment without Pulumi's variables, with the changes."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PULUMI_")} | changes


def run(command: Sequence[str | Path], *, folder: Path, env: Mapping[str, str], log: Path, what: str) -> None:
    """Run a command that can take minutes; its output goes to `log`.

    Raises:
        Unavailable: it cannot be started or fails; the text ends with what it said last.

    """
    with log.open("wb") as output:
        try:
            process = subprocess.Popen(
                command,
                cwd=folder,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            raise Unavailable(f"{what} cannot start: {command[0]}: {error.strerror}") from error
        try:
            code = _wait(process, what)
        except BaseException:
            _end(process)
            raise
    if code != 0:
        told = log.read_text(errors="replace").strip().splitlines()[-_TOLD_LINES:]
        raise Unavailable(f"{what} failed ({shlex.join(map(str, command))}, exit {code}):\n" + "\n".join(told))


def _wait(process: subprocess.Popen[bytes], what: str) -> int:
    waited = 0
    while True:
        try:
            return process.wait(_STILL_AT_WORK_SECONDS)
        except subprocess.TimeoutExpired:
            waited += _STILL_AT_WORK_SECONDS
            say(f"{what}: still at work after {waited} s")


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the process and all that it started."""
    for last_word in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, last_word)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_PATIENCE_SECONDS)
