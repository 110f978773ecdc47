"""The database: opened, or made anew, and worked on in transactions.

Everything runs on one connection in the event loop's thread, and no transaction spans an `await`: each is as good as
alone, and at well under a millisecond waiting for one is cheaper than handing it to a thread. One server a database.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, Connection, create_engine, event, inspect
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session
from sqlalchemy.pool import StaticPool

from sandbox.tables import MemoRow, Table

_APPLICATION: Final = 0x4D425353  # "MBSS": marks the file as a sandbox's, in SQLite's application_id
_LAYOUT: Final = 1  # of the tables; kept in SQLite's user_version


class UnusableDatabase(Exception):
    """The file is not a database that this sandbox can use."""


class Store:
    """The sandbox's database.

    Raises UnusableDatabase for a file that is no database, another program's, or of another version.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._engine = create_engine(URL.create("sqlite", database=str(path)), poolclass=StaticPool)
        event.listen(self._engine, "connect", _prepare)
        event.listen(self._engine, "begin", _begin)
        try:
            self.is_new = self._inspect()
            self._write_ahead()
        except (DatabaseError, sqlite3.Error) as error:
            self.close()
            reason = getattr(error, "orig", error)
            raise UnusableDatabase(f"{path} cannot be used as a database ({reason}); give another --db") from None
        except UnusableDatabase:
            self.close()
            raise

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """Work on the database: all of it or, on an exception, nothing."""
        with Session(self._engine, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """Work on the database as in `transaction`, without the mapper: for what every request does."""
        with self._engine.begin() as connection:
            yield connection

    def create(self, session: Session) -> None:
        """Make the tables, in the caller's transaction: a process that is killed meanwhile leaves a new database."""
        connection = session.connection()
        Table.metadata.create_all(connection)
        connection.exec_driver_sql(f"PRAGMA application_id = {_APPLICATION}")
        connection.exec_driver_sql(f"PRAGMA user_version = {_LAYOUT}")

    def close(self) -> None:
        """Close the database."""
        with suppress(DatabaseError):
            self._engine.dispose()

    def _inspect(self) -> bool:
        """Return whether the database is new. A file that holds something has to be a sandbox's, of this layout."""
        with self._engine.connect() as connection:
            application = connection.exec_driver_sql("PRAGMA application_id").scalar_one()
            layout = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
            if application == 0 and not inspect(connection).get_table_names():
                return True
        if application != _APPLICATION:
            raise UnusableDatabase(f"{self._path} is not a sandbox's database; give another --db")
        if layout != _LAYOUT:
            raise UnusableDatabase(f"{self._path} was made by another version of the sandbox; delete it")
        return False

    def _write_ahead(self) -> None:
        """Switch the file to WAL, which lets others read it meanwhile; not before it is known to be a sandbox's."""
        connection = self._engine.raw_connection()
        connection.cursor().execute("PRAGMA journal_mode = WAL")
        connection.close()


def read_memo(session: Session, name: str) -> Any:  # noqa: ANN401 -- any JSON
    """Return a kept value, or None."""
    row = session.get(MemoRow, name)
    return None if row is None else row.value


def write_memo(session: Session, name: str, value: Any) -> None:  # noqa: ANN401 -- any JSON
    """Keep a value under a name."""
    session.merge(MemoRow(name=name, value=value))


def _prepare(connection: Any, _record: object) -> None:  # noqa: ANN401 -- the driver's connection, which SQLAlchemy does not type
    # The driver is not to begin transactions of its own accord: `_begin` does, before the first read.
    connection.isolation_level = None
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA foreign_keys = ON")


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
