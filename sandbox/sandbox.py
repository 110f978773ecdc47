"""One sandbox: its database, clock, settings, tokens, faults and log, put together."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, NamedTuple

from sqlalchemy.orm import Session

from sandbox.clock import Clock
from sandbox.faults import Faults
from sandbox.journal import Journal
from sandbox.messages import LoggedRequest
from sandbox.purge import next_effect, settle
from sandbox.settings import Settings
from sandbox.store import Store, read_memo, write_memo
from sandbox.tables import Table, TokenRow
from sandbox.tokens import Tokens

_SETTINGS: Final = "settings"
_CLOCK: Final = "clock offset in microseconds"
_MICROSECOND: Final = timedelta(microseconds=1)

Fill = Callable[[Session, Clock], None]
"""Puts something into an empty database."""


class Login(NamedTuple):
    """The API credentials that the sandbox accepts."""

    login: str
    password: str


class Sandbox:
    """A stand-in of one MBS account.

    A new database is filled by `fill` and begins with the settings' defaults; `given` are settings that count in either
    case. Raises UnusableDatabase.
    """

    def __init__(self, database: Path, login: Login, fill: Fill, given: dict[str, Any] | None = None) -> None:
        self.login = login
        self.faults = Faults()
        self.journal = Journal()
        self.tokens = Tokens()
        self.clock = Clock()
        self.settings = Settings()
        self._given = given or {}
        self._next_effect: datetime | None = datetime.min.replace(tzinfo=UTC)
        self._store = Store(database)
        with self._store.transaction() as session:
            if self._store.is_new:
                self._store.create(session)
                self._begin(session, fill)
            else:
                self._continue(session)

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """Work on the database as it is at this moment: what was due by now has taken effect."""
        with self._store.transaction() as session:
            settle(session, self.clock.now(), self.settings)
            yield session
            self._next_effect = next_effect(session)

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Read the database as it is at this moment. While nothing is due, that spares the query for what is."""
        if self._next_effect is not None and self._next_effect <= self.clock.now():
            with self.transaction():
                pass
        with self._store.transaction() as session:
            yield session

    def note(self, request: LoggedRequest, **outcome: int | bool | str | None) -> None:
        """Write a request and how it was answered into the log."""
        with self._store.connection() as connection:
            self.journal.answered(connection, request, **outcome)

    def change_settings(self, session: Session, changes: dict[str, Any]) -> None:
        """Set settings, and keep them. Raises pydantic's ValidationError."""
        self.settings = Settings.model_validate({**dict(self.settings), **changes})
        write_memo(session, _SETTINGS, self.settings.model_dump(mode="json"))

    def keep_clock(self, session: Session) -> None:
        """Keep where the clock was put."""
        write_memo(session, _CLOCK, self.clock.offset // _MICROSECOND)

    def reset(self, fill: Fill) -> None:
        """Begin as with a new database, but for the tokens, so that a client can go on."""
        with self._store.transaction() as session:
            for table in reversed(Table.metadata.sorted_tables):
                if table is not TokenRow.__table__:
                    session.execute(table.delete())
            self.faults.clear()
            self.journal.clear(session)
            self._begin(session, fill)
            self._next_effect = None

    def close(self) -> None:
        """Close the database."""
        self._store.close()

    def _begin(self, session: Session, fill: Fill) -> None:
        self.clock.offset = timedelta(0)
        self.settings = Settings()
        self.change_settings(session, self._given)
        fill(session, self.clock)

    def _continue(self, session: Session) -> None:
        self.tokens.load(session)
        self.journal.load(session)
        self.clock.offset = _MICROSECOND * (read_memo(session, _CLOCK) or 0)
        self.settings = Settings.model_validate(read_memo(session, _SETTINGS) or {})
        self.change_settings(session, self._given)
