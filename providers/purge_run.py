"""The purge run: what this operation may purge, and the only place that asks for it.

One run is one plugin process: the engine starts one for each preview, update, refresh or destroy. The plan's check
permits a set; until then, and for everything else, a deletion is refused.
"""

import threading
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from erasure.errors import Refusal
from erasure.ledger import Event, Kind, Ledger, Life
from erasure.once import Once
from erasure.plan import Bound
from mbs.errors import AnswerLost, MbsError, UnreadableAnswer
from mbs.models import UserComputer
from providers.judgement import Judgement

_REMEDY = "drop its entry and run `pulumi up` for the whole stack; `release` stops managing it and keeps its data"


@dataclass(frozen=True)
class Permit:
    """A judged operation that nothing refused, and the lives that it begins, by binding id."""

    judgement: Judgement
    lives: Mapping[str, str]


@dataclass
class PurgeRun:
    """One operation's permit, the bindings that were checked in it, and what was done."""

    _permit: Permit | None = None
    _refused: bool = False
    _checked: set[str] = field(default_factory=set)
    _done: Once[None] = field(default_factory=Once)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def refuse(self) -> None:
        """Purge nothing in this operation, whatever is permitted later: once refused, refused."""
        with self._lock:
            self._refused = True

    def permit(self, permit: Permit) -> None:
        """Permit what a plan would purge."""
        with self._lock:
            self._permit = permit

    def checked(self, binding: str) -> None:
        """Note that the program declares this binding."""
        with self._lock:
            self._checked.add(binding)

    def life_of(self, binding: str) -> str:
        """Return the life that a binding begins in this operation."""
        return (self._permit.lives.get(binding) if self._permit else None) or uuid.uuid4().hex

    def used_up(self, binding: str) -> str | None:
        """Return the present life of a wanted binding that has to begin a new one."""
        found = self._permit.judgement.renewals.get(binding) if self._permit else None
        return found.life if found else None

    def is_rebound(self, binding: str) -> bool:
        """Whether a binding of another endpoint was found at this one."""
        return self._permit is not None and binding in self._permit.judgement.rebinds

    def delete(self, bound: Bound) -> None:
        """Do what the deletion of a binding from the state calls for: purge it, leave its data, or refuse.

        Raises Refusal where it is not permitted, LedgerError where it cannot be recorded, and MbsError where the API
        did not accept it. In all of these the binding stays in the state.
        """
        judgement = self._permitted(bound)
        plan = judgement.plan
        if bound.id in plan.wanted:
            return  # the old half of a replacement
        if bound.id in plan.released:
            _append(judgement.ledger, Kind.RELEASED, bound, {"reason": plan.released[bound.id].reason})
            return
        if not any(one.id == bound.id for one in plan.purges):
            raise Refusal("not-permitted", f"{bound.identity} is not purged: the plan does not name it", _REMEDY)
        self._done.get(bound.id, lambda: _purge(judgement, bound))

    def _permitted(self, bound: Bound) -> Judgement:
        with self._lock:
            permit = self._permit
            if self._refused or permit is None:
                raise Refusal(
                    "not-permitted",
                    f"{bound.identity} is not purged: no plan of this operation permits it"
                    " (destroy, --target and a failed program purge nothing)",
                    _REMEDY,
                )
            wanted = permit.judgement.plan.wanted.keys()
            missing, foreign = wanted - self._checked, self._checked - wanted
        if missing or foreign:
            what = (
                f"{len(missing)} wanted bindings were not declared" if missing else "others were declared than judged"
            )
            raise Refusal(
                "not-permitted",
                f"{bound.identity} is not purged: {what} in this operation",
                "run `pulumi up` for the whole stack, with the program as it is released",
            )
        return permit.judgement


def _purge(judgement: Judgement, bound: Bound) -> None:
    """Ask for one purge, unless it was accepted in this life already, or the data is gone."""
    if judgement.lives.get(bound.life, Life()).is_accepted:
        return
    facts = judgement.evidence.facts.get(bound.id)
    if facts is None or judgement.account is None:
        raise Refusal("not-permitted", f"{bound.identity} was not looked up in the account", "run `pulumi up` again")
    if facts.pair is None:
        _append(judgement.ledger, Kind.ALREADY_ABSENT, bound, {})
        return
    sent = {**_named(facts.pair), **({"stored_bytes": facts.stored_bytes} if facts.stored_bytes is not None else {})}
    _append(judgement.ledger, Kind.SENT, bound, sent)
    try:
        judgement.account.client.delete_user_data(facts.user_id, [facts.pair])
    except (AnswerLost, UnreadableAnswer):
        raise  # what it did is unknown: it stays sent, and the next operation looks it up first
    except MbsError as error:
        _append(judgement.ledger, Kind.FAILED, bound, {"finding": error.finding})
        raise
    _append(judgement.ledger, Kind.ACCEPTED, bound, sent)


def _named(pair: UserComputer) -> dict[str, str]:
    return {"destination": pair.destination_id, "computer": pair.computer_name}


def _append(ledger: Ledger, kind: Kind, bound: Bound, data: Mapping[str, Any]) -> None:
    ledger.append([Event(kind, bound.endpoint, bound.id, bound.life, data)])


_run = PurgeRun()


def current() -> PurgeRun:
    """Return the run of this process."""
    return _run


def reset() -> None:
    """Begin a new run: what a new process does for the engine, for tests that stay in one."""
    global _run  # noqa: PLW0603 -- the process serves one operation of one stack
    _run = PurgeRun()
