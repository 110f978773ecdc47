"""The operation that this process serves: its connection, what it may purge, and the only place that asks for it.

One operation is one plugin process: the engine starts one for each preview, update, refresh or destroy. The plan's
check permits a set; until then, and for everything else, a deletion is refused.
"""

import atexit
import contextlib
import logging
import os
import threading
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pulumi
from pulumi.dynamic import ConfigureRequest

from erasure.configuration import KEYS
from erasure.errors import Problems, Refusal
from erasure.ledger import Event, Holder, Kind, Lease, LeaseHeld, Ledger, LedgerError
from erasure.plan import Bound, Plan
from mbs.errors import MbsError
from providers.batches import Batches
from providers.connection import Connection
from providers.engine import end_with_engine, is_gone, is_whole_stack, this_process
from providers.judgement import Judgement
from providers.record import adoption
from providers.sending import Sender

_REMEDY: Final = (
    "drop its entry and run `pulumi up` for the whole stack; `release` stops managing it and keeps its data"
)
_AGAIN: Final = "run `pulumi up` again once the ledger can be written"


@dataclass(frozen=True)
class Permit:
    """A judged operation that nothing refused, and its batches."""

    judgement: Judgement
    batches: Batches | None


class Operation:
    """One operation's connection, permit and lease, and the bindings that were checked in it."""

    def __init__(self) -> None:
        self._connection: Connection | None = None
        self._permit: Permit | None = None
        self._refused = False
        self._is_unrecorded = False
        self._checked: set[str] = set()
        self._lease: Lease | None = None
        self._no_lease = "none was taken"
        self._lock = threading.Lock()

    def configure(self, request: ConfigureRequest) -> None:
        """Take the stack's configuration, with its secrets, from the engine. Raises Problems.

        Every provider class of the process is configured, with the same values; the first one counts.
        """
        # gRPC would print a traceback for an error that the engine shows as a sentence anyway.
        logging.getLogger("grpc._server").addFilter(_is_not_reported)
        with self._lock:
            if self._connection is None:
                values = {key: value for key in KEYS if (value := request.config.get(key)) is not None}
                self._connection = Connection(values, os.environ, Path.cwd())  # where the engine starts its plugins
                end_with_engine()

    @property
    def connection(self) -> Connection:
        """What `configure` led to."""
        if self._connection is None:
            raise RuntimeError("a provider was called before it was configured")
        return self._connection

    def refuse(self) -> None:
        """Purge nothing in this operation, whatever is permitted later: once refused, refused."""
        with self._lock:
            self._refused = True

    def take_lease(self, ledger: Ledger) -> None:
        """Keep every other run of this stack from purging until this process ends. Raises Refusal where one has begun.

        Where the ledger cannot be written there is no lease, and without one no purge.
        """
        if self._lease is not None:
            return
        lease = Lease(ledger, {**this_process(), "run": uuid.uuid4().hex}, is_gone, _say_that_it_takes_a_while)
        try:
            lease.take()
        except LeaseHeld as held:
            raise _held(held) from None
        except LedgerError as error:
            self._no_lease = str(error)
            return
        self._lease = lease
        atexit.register(self.end)

    def other_run(self, ledger: Ledger) -> str | None:
        """Say who purges while this operation purges nothing, as after a `pulumi cancel`; None: nobody is known to."""
        try:
            held = Lease(ledger, {**this_process(), "run": uuid.uuid4().hex}, is_gone).holder()
        except LedgerError as error:
            return f"lease: whether another run of this stack still purges cannot be read: {error}"
        return None if held is None else str(_held(held))

    def end(self) -> None:
        """Give the lease back."""
        lease, self._lease = self._lease, None
        if lease is not None:
            with contextlib.suppress(LedgerError):
                lease.give_back()
        if self._connection is not None:
            self._connection.close()

    def permit(self, judgement: Judgement) -> None:
        """Permit what a plan would purge. In a preview, and without a lease, that is nothing."""
        batches = None
        if judgement.account is not None and self._lease is not None:
            sender = Sender(judgement.case, judgement.ruling.digest, judgement.account, judgement.ledger, self._lease)
            batches = Batches(sender, _ahead(judgement.case.plan), judgement.case.configuration.concurrency)
        # A later judgement replaces an earlier one; a refusal that was there is not replaced.
        with self._lock:
            self._permit = Permit(judgement, batches)

    def checked(self, binding: str) -> None:
        """Note that the program declares this binding."""
        with self._lock:
            self._checked.add(binding)

    def adopt(self, binding: str) -> str:
        """Begin a life of a binding that was found, write it down, and return it.

        An adoption destroys nothing, so that it may go on without its record: then none is tried again.
        """
        permit, life = self._permit, uuid.uuid4().hex
        if permit is not None and not self._is_unrecorded:
            try:
                permit.judgement.ledger.append([*adoption(permit.judgement, binding, life)])
            except LedgerError as error:
                self._is_unrecorded = True  # a ledger that is locked lets each of them wait
                pulumi.log.warn(f"ledger: this adoption is not recorded, nor are those after it: {error}")
        return life

    def spent_life_of(self, binding: str) -> str | None:
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
        permit = self._permitted(bound)
        plan = permit.judgement.case.plan
        if bound.id in plan.wanted:
            return  # the old half of a replacement
        # Of a half-done replacement's two lives, the one that was judged; the account has but one such binding.
        bound = plan.bound.get(bound.id, bound)
        if permit.judgement.case.life_of(bound).is_released:
            return  # which the ledger knows already
        if bound.id in plan.released:
            reason = {"reason": plan.released[bound.id].release}
            permit.judgement.ledger.append([Event(Kind.RELEASED, bound.endpoint, bound.id, bound.life, reason)])
            return
        if bound.id not in plan.purge_ids:
            raise Refusal("not-permitted", f"{bound.identity} is not purged: the plan does not name it", _REMEDY)
        if permit.batches is None:
            finding = f"{bound.identity} is not purged: this run has no lease ({self._no_lease})"
            raise Refusal("not-permitted", finding, _AGAIN)
        permit.batches.purge(bound)

    def _permitted(self, bound: Bound) -> Permit:
        with self._lock:
            permit = self._permit
            if self._refused or permit is None:
                raise Refusal(
                    "not-permitted",
                    f"{bound.identity} is not purged: no plan of this operation permits it"
                    " (destroy, --target and a failed program purge nothing)",
                    _REMEDY,
                )
            wanted = permit.judgement.case.plan.wanted.keys()
            # A binding that the program left out looks like a dropped one: so all of them have to be there first.
            if self._checked != wanted:
                missing = len(wanted - self._checked)
                what = f"{missing} wanted bindings were not declared" if missing else "others were declared than judged"
                raise Refusal(
                    "not-permitted",
                    f"{bound.identity} is not purged: {what} in this operation",
                    "run `pulumi up` for the whole stack, with the program as it is released",
                )
            return permit


def _of_a_leftover(holder: Holder) -> str:
    number, host = holder.get("process"), holder.get("host")
    return (
        "wait for its end, and run `pulumi up` again; where no update is running any more, it was left behind:"
        f" `ps -fp {number}` on {host} shows it, and `kill {number}` ends it"
    )


def _held(held: LeaseHeld) -> Refusal:
    who = f"process {held.holder.get('process')} on {held.holder.get('host')}"
    finding = f"another run of this stack is purging ({who}, seen {held.since})"
    return Refusal("lease", finding, _of_a_leftover(held.holder))


def _say_that_it_takes_a_while(holder: Holder) -> None:
    who = f"process {holder.get('process')} on {holder.get('host')}"
    pulumi.log.warn(f"lease: that of another run ({who}) looks over, and is watched for a minute before it is taken")


def _ahead(plan: Plan) -> list[Bound]:
    """Return what may be purged before the engine asks for it: what it is sure to delete.

    What it may have been told to leave aside, or would not delete by itself, waits for its call.
    """
    if not is_whole_stack():
        return []
    marked = {bound.id for bound in plan.request.bound if bound.protect or bound.retain or bound.pending_deletion}
    return [bound for bound in plan.bound.values() if bound.id in plan.purge_ids and bound.id not in marked]


def _is_not_reported(record: logging.LogRecord) -> bool:
    error = record.exc_info[1] if record.exc_info else None
    return not isinstance(error, Refusal | Problems | MbsError | LedgerError)


_operation = Operation()


def current() -> Operation:
    """Return the operation of this process."""
    return _operation


def reset() -> None:
    """Begin a new operation: what a new process does for the engine, for tests that stay in one."""
    global _operation  # noqa: PLW0603 -- the process serves one operation of one stack
    _operation.end()
    _operation = Operation()
