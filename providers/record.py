"""What an update writes into the ledger: what it adopted, and, before anything is sent, what it is permitted to do."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from erasure.ledger import Event, Kind
from erasure.plan import Bound
from erasure.provenance import provenance
from providers.judgement import Judgement


def adoption(judgement: Judgement, binding: str, life: str) -> Iterator[Event]:
    """Yield what is written once a life of a binding began: adopted, looked up again or bound to another endpoint.

    Not before: what the engine was told to leave aside, or did not come to, ends no erasure. Its hold is written with
    it, since the other stacks of this ledger have to see that.
    """
    entry, endpoint = judgement.case.plan.wanted.get(binding), judgement.case.configuration.endpoint
    remarks = {"unchecked": entry.deleted, "reason": entry.readopt} if entry else {}
    data = {key: remark for key, remark in remarks.items() if remark}
    yield Event(Kind.ADOPTED, endpoint, binding, life, data)
    if entry is not None and entry.hold is not None:
        yield Event(Kind.HELD, endpoint, binding, life, {"reason": entry.hold})


def holds(judgement: Judgement) -> Iterator[Event]:
    """Yield the holds that are seen for the first time: they count although the update may be refused.

    Where the ledger cannot tell what it has seen, those that the state has are not new.
    """
    case = judgement.case
    for wanted, bound in case.plan.kept:
        seen = case.life_of(bound).hold or (bound.hold if case.ledger_problem else None)
        if wanted.hold is not None and seen is None:
            yield _event(Kind.HELD, bound, {"reason": wanted.hold})


def intentions(judgement: Judgement, root: Path) -> Iterator[Event]:
    """Yield what a permitted update is about to do, in one go: it is in the ledger before the first call."""
    case = judgement.case
    for wanted, bound in case.plan.kept:
        known = case.life_of(bound)
        if wanted.hold is None and (known.hold is not None or bound.hold is not None):
            yield _event(Kind.LIFTED, bound)
        if known.is_intended and not known.is_spent:
            yield _event(Kind.WITHDRAWN, bound)
    if case.plan.purges:
        yield from _purges(judgement, root)


def _purges(judgement: Judgement, root: Path) -> Iterator[Event]:
    plan, approval = judgement.case.plan, judgement.ruling.approval
    common: dict[str, Any] = dict(provenance(root, os.environ))
    common |= {"digest": judgement.ruling.digest, "purges": len(plan.purges)}
    if plan.request.customer is not None:
        common["customer"] = plan.request.customer
    if approval is not None:
        said = {"approved_by", "reason", "request", "due"}
        common |= {"approval": approval.digest, **approval.model_dump(mode="json", include=said, exclude_none=True)}
    for bound in plan.purges:
        named = {"user": bound.user, "destination": bound.destination, "computer": bound.computer}
        yield _event(Kind.INTENDED, bound, {**common, **named})


def _event(kind: Kind, bound: Bound, data: Mapping[str, Any] | None = None) -> Event:
    return Event(kind, bound.endpoint, bound.id, bound.life, data or {})
