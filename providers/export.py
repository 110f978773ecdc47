"""The state of the stack that this program runs for, exported by the engine that is running.

It imports nothing of the project but the look at the engine, so that the export can begin before what takes its time.
"""

import contextlib
import os
import shutil
import subprocess
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final

import psutil
import pulumi

from providers.engine import engine

Export = Future[subprocess.CompletedProcess[bytes]]
"""What `pulumi stack export` ended with. `result` raises OSError or subprocess.TimeoutExpired where it did not."""

_PATIENCE: Final = 300  # seconds; exporting 10,000 bindings takes about one
_SECRETS: Final = ("PULUMI_CONFIG", "PULUMI_CONFIG_SECRET_KEYS")


def begin_export() -> Export:
    """Have the state exported while this process goes on."""
    name = f"{pulumi.get_organization()}/{pulumi.get_project()}/{pulumi.get_stack()}"  # which no other thread knows
    return ThreadPoolExecutor(1, "state export").submit(_export, name)


def _export(name: str) -> subprocess.CompletedProcess[bytes]:
    command = [_pulumi(), "stack", "export", "--stack", name]
    environment = {key: value for key, value in os.environ.items() if key not in _SECRETS}
    return subprocess.run(
        command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, timeout=_PATIENCE, check=False
    )


def _pulumi() -> str:
    """Return the path of the `pulumi` above this process, else of the one on PATH. Raises FileNotFoundError."""
    above = engine()
    with contextlib.suppress(psutil.Error):
        if above is not None:
            return above.exe()
    found = shutil.which("pulumi")
    if found is None:
        raise FileNotFoundError("no `pulumi` was found above this process nor on PATH")
    return found
