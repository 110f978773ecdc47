"""What the program's process does besides declaring: read what there is to read, and end quietly."""

import contextlib
import itertools
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Final, NoReturn

import grpc  # type: ignore[import-untyped] # its stubs are not worth a requirement
import pulumi
from pulumi.runtime.stack import ResourceRegistrationFailed

from erasure import clock
from erasure.configuration import Configuration, of_project, read_configuration
from erasure.errors import Problems, Refusal
from erasure.files.approvals import approvals_path, read_approvals
from erasure.files.inventory import Entry, read_inventory, read_neighbours
from erasure.plan import Bound, Plan, PlanRequest
from providers.binding import bound_of
from providers.export import BINDING, Export, Lives
from providers.start import ALREADY_REPORTED

_WAVE: Final = 10  # resources that are declared at a time: of 5 to 400, the quickest at 1,000 and at 10,000


def configuration() -> Configuration:
    """Return the stack's configuration, with every mistake in it reported at once. Raises Problems."""
    project = pulumi.get_project()
    values = of_project(pulumi.runtime.get_config_env(), project)
    secret = of_project(dict.fromkeys(json.loads(os.environ.get("PULUMI_CONFIG_SECRET_KEYS") or "[]")), project)
    return read_configuration(values, os.environ, frozenset(secret))


def plan_request(export: Export) -> PlanRequest:
    """Return what the plan is to be judged on: the reviewed files and this stack's exported state. Raises Problems."""
    root, stack, day = Path(pulumi.get_root_directory()), pulumi.get_stack(), clock.today()
    file = configuration().inventory_path(stack)
    inventory = read_inventory(root / file, shown_as=file)
    approvals = approvals_path(stack)
    request = PlanRequest(
        project=pulumi.get_project(),
        stack=stack,
        customer=inventory.customer,
        dry_run=pulumi.runtime.is_dry_run(),
        day=day if inventory.has_dates else None,
        wanted=inventory.wanted(day),
        due=inventory.due(day),
        released=inventory.released,
        bound=read_bound(export),
        approvals=read_approvals(root / approvals, shown_as=approvals),
    )
    purges = Plan(request).purges
    if not purges:
        return request
    elsewhere, unreadable = read_neighbours(root, root / file, (purge.user for purge in purges), day, request.project)
    return request.model_copy(update={"elsewhere": elsewhere, "unreadable": unreadable})


def read_bound(export: Export) -> tuple[Bound, ...]:
    """Return the bindings in the state of the stack that this program runs for. Raises Problems.

    There is no fallback: a state that cannot be read means that nobody knows what would be purged.
    """
    try:
        ended, said = export.state.result(), export.engine.result()
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _unreadable(str(error)) from None
    except grpc.RpcError as error:
        raise _unreadable(f"the running engine does not say what is in it: {error.details()}") from None
    if ended.returncode != 0:
        raise _unreadable(ended.stderr.decode(errors="replace").strip())
    try:
        document = json.loads(ended.stdout)
        exported, bound = _lives_in(document), bound_in(document)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise _unreadable("the export has another shape than this program reads") from None
    except Refusal as refusal:
        raise Problems([str(refusal)]) from None
    if exported != said:
        raise _of_another_state(exported, said)
    return bound


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
        if resource["type"] == BINDING
    )


def _lives_in(export: dict[str, Any]) -> Lives:
    """Return what the running engine would say of this state; of what is pending deletion it says nothing."""
    bindings = (one for one in export["deployment"].get("resources") or [] if one["type"] == BINDING)
    return frozenset((one["urn"], one["outputs"].get("life", "")) for one in bindings if not one.get("delete"))


def _unreadable(reason: str) -> Problems:
    finding = f"state: this stack's state cannot be read, so that nothing is planned: {reason[:500]}"
    return Problems([f"{finding}; check that `pulumi stack export` works here"])


def _of_another_state(exported: Lives, said: Lives) -> Problems:
    (urn, _), *others = sorted(exported ^ said)
    where = "export" if urn in {urn for urn, _ in exported} else "engine"
    more = f", and {len(others):,} more differ" if others else ""
    finding = (
        "state: the exported state is not the one that the running engine works on:"
        f" the {where} alone has {urn.rpartition('::')[2]} as it is{more}"
    )
    remedy = "run `pulumi` in the project's folder, and set PULUMI_BACKEND_URL to an absolute path where it is a folder"
    return Problems([f"{finding}; {remedy}"])


def declare_in_waves(wanted: Iterable[Entry], declare: Callable[[Entry], pulumi.Resource]) -> None:
    """Declare a resource for each of these, some at a time: each wave as soon as one of the wave before is registered.

    Whenever one of them is done the SDK waits anew for all that is outstanding, so that time grows with their square;
    were nothing outstanding, the engine would have to wait. And it sends the engine several lines a resource for its
    debug log, each of which it waits for: these are left out.
    """
    pulumi.log.debug = lambda *_arguments, **_more: None
    _declare_wave(iter(wanted), declare)


def _declare_wave(rest: Iterator[Entry], declare: Callable[[Entry], pulumi.Resource]) -> None:
    with _no_stack_traces_in_the_state():
        declared = [declare(entry) for entry in itertools.islice(rest, _WAVE)]
    if declared:
        declared[0].urn.recover(_go_on).apply(lambda _: _declare_wave(rest, declare))


def _go_on(error: Exception) -> str:
    """Go on past a resource that failed, which the engine was told to survive (`--continue-on-error`)."""
    if isinstance(error, ResourceRegistrationFailed):
        return ""
    raise error


@contextlib.contextmanager
def _no_stack_traces_in_the_state() -> Iterator[None]:
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
    sys.exit(ALREADY_REPORTED)


def end_quietly_on_interrupt() -> None:
    """End at once when the engine interrupts the program: it does so after a refusal, and has told the reason."""
    signal.signal(signal.SIGINT, lambda _signal, _frame: os._exit(ALREADY_REPORTED))
