"""What the program's process needs of Pulumi: the configuration, the project's folder, and a quiet end."""

import contextlib
import json
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Final, NoReturn

import pulumi

from erasure.configuration import Configuration, read_configuration
from erasure.errors import Problems

_TOLD: Final = 32  # the exit status by which Pulumi's language hosts know that the reason was shown


def configuration() -> Configuration:
    """Return the stack's configuration, with every mistake in it reported at once. Raises Problems."""
    prefix = f"{pulumi.get_project()}:"
    values = pulumi.runtime.get_config_env()
    secret = json.loads(os.environ.get("PULUMI_CONFIG_SECRET_KEYS") or "[]")
    return read_configuration(
        {key.removeprefix(prefix): text for key, text in values.items() if key.startswith(prefix)},
        os.environ,
        frozenset(key.removeprefix(prefix) for key in secret),
    )


def project_path(file: str) -> Path:
    """Return a path of the configuration: a relative one is from the project's root, where the engine starts us."""
    return Path(pulumi.get_root_directory(), file)


@contextlib.contextmanager
def no_stack_traces_in_the_state() -> Iterator[None]:
    """Declare resources without the SDK's record of where: it makes up half of each one's state."""
    before = getattr(sys, "tracebacklimit", None)
    sys.tracebacklimit = 1
    try:
        yield
    finally:
        if before is None:
            del sys.tracebacklimit
        else:
            sys.tracebacklimit = before


def fail(problems: Problems) -> NoReturn:
    """End the program with every reason as one error of the stack, and nothing else."""
    pulumi.log.error(str(problems))
    sys.exit(_TOLD)


def end_quietly_on_interrupt() -> None:
    """End at once when the engine interrupts the program: it does so after a refusal, and has told the reason."""

    def end(_signal: int, _frame: FrameType | None) -> None:
        os._exit(_TOLD)

    signal.signal(signal.SIGINT, end)
