"""The purge run: what this operation may purge, and the only place that asks for it.

One run is one plugin process: the engine starts one for each preview, update, refresh or destroy. The plan's check
permits a set; until then, and for everything else, a deletion is refused.
"""

import threading
from dataclasses import dataclass, field

from erasure.account import Account
from erasure.errors import Refusal
from erasure.evidence import Evidence
from erasure.plan import Bound, Plan

_REMEDY = "drop its entry and run `pulumi up` for the whole stack; `release` stops managing it and keeps its data"


@dataclass(frozen=True)
class Permit:
    """A plan that nothing refused, with the account that it was judged on."""

    plan: Plan
    evidence: Evidence
    account: Account | None


@dataclass
class PurgeRun:
    """One operation's permit, the bindings that were checked in it, and what was done."""

    _permit: Permit | None = None
    _refused: bool = False
    _checked: set[str] = field(default_factory=set)
    _done: set[str] = field(default_factory=set)
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

    def delete(self, bound: Bound) -> None:
        """Do what the deletion of a binding from the state calls for: purge it, leave its data, or refuse.

        Raises Refusal where it is not permitted, and MbsError where the API did not accept it. Either way the binding
        stays in the state.
        """
        permit = self._permit_for(bound)
        if permit is None or bound.id in self._done:
            return
        target = permit.evidence.targets.get(bound.id)
        if target is None or permit.account is None:
            raise Refusal(
                "not-permitted", f"{bound.identity} was not looked up in the account", "run `pulumi up` again"
            )
        if target.pair is not None:
            permit.account.client.delete_user_data(target.user_id, [target.pair])
        with self._lock:
            self._done.add(bound.id)

    def _permit_for(self, bound: Bound) -> Permit | None:
        """Return the permit to purge this binding; None means that it leaves the state without a purge."""
        with self._lock:
            permit = self._permit
            if self._refused or permit is None:
                raise Refusal(
                    "not-permitted",
                    f"{bound.identity} is not purged: no plan of this operation permits it"
                    " (destroy, --target and a failed program purge nothing)",
                    _REMEDY,
                )
            missing = permit.plan.wanted.keys() - self._checked
            foreign = self._checked - permit.plan.wanted.keys()
        if missing or foreign:
            what = (
                f"{len(missing)} wanted bindings were not declared" if missing else "others were declared than judged"
            )
            raise Refusal(
                "not-permitted",
                f"{bound.identity} is not purged: {what} in this operation",
                "run `pulumi up` for the whole stack, with the program as it is released",
            )
        if bound.id in permit.plan.wanted or bound.id in permit.plan.released:
            return None
        if not any(one.id == bound.id for one in permit.plan.purges):
            raise Refusal("not-permitted", f"{bound.identity} is not purged: the plan does not name it", _REMEDY)
        return permit


_run = PurgeRun()


def current() -> PurgeRun:
    """Return the run of this process."""
    return _run


def reset() -> None:
    """Begin a new run: what a new process does for the engine, for tests that stay in one."""
    global _run  # noqa: PLW0603 -- the process serves one operation of one stack
    _run = PurgeRun()
