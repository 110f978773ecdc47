"""The lease of a purge run: two runs of one stack cannot both purge, whatever became of the engine's lock."""

import contextlib
import datetime
import json
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from erasure import clock
from erasure.ledger.event import LedgerError, moment
from erasure.ledger.ledger import Ledger
from erasure.ledger.tables import LEASES

LASTING: Final = 60.0  # seconds after which a lease that is not renewed is over
_RENEWAL: Final = 10.0  # seconds between renewals
_SAFE: Final = 30.0  # seconds without a renewal after which its holder no longer relies on it

Holder = Mapping[str, Any]


class LeaseHeld(Exception):
    """Another run has the lease; `holder` is what it said of itself, `since` when it last renewed it."""

    def __init__(self, holder: Holder, since: str) -> None:
        super().__init__(f"{holder} since {since}")
        self.holder = holder
        self.since = since


class Lease:
    """The lease on a ledger's chain, for one run.

    `me` says who holds it, as a JSON object that no other run has. `is_gone` tells of another holder that it has ended,
    so that nobody has to wait for its lease to run out.
    """

    def __init__(self, ledger: Ledger, me: Holder, is_gone: Callable[[Holder], bool]) -> None:
        self._ledger = ledger
        self._me = json.dumps(me, sort_keys=True)
        self._is_gone = is_gone
        self._renewed = 0.0
        self._over = threading.Event()

    def take(self) -> None:
        """Take the lease, and keep it until it is given back or the process ends. Raises LeaseHeld or LedgerError."""
        self._write(self._claim)
        threading.Thread(target=self._keep, name="lease", daemon=True).start()

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
        found, now = connection.execute(query).first(), clock.now()
        if found is None:
            values = {"chain": self._ledger.chain, "holder": self._me, "renewed": moment(now)}
            with contextlib.suppress(IntegrityError), connection.begin_nested():
                connection.execute(insert(LEASES).values(values))
            found = connection.execute(query).one()  # ours, or that of a run which was quicker
        if found.holder != self._me and not self._is_over(found.holder, found.renewed, now):
            raise LeaseHeld(json.loads(found.holder), found.renewed)
        change = update(LEASES).where(LEASES.c.chain == self._ledger.chain)
        connection.execute(change.values(holder=self._me, renewed=moment(now)))

    def _renew(self, connection: Connection) -> None:
        renewed = connection.execute(self._mine(update(LEASES)).values(renewed=moment(clock.now())))
        if renewed.rowcount == 0:
            self._over.set()  # another run took it, and may have purged what this one was permitted

    def _is_over(self, holder: str, renewed: str, now: datetime.datetime) -> bool:
        # A clock that was set back must not keep a lease alive for ever.
        age = abs((now - datetime.datetime.fromisoformat(renewed)).total_seconds())
        return age > LASTING or self._is_gone(json.loads(holder))

    def _mine(self, statement: Any) -> Any:  # noqa: ANN401 -- any statement of sqlalchemy
        return statement.where(LEASES.c.chain == self._ledger.chain, LEASES.c.holder == self._me)
