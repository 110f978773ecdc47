"""What an update writes into the ledger once it is permitted, and before anything is sent."""

import os
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

from erasure.ledger import Event, Kind, Life
from erasure.plan import Bound, Wanted
from erasure.provenance import provenance
from providers import connection
from providers.judgement import Judgement


def new_lives(judgement: Judgement) -> dict[str, str]:
    """Return a new life for everything that this operation adopts, looks up again or binds to another endpoint."""
    ids = [*(one.identity.id for one in judgement.plan.adoptions), *judgement.renewals, *judgement.rebinds]
    return {one: uuid.uuid4().hex for one in ids}


def holds(judgement: Judgement) -> Iterator[Event]:
    """Yield the holds that are seen for the first time: they count although the update may be refused.

    Where the ledger cannot tell what it has seen, those that the state has are not new.
    """
    for wanted, bound in judgement.plan.kept:
        seen = _life(judgement, bound).hold or (bound.hold if judgement.case.ledger_problem else None)
        if wanted.hold is not None and seen is None:
            yield _event(Kind.HELD, bound, {"reason": wanted.hold})


def intentions(judgement: Judgement, lives: Mapping[str, str]) -> Iterator[Event]:
    """Yield what a permitted update is about to do, in one go: it is in the ledger before the first call."""
    here = judgement.case.configuration.endpoint
    for one, life in lives.items():
        wanted = judgement.plan.wanted[one]
        yield Event(Kind.ADOPTED, here, one, life, _adopted(wanted))
    for wanted, bound in judgement.plan.kept:
        known = _life(judgement, bound)
        if wanted.hold is None and (known.hold is not None or bound.hold is not None):
            yield _event(Kind.LIFTED, bound)
        if known.is_intended and not known.is_used:
            yield _event(Kind.WITHDRAWN, bound)
    if judgement.plan.purges:
        yield from _purges(judgement)


def _purges(judgement: Judgement) -> Iterator[Event]:
    common: dict[str, Any] = dict(provenance(connection.project_root(), os.environ))
    common |= {"digest": judgement.ruling.digest, "purges": len(judgement.plan.purges)}
    if judgement.request.customer is not None:
        common["customer"] = judgement.request.customer
    approval = judgement.ruling.approval
    if approval is not None:
        common |= {
            "approval": approval.digest,
            "approved_by": approval.approved_by,
            "reason": approval.reason,
            **({"request": approval.request} if approval.request else {}),
            **({"due": approval.due.isoformat()} if approval.due else {}),
        }
    for bound in judgement.plan.purges:
        yield _event(Kind.INTENDED, bound, {**common, **_what(bound)})


def _adopted(wanted: Wanted) -> dict[str, Any]:
    data: dict[str, Any] = {"unchecked": True} if wanted.deleted else {}
    return data | ({"reason": wanted.readopt} if wanted.readopt else {})


def _what(bound: Bound) -> dict[str, str]:
    return {"user": bound.user, "destination": bound.destination, "computer": bound.computer}


def _event(kind: Kind, bound: Bound, data: Mapping[str, Any] | None = None) -> Event:
    return Event(kind, bound.endpoint, bound.id, bound.life, data or {})


def _life(judgement: Judgement, bound: Bound) -> Life:
    return judgement.lives.get(bound.life, Life())
