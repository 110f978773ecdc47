"""What is in the account: seen whole, and changed as the outside world would change it."""

from datetime import datetime
from typing import Final, TypeVar

from fastapi import APIRouter, HTTPException
from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.orm import Session

from sandbox import account
from sandbox.access import Here
from sandbox.clock import as_utc
from sandbox.messages import (
    Backup,
    BindingName,
    Computer,
    Counts,
    Lock,
    NewBinding,
    State,
    StoredBinding,
    StoredDestination,
    StoredPurge,
    StoredUser,
    User,
)
from sandbox.seed import SeedName, named_seed
from sandbox.tables import BindingRow, DestinationRow, PurgeRow, Table, UserRow, folded

router = APIRouter()

Stored = TypeVar("Stored", bound=BaseModel)

_BINDINGS: Final = (
    select(BindingRow, UserRow.id, DestinationRow.id)
    .join(UserRow, UserRow.key == BindingRow.user_key)
    .join(DestinationRow, DestinationRow.key == BindingRow.destination_key)
    .order_by(UserRow.login, BindingRow.computer, DestinationRow.key)
)


@router.get("/state", summary="Show everything that is stored")
async def read_state(here: Here) -> State:
    """Show users, destinations, bindings and accepted purges as they are at this moment."""
    now = here.clock.now()
    with here.transaction() as session:
        return _state(session, now)


@router.post("/seed", summary="Add users in bulk")
async def add_users(users: list[User], here: Here) -> Counts:
    """Add users with their computers to what there is. Destinations are made as needed."""
    with here.transaction() as session:
        account.add_users(session, users, here.clock.now())
        return account.count(session)


@router.post("/reset", summary="Begin anew", status_code=204)
async def reset(here: Here, seed: SeedName = "none") -> None:
    """Begin as with a new database: data, log, faults, clock, settings. Only the tokens stay good."""
    here.reset(named_seed(seed))


@router.post("/computers", summary="Add a binding", status_code=201)
async def add_computer(binding: NewBinding, here: Here) -> StoredBinding:
    """Add a computer on a destination; the user and the destination are made if there are none of these IDs."""
    computer = Computer(
        name=binding.computer,
        destinations=[binding.destination],
        stored_bytes=binding.stored_bytes,
        last_backup_ago=binding.last_backup_ago,
        status=binding.status,
    )
    given = binding.model_dump(include={"login", "company"}, exclude_unset=True)
    with here.transaction() as session:
        account.add_users(session, [User(id=binding.user, computers=[computer], **given)], here.clock.now())
        names = (UserRow.key == folded(binding.user), DestinationRow.key == folded(binding.destination))
        found = session.execute(_BINDINGS.where(*names, BindingRow.computer == binding.computer)).one()
        return _stored(StoredBinding, found[0], user=found[1], destination=found[2])


@router.delete("/computers", summary="Take a binding away", status_code=204)
async def remove_computer(binding: BindingName, here: Here) -> None:
    """Take a binding away at once with its data, as someone in the console would. No purge is recorded."""
    with here.transaction() as session:
        if not account.remove_binding(session, binding):
            raise HTTPException(404, "there is no such binding")


@router.post("/users/{user_id:path}/delete", summary="Delete a user's account", status_code=204)
async def delete_user(user_id: str, here: Here) -> None:
    """Delete a user's account. Its data stays, and can still be purged."""
    with here.transaction() as session:
        user = account.find_user(session, user_id)
        if user is None:
            raise HTTPException(404, "there is no such user")
        account.delete_user(user, here.clock.now())


@router.post("/backup", summary="Let a computer back up", status_code=204)
async def back_up(backup: Backup, here: Here) -> None:
    """Let a computer back up now: it is listed (again), stores something (again), and Monitoring shows the run."""
    with here.transaction() as session:
        if not account.back_up(session, backup, here.clock.now()):
            raise HTTPException(404, "there is no such binding")


@router.post("/lock", summary="Put object lock on a destination", status_code=204)
async def lock(lock: Lock, here: Here) -> None:
    """Keep what is stored on a destination from being deleted until a time."""
    with here.transaction() as session:
        if not account.lock(session, lock.destination, _end_of(lock, here.clock.now())):
            raise HTTPException(404, "there is no such destination")


def _end_of(lock: Lock, now: datetime) -> datetime:
    if lock.lasting is not None:
        return now + lock.lasting
    return now if lock.until is None else as_utc(lock.until)


def _state(session: Session, now: datetime) -> State:
    return State(
        now=now,
        users=[_stored(StoredUser, row) for row in session.scalars(select(UserRow).order_by(UserRow.login))],
        destinations=[
            _stored(StoredDestination, row)
            for row in session.scalars(select(DestinationRow).order_by(DestinationRow.account, DestinationRow.bucket))
        ],
        bindings=[
            _stored(StoredBinding, row, user=user, destination=destination)
            for row, user, destination in session.execute(_BINDINGS)
        ],
        purges=[_stored(StoredPurge, row) for row in session.scalars(select(PurgeRow).order_by(PurgeRow.id))],
    )


def _stored(kind: type[Stored], row: Table, **names: str) -> Stored:
    """Return a row as a document of the fields that they share, and of the names given."""
    return kind.model_validate({name: names.get(name) or getattr(row, name) for name in kind.model_fields})
