"""The lease of a purge run: two runs of one stack cannot both purge, whatever became of the engine's lock."""

import contextlib
import datetime
import json
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from sqlalchemy import Connection, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from erasure import clock
from erasure.ledger.event import LedgerError, moment
from erasure.ledger.ledger import Ledger
from erasure.ledger.tables import LEASES

LASTING: Final = 60.0  # seconds after which a lease that is not renewed is over
_RENEWAL: Final = 10.0  # seconds between renewals
_LOOK: Final = 1.0  # seconds between two looks at a lease that is watched
_SAFE: Final = 30.0  # seconds without a renewal after which its holder no longer relies on it

Holder = Mapping[str, Any]


class LeaseHeld(Exception):
    """Another run has the lease; `holder` is what it said of itself, `since` when it last renewed it."""

    def __init__(self, holder: Holder, since: str) -> None:
        super().__init__(f"{holder} since {since}")
        self.holder = holder
        self.since = since


class _Watched(Exception):
    """The lease of another run looks over by this machine's clock, which proves nothing: it has to be watched."""


class Lease:
    """The lease on a ledger's chain, for one run.

    `me` says who holds it, as a JSON object that no other run has. `is_gone` tells of another holder that it has ended,
    so that nobody has to wait for its lease to run out. `tell` is told, once, that taking it takes as long as it lasts.

    On a server its clock counts. Elsewhere two machines have two clocks, so that a lease which looks over is taken only
    after it was seen unrenewed for as long as it lasts.
    """

    def __init__(
        self,
        ledger: Ledger,
        me: Holder,
        is_gone: Callable[[Holder], bool],
        tell: Callable[[Holder], object] = lambda _: None,
    ) -> None:
        self._ledger = ledger
        self._me = json.dumps(me, sort_keys=True)
        self._is_gone = is_gone
        self._tell = tell
        self._renewed = 0.0
        self._over = threading.Event()
        self._seen: tuple[tuple[str, str], float] | None = None

    def take(self) -> None:
        """Take the lease, and keep it until it is given back or the process ends. Raises LeaseHeld or LedgerError."""
        while True:
            try:
                self._write(self._claim)
                break
            except _Watched:
                _pause(_LOOK)
        threading.Thread(target=self._keep, name="lease", daemon=True).start()

    def holder(self) -> LeaseHeld | None:
        """Return who has the lease now, as far as can be told without taking it. Raises LedgerError."""
        with self._ledger.reading() as connection:
            found = connection.execute(select(LEASES).where(LEASES.c.chain == self._ledger.chain)).first()
            if found is None or found.holder == self._me or self._is_gone(json.loads(found.holder)):
                return None
            age = abs((_now(connection) - datetime.datetime.fromisoformat(found.renewed)).total_seconds())
            return LeaseHeld(json.loads(found.holder), found.renewed) if age <= LASTING else None

    def require(self, connection: Connection) -> None:
        """Raise LedgerError where the lease may be over by now: not renewed for too long, given back, or another's.

        Within the transaction of `connection` nobody can take it.
        """
        is_over = self._over.is_set() or time.monotonic() - self._renewed > _SAFE
        if is_over or connection.execute(self._mine(select(LEASES)).with_for_update()).first() is None:
            raise LedgerError("the lease of this run could not be renewed, so that another run may have begun")

    def give_back(self) -> None:
        """End the lease. Raises LedgerError."""
        self._over.set()
        with self._ledger.writing() as connection:
            connection.execute(self._mine(delete(LEASES)))

    def _keep(self) -> None:
        while not self._over.wait(_RENEWAL):
            try:
                self._write(self._renew)
            except LedgerError:
                continue  # `require` notices when this lasts

    def _write(self, act: Callable[[Connection], None]) -> None:
        begun = time.monotonic()  # writing may take long, and the others count from before it
        with self._ledger.writing() as connection:
            act(connection)
        self._renewed = begun

    def _claim(self, connection: Connection) -> None:
        query = select(LEASES).where(LEASES.c.chain == self._ledger.chain).with_for_update()
        found, now = connection.execute(query).first(), _now(connection)
        if found is None:
            values = {"chain": self._ledger.chain, "holder": self._me, "renewed": moment(now)}
            with contextlib.suppress(IntegrityError), connection.begin_nested():
                connection.execute(insert(LEASES).values(values))
            found = connection.execute(query).one()  # ours, or that of a run which was quicker
        if found.holder != self._me and not self._is_gone(json.loads(found.holder)):
            self._require_over(connection, found.holder, found.renewed, now)
        change = update(LEASES).where(LEASES.c.chain == self._ledger.chain)
        connection.execute(change.values(holder=self._me, renewed=moment(now)))

    def _renew(self, connection: Connection) -> None:
        renewed = connection.execute(self._mine(update(LEASES)).values(renewed=moment(_now(connection))))
        if renewed.rowcount == 0:
            self._over.set()  # another run took it, and may have purged what this one was permitted

    def _require_over(self, connection: Connection, holder: str, renewed: str, now: datetime.datetime) -> None:
        """Raise LeaseHeld where another's lease lasts, and _Watched where only a look later on can tell."""
        # A clock that was set back must not keep a lease alive for ever.
        age = abs((now - datetime.datetime.fromisoformat(renewed)).total_seconds())
        if _has_a_clock(connection):
            if age <= LASTING:
                raise LeaseHeld(json.loads(holder), renewed)
            return
        first = self._seen or ((holder, renewed), time.monotonic())
        if age <= LASTING or first[0] != (holder, renewed):
            raise LeaseHeld(json.loads(holder), renewed)
        if self._seen is None:
            self._seen = first
            self._tell(json.loads(holder))
        if time.monotonic() - first[1] <= LASTING:
            raise _Watched

    def _mine(self, statement: Any) -> Any:  # noqa: ANN401 -- any statement of sqlalchemy
        return statement.where(LEASES.c.chain == self._ledger.chain, LEASES.c.holder == self._me)


def _now(connection: Connection) -> datetime.datetime:
    """Return the time by the clock that all who use the database share; without a server, by this machine's."""
    if not _has_a_clock(connection):
        return clock.now()
    now: datetime.datetime = connection.execute(select(func.clock_timestamp())).scalar_one()
    return now


def _has_a_clock(connection: Connection) -> bool:
    return connection.dialect.name != "sqlite"


def _pause(seconds: float) -> None:
    time.sleep(seconds)
