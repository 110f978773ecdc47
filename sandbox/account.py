"""What stands in the account besides purges: users, destinations, computers, and what happens to them."""

import uuid
from collections.abc import Iterable
from datetime import datetime
from typing import Final

from sandbox.messages import (
    Backup,
    BindingName,
    Counts,
    Destination,
    State,
    StoredBinding,
    StoredPurge,
    StoredUser,
    User,
)
from sandbox.store import Database, read_as

RUNNING: Final = 3
"""Monitoring's status of a backup that is running."""

_NAMESPACE: Final = uuid.UUID("5f1a3f6e-8f0e-4c0f-9a53-3a1d1c0b7e44")  # any: IDs made from it are the same in every run
_BY_NAME: Final = "user = :user AND destination = :destination AND computer = :computer"
_PUT_BINDING: Final = """
    INSERT INTO bindings (user, destination, computer, listed, stored_bytes, size_bytes, last_backup, status, plan)
    VALUES ((SELECT id FROM users WHERE id = :user), (SELECT id FROM destinations WHERE id = :destination), :computer,
        TRUE, :stored_bytes, :stored_bytes, :last_backup, :status, :plan)
    ON CONFLICT (user, destination, computer) DO UPDATE SET listed = TRUE, stored_bytes = :stored_bytes,
        size_bytes = :stored_bytes, last_backup = :last_backup, status = :status, plan = :plan
"""
_BACK_UP: Final = """
    UPDATE bindings SET listed = TRUE, stored_bytes = coalesce(:stored_bytes, size_bytes), last_backup = :now,
        status = :status
    WHERE user = :user AND computer = :computer AND destination = coalesce(:destination, destination)
"""


def derived_id(*parts: str) -> str:
    """Return an ID that is the same whenever it is made of the same parts."""
    return str(uuid.uuid5(_NAMESPACE, "/".join(parts)))


def add_destinations(database: Database, destinations: Iterable[Destination]) -> None:
    """Add destinations; those that exist stay as they are."""
    database.executemany(
        "INSERT OR IGNORE INTO destinations VALUES (:id, :account, :bucket, :storage, :account_id, :locked_until)",
        (
            {**dict(destination), "account_id": derived_id("account", destination.account)}
            for destination in destinations
        ),
    )


def add_users(database: Database, users: Iterable[User], now: datetime) -> None:
    """Add users with their computers; what exists gets what is given. Destinations are made as needed."""
    for user in users:
        _add_user(database, user, now)
        for computer in user.computers:
            add_destinations(database, map(_plain_destination, computer.destinations))
            row = computer.model_dump(include={"stored_bytes", "status", "plan"})
            row |= {"user": user.id, "computer": computer.name}
            row["last_backup"] = None if computer.last_backup_ago is None else now - computer.last_backup_ago
            database.executemany(_PUT_BINDING, ({**row, "destination": id_} for id_ in computer.destinations))


def find_user(database: Database, id_: str) -> StoredUser | None:
    """Return a user, a deleted one too, or None."""
    return next(iter(read_as(StoredUser, database.execute("SELECT * FROM users WHERE id = ?", (id_,)))), None)


def living_users(database: Database) -> list[StoredUser]:
    """Return the users who are not deleted."""
    return read_as(StoredUser, database.execute("SELECT * FROM users WHERE deleted_at IS NULL ORDER BY login"))


def delete_user(database: Database, id_: str, now: datetime) -> bool:
    """Delete an account and keep its data, and return whether there is one of this ID."""
    deleted = "UPDATE users SET deleted_at = coalesce(deleted_at, ?) WHERE id = ?"
    return database.execute(deleted, (now, id_)).rowcount > 0


def find_binding(database: Database, name: BindingName) -> StoredBinding:
    """Return a binding, one that was purged too. Raises ValueError where there is none."""
    names = name.model_dump(include={"user", "destination", "computer"})
    [found] = database.execute(f"SELECT * FROM bindings WHERE {_BY_NAME}", names)  # noqa: S608 -- our own words
    return read_as(StoredBinding, [found])[0]


def back_up(database: Database, backup: Backup, now: datetime) -> int:
    """Let a computer back up, and return to how many destinations it did."""
    values = {**dict(backup), "now": now, "status": RUNNING if backup.running else 0}
    return database.execute(_BACK_UP, values).rowcount


def lock(database: Database, destination: str, until: datetime) -> bool:
    """Put object lock on a destination, and return whether there is one of this ID."""
    return database.execute("UPDATE destinations SET locked_until = ? WHERE id = ?", (until, destination)).rowcount > 0


def remove_binding(database: Database, name: BindingName) -> bool:
    """Take a binding away with its data, as someone in the console would, and return whether there was one."""
    return database.execute(f"DELETE FROM bindings WHERE {_BY_NAME}", dict(name)).rowcount > 0  # noqa: S608 -- as above


def state(database: Database, now: datetime) -> State:
    """Return everything that is stored."""
    bindings = "SELECT bindings.* FROM bindings JOIN users ON id = user ORDER BY login, computer, destination"
    return State(
        now=now,
        users=read_as(StoredUser, database.execute("SELECT * FROM users ORDER BY login")),
        destinations=read_as(Destination, database.execute("SELECT * FROM destinations ORDER BY account, bucket")),
        bindings=read_as(StoredBinding, database.execute(bindings)),
        purges=read_as(StoredPurge, database.execute("SELECT * FROM purges ORDER BY number")),
    )


def count(database: Database) -> Counts:
    """Count what there is."""
    numbers = "(SELECT count(*) FROM users), (SELECT count(*) FROM destinations), (SELECT count(*) FROM bindings)"
    users, destinations, bindings = database.execute(f"SELECT {numbers}").fetchone()
    return Counts(users=users, destinations=destinations, bindings=bindings)


def _add_user(database: Database, user: User, now: datetime) -> None:
    given = user.model_dump(exclude={"id", "computers", "deleted"}, exclude_unset=True)
    if "deleted" in user.model_fields_set:
        given["deleted_at"] = now if user.deleted else None
    stored = (find_user(database, user.id) or StoredUser(id=user.id)).model_copy(update=given)
    database.execute(
        "INSERT OR REPLACE INTO users VALUES (:id, :login, :first_name, :last_name, :company, :enabled, :deleted_at)",
        dict(stored),
    )


def _plain_destination(id_: str) -> Destination:
    return Destination(id=id_, account="Sandbox Storage", bucket=f"bucket-{id_[:8]}", storage="Amazon S3")
