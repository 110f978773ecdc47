"""Reading and appending: SQL for SQLite and PostgreSQL alike.

An append is one transaction that holds the chain's head, so that two processes cannot write the same place.
"""

import contextlib
import datetime
import json
import re
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any, Final

import sqlalchemy.event
from sqlalchemy import Column, ColumnElement, Connection, Engine, Row, create_engine, func, insert, select, update
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, IntegrityError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from erasure import clock
from erasure.ledger.event import FIRST, SCHEMA, Event, Kind, LedgerError, Record, canonical, moment
from erasure.ledger.life import Life, sum_up
from erasure.ledger.tables import CHAINS, EVENTS, METADATA, VERSIONS
from erasure.urls import passwords_in

DEFAULT: Final = "sqlite:///ledger.db"
_PATIENCE: Final = 10  # seconds that a writer waits for another
_ADVISORY: Final = 0x6D627365  # of PostgreSQL: two processes must not make the tables at the same time
_AT_ONCE: Final = 500  # values in one query; SQLite takes 32,766 parameters, older ones 999


Permits = Callable[[Connection], None]
"""What an append depends on: it is asked in the transaction, and raises LedgerError where nothing may be written."""


def is_default(url: str) -> bool:
    """Whether this is the file that a clone of the project begins with."""
    return url == DEFAULT


class Ledger:
    """The ledger at an SQLAlchemy URL, with the chain that this stack's events go to.

    A relative SQLite file is from `root`. Nothing is opened before the first call. Every call raises LedgerError.
    """

    def __init__(self, url: str, chain: str, root: Path) -> None:
        self.chain = chain
        try:
            self._url, self._passwords = make_url(url), passwords_in(url)
            if self._url.get_backend_name() == "sqlite" and self._url.database:
                self._url = self._url.set(database=str(root / self._url.database))
            self._engine = _engine(self._url)
        except (ArgumentError, NoSuchModuleError, ImportError, ValueError):
            raise LedgerError("its URL is not one of sqlite:///FILE or postgresql+psycopg://...") from None
        self._is_ready = False
        self._one_writer = threading.Lock()
        self._waiting: deque[tuple[Sequence[Event], Permits | None, Future[None]]] = deque()

    def close(self) -> None:
        """Close its connections; the next call opens new ones."""
        self._engine.dispose()

    def append(self, events: Sequence[Event], only_if: Permits | None = None) -> None:
        """Append events in this order, all or none; they are on disk when this returns.

        `only_if` is asked in the same transaction: a LedgerError of its stops the append, and is raised. What several
        threads append at the same time is written in one transaction.
        """
        if not events:
            return
        for event in events:
            canonical(event.data).encode()  # what no ledger takes fails here, alone
        mine = Future[None]()
        self._waiting.append((events, only_if, mine))
        with self._one_writer:
            # Whoever came first may have written for all that waited behind it.
            if not mine.done():
                self._append_all_waiting()
        mine.result()

    def _append_all_waiting(self) -> None:
        together = [self._waiting.popleft() for _ in range(len(self._waiting))]
        failure: BaseException | None = None
        try:
            with self._transaction() as connection:
                permitted: list[Event] = []
                for events, only_if, outcome in together:
                    try:
                        if only_if is not None:
                            only_if(connection)
                        permitted += events
                    except LedgerError as error:
                        outcome.set_exception(error)
                self._append(connection, permitted)
        except BaseException as error:  # noqa: BLE001 -- each of them raises it
            failure = error
        for outcome in [outcome for *_, outcome in together if not outcome.done()]:
            # The transaction is over: nothing counts as written before.
            if failure is None:
                outcome.set_result(None)
            else:
                outcome.set_exception(failure)

    def _append(self, connection: Connection, events: Sequence[Event]) -> None:
        if not events:
            return
        at = clock.now()
        sequence, previous = self._head(connection)
        rows = []
        for event in events:
            sequence += 1
            record = Record(self.chain, sequence, at, event, previous)
            previous = record.hash
            rows.append(_row(record, previous))
        connection.execute(insert(EVENTS), rows)
        connection.execute(update(CHAINS).where(CHAINS.c.chain == self.chain).values(sequence=sequence, hash=previous))

    def require_writable(self) -> None:
        """Raise LedgerError unless events could be appended now. Writes none: what it tries is never committed."""
        self._prepare()
        with self._ledger_errors(), self._engine.execution_options(begin="IMMEDIATE").connect() as connection:
            connection.execute(insert(CHAINS).values(chain="no chain, a try", sequence=0, hash=FIRST))

    def lives(self, ids: Iterable[str]) -> dict[str, Life]:
        """Return what is known of these lives, whichever stack wrote it; a life without an event is left out."""
        found: dict[str, list[Record]] = {}
        for record in self._with(EVENTS.c.life, ids):
            found.setdefault(record.event.life, []).append(record)
        return {life: sum_up(in_order(records)) for life, records in found.items()}

    def chains(self, bound: Iterable[str]) -> frozenset[str]:
        """Return this chain, and those that were this stack's under another name.

        Those tell of lives that its state has `bound`, or that such a chain tells of: a renamed stack keeps its lives.
        """
        found, more = set[str](), {self.chain, *(record.chain for record in self._with(EVENTS.c.life, bound))}
        with self.reading() as connection:
            while not more <= found:
                found |= more
                lives = select(EVENTS.c.life).where(EVENTS.c.chain.in_(found))
                is_other = EVENTS.c.chain.not_in(found)
                query = select(EVENTS.c.chain).distinct().where(is_other, EVENTS.c.life.in_(lives))
                more = set(connection.execute(query).scalars())
        return frozenset(found)

    def history(self, bound: Iterable[str]) -> list[tuple[Record, str]]:
        """Return the events of this stack under all of its names, as `records` does, the earliest name first."""
        chains = filter(None, [list(self.records(chain)) for chain in self.chains(bound)])
        return [
            one for events in sorted(chains, key=lambda chain: (chain[0][0].at, chain[0][0].chain)) for one in events
        ]

    def accepted_since(self, start: datetime.datetime, bound: Iterable[str] = ()) -> dict[str, Record]:
        """Return this stack's purges that were accepted at or after a moment, by life, under all of its names.

        What was gone after a call whose answer was lost counts as accepted, and so does a call without an answer.
        """
        is_of_a_call = EVENTS.c.kind.in_((Kind.SENT, Kind.ACCEPTED, Kind.FAILED, Kind.ALREADY_ABSENT))
        query = select(EVENTS).where(EVENTS.c.chain.in_(self.chains(bound)), is_of_a_call, EVENTS.c.at >= moment(start))
        with self.reading() as connection:
            records = [_record(row) for row in connection.execute(query.order_by(EVENTS.c.sequence))]
        of_life: dict[str, list[Record]] = {}
        for record in records:
            of_life.setdefault(record.event.life, []).append(record)
        lives = {life: sum_up(own) for life, own in of_life.items()}
        counts = {life for life, sum_ in lives.items() if sum_.is_accepted or sum_.after_call or sum_.is_unanswered}
        return {life: of_life[life][-1] for life in counts}

    def of_bindings(self, bindings: Iterable[str], kinds: Iterable[Kind]) -> list[Record]:
        """Return these bindings' events of some kinds, whichever stack wrote them, in order."""
        return in_order(self._with(EVENTS.c.binding, bindings, EVENTS.c.kind.in_(tuple(kinds))))

    def records(self, chain: str | None = None) -> Iterator[tuple[Record, str]]:
        """Yield every event with the hash that stands beside it, chain by chain, in order."""
        query = select(EVENTS).order_by(EVENTS.c.chain, EVENTS.c.sequence)
        if chain is not None:
            query = query.where(EVENTS.c.chain == chain)
        with self.reading() as connection:
            for row in connection.execution_options(yield_per=1000).execute(query):
                yield _record(row), row.hash

    @contextlib.contextmanager
    def whole(self) -> Iterator[tuple[dict[str, tuple[int, str]], Iterator[tuple[Record, str, str]]]]:
        """Give the heads, and every event with its moment and its hash as they are written, all as of one moment."""
        query = select(EVENTS).order_by(EVENTS.c.chain, EVENTS.c.sequence)
        with self.reading() as connection:
            heads = {row.chain: (row.sequence, row.hash) for row in connection.execute(select(CHAINS))}
            rows = connection.execution_options(yield_per=1000).execute(query)
            yield heads, ((_record(row, is_checked=False), row.at, row.hash) for row in rows)

    def heads(self) -> dict[str, tuple[int, str]]:
        """Return each chain's number of events and last hash, as they were noted apart from the events."""
        with self.reading() as connection:
            return {row.chain: (row.sequence, row.hash) for row in connection.execute(select(CHAINS))}

    def _with(self, column: Column[str], values: Iterable[str], *conditions: ColumnElement[bool]) -> Iterator[Record]:
        """Yield the events that have one of these values, however many there are, in no order."""
        wanted = sorted(set(values))
        with self.reading() as connection:
            for start in range(0, len(wanted), _AT_ONCE):
                query = select(EVENTS).where(column.in_(wanted[start : start + _AT_ONCE]), *conditions)
                yield from map(_record, connection.execute(query))

    def _head(self, connection: Connection) -> tuple[int, str]:
        query = select(CHAINS.c.sequence, CHAINS.c.hash).where(CHAINS.c.chain == self.chain).with_for_update()
        head = connection.execute(query).first()
        if head is None:
            with contextlib.suppress(IntegrityError), connection.begin_nested():
                connection.execute(insert(CHAINS).values(chain=self.chain, sequence=0, hash=FIRST))
            head = connection.execute(query).one()  # ours, or that of a process which was quicker
        return head.sequence, head.hash

    @contextlib.contextmanager
    def writing(self) -> Iterator[Connection]:
        """Give a transaction that no other writer gets between; it is on disk when the block ends."""
        # SQLite would have the threads of this process wait for each other asleep.
        with self._one_writer, self._transaction() as connection:
            yield connection

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[Connection]:
        self._prepare()
        with self._ledger_errors(), self._engine.execution_options(begin="IMMEDIATE").begin() as connection:
            yield connection

    @contextlib.contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a transaction that sees the ledger as it is at one moment, whoever writes meanwhile."""
        self._prepare()
        # SQLite has no other isolation, and begins its transactions as `_engine` says.
        level = {} if self._url.get_backend_name() == "sqlite" else {"isolation_level": "REPEATABLE READ"}
        with self._ledger_errors(), self._engine.execution_options(**level).begin() as connection:
            yield connection

    def _prepare(self) -> None:
        """Make the tables of a new ledger, and refuse those of another version."""
        if self._is_ready:
            return
        with self._ledger_errors(), self._engine.execution_options(begin="IMMEDIATE").begin() as connection:
            # SQLite's IMMEDIATE keeps other processes out of this; PostgreSQL has no such beginning.
            if connection.dialect.name == "postgresql":
                connection.execute(select(func.pg_advisory_xact_lock(_ADVISORY)))
            METADATA.create_all(connection)
            version = connection.execute(select(func.max(VERSIONS.c.version))).scalar()
            if version is None:
                connection.execute(insert(VERSIONS).values(version=SCHEMA))
            elif version != SCHEMA:
                raise LedgerError(f"it is of version {version}, and this program reads version {SCHEMA}")
        self._is_ready = True

    @contextlib.contextmanager
    def _ledger_errors(self) -> Iterator[None]:
        try:
            yield
        except SQLAlchemyError as error:
            said = re.sub(r"\s+", " ", str(getattr(error, "orig", None) or error))
            for password in self._passwords:
                said = said.replace(password, "***")
            shown = self._url.set(query={}).render_as_string(hide_password=True)
            raise LedgerError(f"{shown}: {said[:300]}") from None


def in_order(records: Iterable[Record]) -> list[Record]:
    """Sort events by chain, the one that began first first, and in a chain by their place, whatever the clock said."""
    by_place = sorted(records, key=lambda record: record.sequence)
    begun: dict[str, datetime.datetime] = {}
    for record in by_place:
        begun.setdefault(record.chain, record.at)
    return sorted(by_place, key=lambda record: (begun[record.chain], record.chain))  # which keeps the places


def _engine(url: Any) -> Engine:  # noqa: ANN401 -- sqlalchemy's URL, whose class is not public by that name
    if url.get_backend_name() != "sqlite":
        return create_engine(url, connect_args={"connect_timeout": _PATIENCE}, pool_pre_ping=True)
    engine = create_engine(url, connect_args={"timeout": _PATIENCE, "isolation_level": None}, poolclass=NullPool)

    @sqlalchemy.event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # The driver would begin only at the first write, too late to hold what was read before it.
        connection.exec_driver_sql(f"BEGIN {connection.get_execution_options().get('begin', 'DEFERRED')}")

    return engine


def _row(record: Record, hash_: str) -> dict[str, Any]:
    return {
        "chain": record.chain,
        "sequence": record.sequence,
        "at": moment(record.at),
        "kind": str(record.event.kind),
        "endpoint": record.event.endpoint,
        "binding": record.event.binding,
        "life": record.event.life,
        "data": canonical(record.event.data),
        "schema": record.schema,
        "previous": record.previous,
        "hash": hash_,
    }


def _record(row: Row[Any], *, is_checked: bool = True) -> Record:
    try:
        event = Event(Kind(row.kind), row.endpoint, row.binding, row.life, json.loads(row.data))
        at = datetime.datetime.fromisoformat(row.at)
    except ValueError:
        raise LedgerError(f"event {row.sequence} of {row.chain} cannot be read") from None
    # Moments are compared as text: one that means the same in another zone would stand elsewhere.
    if is_checked and moment(at) != row.at:
        raise LedgerError(f"event {row.sequence} of {row.chain} cannot be read: its moment is not as it was written")
    return Record(row.chain, row.sequence, at, event, row.previous, row.schema)
