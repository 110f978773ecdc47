"""The engine's command line: what makes a `pulumi` one that works here."""

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

from engine import child
from engine.failure import Unavailable

COMPANIONS: Final = ("pulumi-language-python", "pulumi-language-python-exec", "pulumi-resource-pulumi-python")

_ANSWER_SECONDS: Final = 30
_VERSION: Final = re.compile(r"v?(\d+)\.(\d+)\.(\d+)(-\S+)?")

Version = tuple[int, int, int]


def on_path() -> Path | None:
    """Find the `pulumi` that a shell would run."""
    found = shutil.which("pulumi")
    return Path(found).absolute() if found else None


def require(pulumi: Path, oldest: Version) -> None:
    """Make sure that this `pulumi` runs, is new enough and has its companions for Python.

    Raises:
        Unavailable: it is not so.

    """
    found = version(pulumi)
    if found[0] != oldest[0] or found < oldest:
        wanted = ".".join(map(str, oldest))
        raise Unavailable(f"{pulumi} is version {'.'.join(map(str, found))}, not {wanted} or a newer {oldest[0]}.x")
    beside = pulumi.resolve().parent
    for name in COMPANIONS:
        if not os.access(beside / name, os.X_OK) and not shutil.which(name):
            raise Unavailable(f"{pulumi} has no {name} beside it or on PATH")


def version(pulumi: Path) -> Version:
    """Ask a `pulumi` for its version, away from the user's login and settings.

    Raises:
        Unavailable: it gives none.

    """
    with tempfile.TemporaryDirectory(prefix="mbs-erasure-") as home:
        env = child.environment(PULUMI_HOME=home, PULUMI_SKIP_UPDATE_CHECK="true")
        try:
            answer = subprocess.run(
                [pulumi, "version"],
                cwd=home,
                env=env,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=_ANSWER_SECONDS,
                check=False,
            )
        except OSError as error:
            raise Unavailable(f"{pulumi} cannot be run: {error.strerror}") from error
        except subprocess.TimeoutExpired as error:
            raise Unavailable(f"{pulumi} does not tell its version within {_ANSWER_SECONDS} s") from error
    match = _VERSION.fullmatch(answer.stdout.strip())
    if answer.returncode != 0 or match is None:
        raise Unavailable(f"{pulumi} does not tell its version (exit {answer.returncode})")
    major, minor, patch = (int(part) for part in match.groups()[:3])
    # A pre-release is older than the release of its number.
    return (major, minor, patch - 1) if match[4] else (major, minor, patch)
