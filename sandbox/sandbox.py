"""One sandbox: its database, clock, settings and faults, put together."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Final, NamedTuple, cast

from fastapi import Depends, Request

from sandbox.clock import Clock
from sandbox.faults import Faults
from sandbox.purge import settle
from sandbox.settings import Settings
from sandbox.store import Database, Store, create_tables, empty_tables, read_memo, write_memo

_SETTINGS: Final = "settings"
_CLOCK: Final = "clock offset in microseconds"
_MICROSECOND: Final = timedelta(microseconds=1)

Fill = Callable[[Database, Clock], None]
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
        self.clock = Clock()
        self.settings = Settings()
        self._given = given or {}
        self._store = Store(database)
        with self._store.transaction() as opened:
            if self._store.is_new:
                create_tables(opened)
                self._begin(opened, fill)
            else:
                self.clock.offset = _MICROSECOND * (read_memo(opened, _CLOCK) or 0)
                self.settings = Settings.model_validate(read_memo(opened, _SETTINGS) or {})
                self.change_settings(opened, self._given)

    @contextmanager
    def transaction(self) -> Iterator[Database]:
        """Work on the database as it is at this moment: what was due by now has taken effect."""
        with self._store.transaction() as database:
            settle(database, self.clock.now(), self.settings)
            yield database

    def change_settings(self, database: Database, changes: dict[str, Any]) -> None:
        """Set settings, and keep them. Raises pydantic's ValidationError."""
        self.settings = Settings.model_validate({**dict(self.settings), **changes})
        write_memo(database, _SETTINGS, self.settings.model_dump(mode="json"))

    def keep_clock(self, database: Database) -> None:
        """Keep where the clock was put."""
        write_memo(database, _CLOCK, self.clock.offset // _MICROSECOND)

    def reset(self, fill: Fill) -> None:
        """Begin as with a new database, but for the tokens, so that a client can go on."""
        with self._store.transaction() as database:
            empty_tables(database)
            self.faults.clear()
            self._begin(database, fill)

    def close(self) -> None:
        """Close the database."""
        self._store.close()

    def _begin(self, database: Database, fill: Fill) -> None:
        self.clock.offset = timedelta(0)
        self.settings = Settings()
        self.change_settings(database, self._given)
        fill(database, self.clock)


async def _sandbox_of(request: Request) -> Sandbox:
    return cast("Sandbox", request.app.state.sandbox)


Here = Annotated[Sandbox, Depends(_sandbox_of)]
"""The sandbox that answers a request: a parameter of a path's function."""
