"""What stands in the account besides purges: users, destinations, computers, and what happens to them."""

import uuid
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.orm import Session

from sandbox.messages import Backup, BindingName, Computer, Counts, Destination, User
from sandbox.tables import BindingRow, DestinationRow, UserRow, folded

RUNNING: Final = 3
"""Monitoring's status of a backup that is running."""

_NAMESPACE: Final = uuid.UUID("5f1a3f6e-8f0e-4c0f-9a53-3a1d1c0b7e44")  # any: IDs made from it are the same in every run


def derived_id(*parts: str) -> str:
    """Return an ID that is the same whenever it is made of the same parts."""
    return str(uuid.uuid5(_NAMESPACE, "/".join(parts)))


def add_destinations(session: Session, destinations: Iterable[Destination]) -> None:
    """Add destinations; those that exist stay as they are."""
    rows = [
        {"key": folded(one.id), "account_id": derived_id("account", one.account), **dict(one)} for one in destinations
    ]
    if rows:
        session.execute(insert(DestinationRow).on_conflict_do_nothing(), rows)


def add_users(session: Session, users: Iterable[User], now: datetime) -> None:
    """Add users with their computers; what exists gets what is given. Destinations are made as needed."""
    users = list(users)
    existing = set(session.scalars(select(UserRow.key)))
    for user in users:
        _add_user(session, user, now, exists=folded(user.id) in existing)
        existing.add(folded(user.id))
    session.flush()
    rows = [row for user in users for computer in user.computers for row in _binding_rows(user.id, computer, now)]
    named = {id_ for user in users for computer in user.computers for id_ in computer.destinations}
    add_destinations(session, map(_plain_destination, sorted(named)))
    if rows:
        added = insert(BindingRow)
        unique = ["user_key", "destination_key", "computer"]
        given = {name: added.excluded[name] for name in rows[0] if name not in unique}
        session.execute(added.on_conflict_do_update(index_elements=unique, set_=given), rows)


def find_user(session: Session, id_: str) -> UserRow | None:
    """Return a user, a deleted one too, or None."""
    return session.get(UserRow, folded(id_))


def delete_user(user: UserRow, now: datetime) -> None:
    """Delete an account and keep its data."""
    user.deleted_at = user.deleted_at or now


def find_binding(session: Session, name: BindingName) -> BindingRow | None:
    """Return a binding, one that was purged too, or None."""
    return session.scalar(
        select(BindingRow)
        .where(BindingRow.user_key == folded(name.user))
        .where(BindingRow.destination_key == folded(name.destination))
        .where(BindingRow.computer == name.computer)
    )


def back_up(session: Session, backup: Backup, now: datetime) -> int:
    """Let a computer back up, and return to how many destinations it did."""
    where = [BindingRow.user_key == folded(backup.user), BindingRow.computer == backup.computer]
    if backup.destination is not None:
        where.append(BindingRow.destination_key == folded(backup.destination))
    bindings = session.scalars(select(BindingRow).where(*where)).all()
    for binding in bindings:
        binding.listed = True
        binding.stored_bytes = binding.size_bytes if backup.stored_bytes is None else backup.stored_bytes
        binding.last_backup = now
        binding.status = RUNNING if backup.running else 0
    return len(bindings)


def lock(session: Session, destination: str, until: datetime) -> bool:
    """Put object lock on a destination, and return whether there is one of this ID."""
    row = session.get(DestinationRow, folded(destination))
    if row is not None:
        row.locked_until = until
    return row is not None


def remove_binding(session: Session, name: BindingName) -> bool:
    """Take a binding away with its data, as someone in the console would, and return whether there was one."""
    binding = find_binding(session, name)
    if binding is not None:
        session.execute(delete(BindingRow).where(BindingRow.id == binding.id))
    return binding is not None


def count(session: Session) -> Counts:
    """Count what there is."""
    numbers = [session.scalar(select(func.count()).select_from(row)) for row in (UserRow, DestinationRow, BindingRow)]
    return Counts(users=numbers[0] or 0, destinations=numbers[1] or 0, bindings=numbers[2] or 0)


def _add_user(session: Session, user: User, now: datetime, *, exists: bool) -> None:
    columns: dict[str, Any] = user.model_dump(exclude={"id", "computers", "deleted"}, exclude_unset=exists)
    if not exists or "deleted" in user.model_fields_set:
        columns["deleted_at"] = now if user.deleted else None
    if not exists:
        session.add(UserRow(key=folded(user.id), id=user.id, **columns))
    elif columns:
        session.flush()
        session.execute(update(UserRow).where(UserRow.key == folded(user.id)).values(**columns))


def _binding_rows(user: str, computer: Computer, now: datetime) -> Iterable[dict[str, Any]]:
    for destination in computer.destinations:
        yield {
            "user_key": folded(user),
            "destination_key": folded(destination),
            "computer": computer.name,
            "listed": True,
            "size_bytes": computer.stored_bytes,
            "stored_bytes": computer.stored_bytes,
            "last_backup": None if computer.last_backup_ago is None else now - computer.last_backup_ago,
            "status": computer.status,
            "plan": computer.plan,
        }


def _plain_destination(id_: str) -> Destination:
    return Destination(id=id_, account="Sandbox Storage", bucket=f"bucket-{id_[:8]}", storage="Amazon S3")
