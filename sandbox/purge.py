"""Purging backup data: accepted at once, in effect after a delay.

Nothing runs in the background. What is due by the sandbox's clock takes effect at the beginning of the next
transaction, before anyone can see or change what it concerns.
"""

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from sandbox.pairs import Pair
from sandbox.settings import Settings
from sandbox.store import Database

# Bindings that a purge can address: those that are listed, or that still have data.
_TARGETS: Final = """
    SELECT number, bindings.user, bindings.destination, computer, coalesce(locked_until > :now, FALSE) AS is_locked
    FROM bindings JOIN destinations ON destinations.id = bindings.destination
    WHERE user = :user AND (listed OR stored_bytes > 0)
"""
_ACCEPT: Final = """
    INSERT INTO purges (binding, user, destination, computer, accepted_at, due_at)
    VALUES (:number, :user, :destination, :computer, :now, :due_at)
"""
_PURGE: Final = """
    UPDATE bindings SET listed = FALSE, stored_bytes = 0 WHERE number IN (
        SELECT binding FROM pending
        WHERE due_at <= :now AND effect_at <= :now AND NOT (:backups_are_kept AND backed_up_since)
    )
"""
_END: Final = """
    UPDATE purges SET done_at = effect_at FROM pending
    WHERE pending.number = purges.number AND pending.due_at <= :now AND effect_at <= :now
"""


_DELIST: Final = """
    UPDATE bindings SET listed = FALSE
    WHERE number IN (SELECT binding FROM pending WHERE due_at <= :now AND effect_at > :now)
"""


class Refused(Exception):
    """The purge is refused as a whole: nothing of it has been accepted."""


def accept(database: Database, user: str, pairs: Sequence[Pair], now: datetime, settings: Settings) -> str | None:
    """Accept the purge of those of the pairs that a user has.

    Returns what the answer complains of although the other pairs were accepted, or None. Raises Refused.
    """
    by_pair = defaultdict(list)
    for target in database.execute(_TARGETS, {"user": user, "now": now}):
        by_pair[_key(target["destination"], target["computer"], settings)].append(target)
    found = {pair: by_pair[_key(*pair, settings)] for pair in pairs}
    missing = next((pair for pair, targets in found.items() if not targets), None)
    complaint = None if missing is None else f"Computer '{missing.computer}' was not found."
    if complaint and settings.unknown_pair == "refused":
        raise Refused(complaint)
    _record(database, [target for targets in found.values() for target in targets], now, settings)
    return complaint if settings.unknown_pair == "partial" else None


def settle(database: Database, now: datetime, settings: Settings) -> None:
    """Let every purge that is due by now take effect; one whose data is locked, when the lock has ended."""
    values = {"now": now, "backups_are_kept": settings.backup_during_purge == "kept"}
    database.execute(_PURGE, values)
    database.execute(_END, values)
    if settings.locked_pair == "metadata":
        database.execute(_DELIST, values)


def _key(destination: str, computer: str, settings: Settings) -> tuple[str, str]:
    return destination.casefold(), computer.casefold() if settings.computer_name_case == "ignored" else computer


def _record(database: Database, targets: Iterable[sqlite3.Row], now: datetime, settings: Settings) -> None:
    distinct = {target["number"]: target for target in targets}
    locked = next((target for target in distinct.values() if target["is_locked"]), None)
    if locked is not None and settings.locked_pair == "refused":
        raise Refused(f"The data of computer '{locked['computer']}' is locked.")
    times = {"now": now, "due_at": now + settings.purge_delay}
    database.executemany(_ACCEPT, ({**dict(target), **times} for target in distinct.values()))
    if settings.delisted == "at_once":
        database.executemany("UPDATE bindings SET listed = FALSE WHERE number = ?", ((number,) for number in distinct))
