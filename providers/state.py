"""What this stack has bound, read from its own state.

There is no fallback: a state that cannot be read means that nobody knows what would be purged.
"""

import json
import subprocess
from typing import Any, Final

from erasure.errors import Problems, Refusal
from erasure.plan import Bound
from providers.binding import bound_of
from providers.export import Export

TYPE: Final = "pulumi-python:dynamic/mbs:Binding"


def read_bound(export: Export) -> tuple[Bound, ...]:
    """Return the bindings in the state of the stack that this program runs for. Raises Problems."""
    try:
        ended = export.result()
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _unreadable(str(error)) from None
    if ended.returncode != 0:
        raise _unreadable(ended.stderr.decode(errors="replace").strip())
    try:
        return bound_in(json.loads(ended.stdout))
    except (ValueError, KeyError, TypeError, AttributeError):
        raise _unreadable("the export has another shape than this program reads") from None
    except Refusal as refusal:
        raise Problems([str(refusal)]) from None


def bound_in(export: dict[str, Any]) -> tuple[Bound, ...]:
    """Return the bindings in an exported state. Raises Refusal for one of an unknown version."""
    resources = export["deployment"].get("resources") or []
    return tuple(
        bound_of(
            resource["id"],
            resource["outputs"],
            protect=bool(resource.get("protect")),
            retain=bool(resource.get("retainOnDelete")),
            pending_deletion=bool(resource.get("delete")),
        )
        for resource in resources
        if resource["type"] == TYPE
    )


def _unreadable(reason: str) -> Problems:
    finding = f"state: this stack's state cannot be read, so that nothing is planned: {reason[:500]}"
    return Problems([f"{finding}; check that `pulumi stack export` works here"])
