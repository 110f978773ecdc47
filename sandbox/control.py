"""The control side: paths under /_sandbox that no vendor has."""

from fastapi import APIRouter, HTTPException

from sandbox import account, journal
from sandbox.clock import real_now
from sandbox.messages import (
    Backup,
    BindingName,
    ClockMove,
    ClockReading,
    Computer,
    Counts,
    Fault,
    InjectedFault,
    Lock,
    LoggedRequest,
    NewBinding,
    State,
    StoredBinding,
    User,
)
from sandbox.sandbox import Here
from sandbox.seed import SeedName, named_seed
from sandbox.settings import Settings

router = APIRouter()


@router.get("/requests", summary="Show the requests that the MBS API received")
async def read_requests(here: Here, since: int = 0) -> list[LoggedRequest]:
    """Show the requests after number `since`, in the order of their arrival, those being answered too."""
    with here.transaction() as database:
        return journal.read(database, since)


@router.delete("/requests", summary="Forget the requests", status_code=204)
async def clear_requests(here: Here) -> None:
    """Forget the requests so far. Their numbers are not used again."""
    with here.transaction() as database:
        journal.clear(database)


@router.get("/clock", summary="Read the clock")
async def read_clock(here: Here) -> ClockReading:
    """Read the sandbox's clock and the real one."""
    return ClockReading(now=here.clock.now(), real=real_now())


@router.post("/clock", summary="Move the clock")
async def move_clock(move: ClockMove, here: Here) -> ClockReading:
    """Move the clock on by a duration, or put it at a time. What has happened stays so when it is put back."""
    try:
        if move.forward is not None:
            here.clock.forward(move.forward)
        elif move.time is not None:
            here.clock.set(move.time)
    except ValueError as error:
        raise HTTPException(422, str(error)) from None
    with here.transaction() as database:
        here.keep_clock(database)
    return await read_clock(here)


@router.get("/faults", summary="Show the faults")
async def read_faults(here: Here) -> list[InjectedFault]:
    """Show the faults and how often each has struck."""
    return here.faults.read()


@router.post("/faults", summary="Inject a fault", status_code=201)
async def inject_fault(fault: Fault, here: Here) -> InjectedFault:
    """Inject a fault. It strikes one matching request unless `count` says otherwise, and ends with the server."""
    return here.faults.inject(fault)


@router.delete("/faults", summary="End every fault", status_code=204)
async def clear_faults(here: Here) -> None:
    """End every fault, the waiting ones too."""
    here.faults.clear()


@router.get("/state", summary="Show everything that is stored")
async def read_state(here: Here) -> State:
    """Show users, destinations, bindings and accepted purges as they are at this moment."""
    with here.transaction() as database:
        return account.state(database, here.clock.now())


@router.post("/seed", summary="Add users in bulk")
async def add_users(users: list[User], here: Here) -> Counts:
    """Add users with their computers to what there is. Destinations are made as needed."""
    with here.transaction() as database:
        account.add_users(database, users, here.clock.now())
        return account.count(database)


@router.post("/reset", summary="Begin anew", status_code=204)
async def reset(here: Here, seed: SeedName = "none") -> None:
    """Begin as with a new database: data, log, faults, clock, settings. Only the tokens stay good."""
    here.reset(named_seed(seed))


@router.post("/computers", summary="Add a binding", status_code=201)
async def add_computer(binding: NewBinding, here: Here) -> StoredBinding:
    """Add a computer on a destination; the user and the destination are made if there are none of these IDs."""
    stored = binding.model_dump(include={"stored_bytes", "last_backup_ago", "status"})
    computer = Computer(name=binding.computer, destinations=[binding.destination], **stored)
    given = binding.model_dump(include={"login", "company"}, exclude_unset=True)
    with here.transaction() as database:
        account.add_users(database, [User(id=binding.user, computers=[computer], **given)], here.clock.now())
        return account.find_binding(database, binding)


@router.delete("/computers", summary="Take a binding away", status_code=204)
async def remove_computer(binding: BindingName, here: Here) -> None:
    """Take a binding away at once with its data, as someone in the console would. No purge is recorded."""
    with here.transaction() as database:
        _require(account.remove_binding(database, binding), "binding")


@router.post("/users/{user_id:path}/delete", summary="Delete a user's account", status_code=204)
async def delete_user(user_id: str, here: Here) -> None:
    """Delete a user's account. Its data stays, and can still be purged."""
    with here.transaction() as database:
        _require(account.delete_user(database, user_id, here.clock.now()), "user")


@router.post("/backup", summary="Let a computer back up", status_code=204)
async def back_up(backup: Backup, here: Here) -> None:
    """Let a computer back up now: it is listed (again), stores something (again), and Monitoring shows the run."""
    with here.transaction() as database:
        _require(account.back_up(database, backup, here.clock.now()), "binding")


@router.post("/lock", summary="Put object lock on a destination", status_code=204)
async def lock(lock: Lock, here: Here) -> None:
    """Keep what is stored on a destination from being deleted until a time."""
    now = here.clock.now()
    until = lock.until or (now if lock.lasting is None else now + lock.lasting)
    with here.transaction() as database:
        _require(account.lock(database, lock.destination, until), "destination")


@router.get("/settings", summary="Show the settings")
async def read_settings(here: Here) -> Settings:
    """Show every setting."""
    return here.settings


@router.patch("/settings", summary="Change settings")
async def change_settings(changes: Settings, here: Here) -> Settings:
    """Change the settings that are given; the others stay. They outlive a restart."""
    with here.transaction() as database:
        here.change_settings(database, {name: getattr(changes, name) for name in changes.model_fields_set})
    return here.settings


def _require(found: object, what: str) -> None:
    """Refuse to act on what is not there: that can only be a mistake of a test."""
    if not found:
        raise HTTPException(404, f"there is no such {what}")
