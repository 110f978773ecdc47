"""What this stack has bound, read from its own state with the engine that is running.

There is no fallback: a state that cannot be read means that nobody knows what would be purged.
"""

import contextlib
import json
import os
import shutil
import subprocess
from typing import Any, Final

import psutil
import pulumi

from erasure.errors import Problems, Refusal
from erasure.plan import Bound
from providers.binding import bound_of
from providers.engine import engine

_TYPE: Final = "pulumi-python:dynamic/mbs:Binding"
_PATIENCE: Final = 300  # seconds; exporting 10,000 bindings takes about one
_SECRETS: Final = ("PULUMI_CONFIG", "PULUMI_CONFIG_SECRET_KEYS")


def read_bound() -> tuple[Bound, ...]:
    """Return the bindings in the state of the stack that this program runs for. Raises Problems."""
    name = f"{pulumi.get_organization()}/{pulumi.get_project()}/{pulumi.get_stack()}"
    command = [_pulumi(), "stack", "export", "--stack", name]
    environment = {key: value for key, value in os.environ.items() if key not in _SECRETS}
    try:
        export = subprocess.run(
            command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, timeout=_PATIENCE, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _unreadable(str(error)) from None
    if export.returncode != 0:
        raise _unreadable(export.stderr.decode(errors="replace").strip())
    try:
        return bound_in(json.loads(export.stdout))
    except (ValueError, KeyError, TypeError, AttributeError):
        raise _unreadable("the export has another shape than this program reads") from None
    except Refusal as refusal:
        raise Problems([str(refusal)]) from None


def bound_in(export: dict[str, Any]) -> tuple[Bound, ...]:
    """Return the bindings in an exported state. Raises Refusal for one of an unknown version."""
    resources = export["deployment"].get("resources") or []
    return tuple(
        bound_of(
            one["id"],
            one["outputs"],
            protect=bool(one.get("protect")),
            retain=bool(one.get("retainOnDelete")),
            pending_deletion=bool(one.get("delete")),
        )
        for one in resources
        if one["type"] == _TYPE
    )


def _pulumi() -> str:
    """Return the path of the `pulumi` above this process, else of the one on PATH."""
    above = engine()
    with contextlib.suppress(psutil.Error):
        if above is not None:
            return above.exe()
    found = shutil.which("pulumi")
    if found is None:
        raise _unreadable("no `pulumi` was found above this process nor on PATH")
    return found


def _unreadable(reason: str) -> Problems:
    finding = f"state: this stack's state cannot be read, so that nothing is planned: {reason[:500]}"
    return Problems([f"{finding}; check that `pulumi stack export` works here"])
