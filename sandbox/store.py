"""The database: opened, or made anew, and worked on in transactions.

Everything runs on one connection in the event loop's thread, and no transaction spans an `await`: each is as good as
alone, and at well under a millisecond waiting for one is cheaper than handing it to a thread. One server a database.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, TypeVar

from pydantic import BaseModel

Model = TypeVar("Model", bound=BaseModel)
Database = sqlite3.Connection
"""The database within a transaction. Its rows have names."""

_APPLICATION: Final = 0x4D425353  # "MBSS": marks the file as a sandbox's, in SQLite's application_id
_LAYOUT: Final = 2  # of the tables; kept in SQLite's user_version

# The columns of what sandbox.messages has a class for are named as its fields. IDs are GUIDs, whose letter case means
# nothing. A binding outlives its purge, because the plan on the computer does, and with it its line in Monitoring. A
# purge carries the names of its binding, too, because somebody may remove that meanwhile.
_TABLES: Final = """
CREATE TABLE users (
    id TEXT PRIMARY KEY COLLATE NOCASE, login TEXT, first_name TEXT, last_name TEXT, company TEXT, enabled BOOLEAN,
    deleted_at TEXT
);
CREATE TABLE destinations (
    id TEXT PRIMARY KEY COLLATE NOCASE, account TEXT, bucket TEXT, storage TEXT, account_id TEXT, locked_until TEXT
);
CREATE TABLE bindings (
    number INTEGER PRIMARY KEY,
    user TEXT NOT NULL COLLATE NOCASE REFERENCES users,
    destination TEXT NOT NULL COLLATE NOCASE REFERENCES destinations,
    computer TEXT NOT NULL,
    listed BOOLEAN, stored_bytes INTEGER, size_bytes INTEGER, last_backup TEXT, status INTEGER, plan TEXT,
    UNIQUE (user, destination, computer)
);
CREATE TABLE purges (
    number INTEGER PRIMARY KEY,
    binding INTEGER REFERENCES bindings ON DELETE SET NULL,
    user TEXT, destination TEXT, computer TEXT, accepted_at TEXT, due_at TEXT, done_at TEXT
);
CREATE INDEX purges_by_binding ON purges (binding);
CREATE INDEX purges_by_time ON purges (done_at, due_at);
CREATE VIEW pending AS
    SELECT purges.number, binding, due_at, max(due_at, coalesce(locked_until, due_at)) AS effect_at,
        coalesce(last_backup > accepted_at, FALSE) AS backed_up_since
    FROM purges
    LEFT JOIN bindings ON bindings.number = binding
    LEFT JOIN destinations ON destinations.id = bindings.destination
    WHERE done_at IS NULL;
CREATE TABLE tokens (digest TEXT PRIMARY KEY, expires_at TEXT);
CREATE TABLE requests (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT, document TEXT, status INTEGER, cut BOOLEAN DEFAULT FALSE, fault TEXT
);
CREATE TABLE memos (name TEXT PRIMARY KEY, value TEXT)
"""
_ALL_BUT_TOKENS: Final = ("purges", "bindings", "destinations", "users", "requests", "memos")

# Text order is time order.
sqlite3.register_adapter(datetime, lambda moment: moment.astimezone(UTC).isoformat(timespec="microseconds"))


class UnusableDatabase(Exception):
    """The file is not a database that this sandbox can use."""


class Store:
    """The sandbox's database.

    Raises UnusableDatabase for a file that is no database, another program's, or of another version.
    """

    def __init__(self, path: Path) -> None:
        try:
            # The driver is not to begin transactions of its own accord: `transaction` does, before the first read.
            self._connection = sqlite3.connect(path, isolation_level=None)
        except sqlite3.Error as error:
            raise _unusable(path, error) from None
        try:
            self.is_new = self._inspect(path)
            # WAL lets others read the file meanwhile. Not before it is known to be a sandbox's.
            for setting in ("journal_mode = WAL", "synchronous = NORMAL", "foreign_keys = ON"):
                self._connection.execute(f"PRAGMA {setting}")
        except sqlite3.Error as error:
            self.close()
            raise _unusable(path, error) from None
        except UnusableDatabase:
            self.close()
            raise
        self._connection.row_factory = sqlite3.Row

    @contextmanager
    def transaction(self) -> Iterator[Database]:
        """Work on the database: all of it or, on an exception, nothing."""
        self._connection.execute("BEGIN IMMEDIATE")
        with self._connection:
            yield self._connection

    def close(self) -> None:
        """Close the database."""
        self._connection.close()

    def _inspect(self, path: Path) -> bool:
        """Return whether the database is new. A file that holds something has to be a sandbox's, of this layout."""
        [application] = self._connection.execute("PRAGMA application_id").fetchone()
        [layout] = self._connection.execute("PRAGMA user_version").fetchone()
        if application == 0 and self._connection.execute("SELECT 1 FROM sqlite_master").fetchone() is None:
            return True
        if application != _APPLICATION:
            raise UnusableDatabase(f"{path} is not a sandbox's database; give another --db")
        if layout != _LAYOUT:
            raise UnusableDatabase(f"{path} was made by another version of the sandbox; delete it")
        return False


def create_tables(database: Database) -> None:
    """Make the tables, in the caller's transaction: a process that is killed meanwhile leaves a new database."""
    pragmas = (f"PRAGMA application_id = {_APPLICATION}", f"PRAGMA user_version = {_LAYOUT}")
    for statement in (*_TABLES.split(";"), *pragmas):
        database.execute(statement)


def empty_tables(database: Database) -> None:
    """Forget everything but the tokens."""
    for table in _ALL_BUT_TOKENS:
        database.execute(f"DELETE FROM {table}")  # noqa: S608 -- our own names


def read_as(kind: type[Model], rows: Iterable[sqlite3.Row]) -> list[Model]:
    """Return rows that have a column for each field of a class as its objects."""
    return [kind.model_validate({name: row[name] for name in kind.model_fields}) for row in rows]


def read_memo(database: Database, name: str) -> Any:  # noqa: ANN401 -- any JSON
    """Return a kept value, or None."""
    row = database.execute("SELECT value FROM memos WHERE name = ?", (name,)).fetchone()
    return row and json.loads(row["value"])


def write_memo(database: Database, name: str, value: Any) -> None:  # noqa: ANN401 -- any JSON
    """Keep a value under a name."""
    database.execute("INSERT OR REPLACE INTO memos VALUES (?, ?)", (name, json.dumps(value)))


def _unusable(path: Path, reason: Exception) -> UnusableDatabase:
    return UnusableDatabase(f"{path} cannot be used as a database ({reason}); give another --db")
