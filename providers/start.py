"""What keeps the program from running at all, told as a sentence: before anything is imported that would raise.

It imports nothing of the project.
"""

import sys
import warnings
from importlib.metadata import version
from pathlib import Path
from typing import Final, NoReturn

import pulumi

SDK: Final = "3.259.0"
"""The version of the Pulumi SDK that requirements.txt pins, as the engine's."""

ALREADY_REPORTED: Final = 32  # the exit status by which Pulumi's language hosts know that the reason was shown
_PROCESSES: Final = Path("/proc/self/stat")


def require_usable() -> None:
    """End the program with a sentence where it cannot do its work."""
    for is_so, finding, remedy in _obstacles():
        if is_so:
            _fail(f"setup: {finding}; {remedy}")


def _obstacles() -> list[tuple[bool, str, str]]:
    installed = version("pulumi")
    return [
        (
            _is_inline(),
            "this is an inline program of the Automation API, whose plugin would not find this project",
            "give the folder of the project as `work_dir`, and no `program`",
        ),
        (
            installed != SDK,
            f"{sys.executable} has version {installed} of the Pulumi SDK, and this program is made for {SDK}",
            "run `make setup`, which installs it",
        ),
        (
            sys.flags.safe_path,
            "PYTHONSAFEPATH is set, so that Pulumi's plugin would not find this project",
            "unset it for `pulumi`",
        ),
        (
            sys.platform == "linux" and not _PROCESSES.exists(),
            "there is no /proc, so that the engine above this process cannot be looked at",
            "mount it: `mount -t proc proc /proc`",
        ),
    ]


def _fail(reason: str) -> NoReturn:
    if _is_inline():
        raise pulumi.RunError(reason)
    pulumi.log.error(reason)
    warnings.simplefilter("ignore")  # what another SDK says of having been left half-way
    sys.exit(ALREADY_REPORTED)


def _is_inline() -> bool:
    """Whether no language host started this process to run the program: that names the engine to it."""
    return "--engine" not in sys.orig_argv
