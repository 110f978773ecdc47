"""Purging backup data: accepted at once, in effect after a delay.

Nothing runs in the background. What is due by the sandbox's clock takes effect at the beginning of the next
transaction, before anyone can see or change what it concerns.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import bindparam, func, insert, or_, select, update
from sqlalchemy.orm import Session

from sandbox.pairs import Pair
from sandbox.settings import Settings
from sandbox.tables import BindingRow, DestinationRow, PurgeRow, UserRow, folded

_DUE: Final = (
    select(
        PurgeRow.id,
        PurgeRow.binding_id,
        PurgeRow.accepted_at,
        PurgeRow.due_at,
        BindingRow.last_backup,
        DestinationRow.locked_until,
    )
    .outerjoin(BindingRow, BindingRow.id == PurgeRow.binding_id)
    .outerjoin(DestinationRow, DestinationRow.key == BindingRow.destination_key)
    .where(PurgeRow.done_at.is_(None), PurgeRow.due_at <= bindparam("now"))
    .where(or_(DestinationRow.locked_until.is_(None), DestinationRow.locked_until <= bindparam("now")))
)
_NEXT_DUE: Final = select(func.min(PurgeRow.due_at)).where(PurgeRow.done_at.is_(None))
_TARGETS: Final = (
    select(BindingRow.id, DestinationRow.id, BindingRow.computer, DestinationRow.locked_until)
    .join(DestinationRow, DestinationRow.key == BindingRow.destination_key)
    .where(BindingRow.user_key == bindparam("user"))
    .where(or_(BindingRow.listed, BindingRow.stored_bytes > 0))
)


class Refused(Exception):
    """The purge is refused as a whole: nothing of it has been accepted."""


class _Target(NamedTuple):
    """A binding that a purge can address: one that is listed, or that still has data."""

    binding_id: int
    destination: str
    computer: str
    locked_until: datetime | None


def accept(session: Session, user: UserRow, pairs: Sequence[Pair], now: datetime, settings: Settings) -> str | None:
    """Accept the purge of those of the pairs that a user has.

    Returns what the answer complains of although the other pairs were accepted, or None. Raises Refused.
    """
    by_pair = defaultdict(list)
    for target in _targets(session, user):
        by_pair[_key(target.destination, target.computer, settings)].append(target)
    found = {pair: by_pair[_key(*pair, settings)] for pair in pairs}
    missing = next((pair for pair, targets in found.items() if not targets), None)
    complaint = None if missing is None else f"Computer '{missing.computer}' was not found."
    if complaint and settings.unknown_pair == "refused":
        raise Refused(complaint)
    _record(session, user, [target for targets in found.values() for target in targets], now, settings)
    return complaint if settings.unknown_pair == "partial" else None


def accept_everything(session: Session, user: UserRow, now: datetime, settings: Settings) -> None:
    """Accept the purge of all that a user has. Raises Refused."""
    _record(session, user, _targets(session, user), now, settings)


def settle(session: Session, now: datetime, settings: Settings) -> None:
    """Let every purge that is due by now take effect; one whose data is locked, when the lock has ended."""
    due = session.execute(_DUE, {"now": now}).all()
    if not due:
        return
    kept = settings.backup_during_purge == "kept"
    purged = {
        purge.binding_id
        for purge in due
        if purge.binding_id is not None
        and not (kept and purge.last_backup is not None and purge.last_backup > purge.accepted_at)
    }
    if purged:
        session.execute(update(BindingRow), [{"id": id_, "listed": False, "stored_bytes": 0} for id_ in purged])
    session.execute(
        update(PurgeRow),
        [{"id": purge.id, "done_at": max(purge.due_at, purge.locked_until or purge.due_at)} for purge in due],
    )


def next_effect(session: Session) -> datetime | None:
    """Return when the next pending purge takes effect, or None. The end of a lock is not counted: it may be later."""
    return session.scalar(_NEXT_DUE)


def _targets(session: Session, user: UserRow) -> list[_Target]:
    return [_Target(*row) for row in session.execute(_TARGETS, {"user": user.key})]


def _key(destination: str, computer: str, settings: Settings) -> tuple[str, str]:
    return folded(destination), computer.casefold() if settings.computer_name_case == "ignored" else computer


def _record(session: Session, user: UserRow, targets: Iterable[_Target], now: datetime, settings: Settings) -> None:
    distinct = {target.binding_id: target for target in targets}.values()
    locked = next((one for one in distinct if one.locked_until is not None and one.locked_until > now), None)
    if locked is not None and settings.locked_pair == "refused":
        raise Refused(f"The data of computer '{locked.computer}' is locked.")
    if not distinct:
        return
    session.execute(
        insert(PurgeRow),
        [
            {
                "binding_id": target.binding_id,
                "user": user.id,
                "destination": target.destination,
                "computer": target.computer,
                "accepted_at": now,
                "due_at": now + settings.purge_delay,
            }
            for target in distinct
        ],
    )
    if settings.delisted == "at_once":
        session.execute(update(BindingRow), [{"id": target.binding_id, "listed": False} for target in distinct])
