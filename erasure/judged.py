"""A judged plan as a document: the plan's check leaves it for the console in the file that MBS_PLAN_FILE names."""

import datetime
import os
import tempfile
from pathlib import Path
from typing import Literal

from erasure.message import Message


class PlannedPurge(Message):
    """One purge. `is_owed`: it was begun before. `is_listed`: whether the account lists it; None: nobody can tell.

    `other_copies` are destinations of the same computer that are not purged with it.
    """

    id: str
    user: str
    destination: str
    destination_name: str | None
    computer: str
    life: str
    hold: str | None
    is_owed: bool
    is_listed: bool | None
    is_running: bool
    last_backup: datetime.datetime | None
    stored_bytes: int | None
    other_copies: int | None


class Pair(Message):
    """A computer on a destination, of a user that is named beside it."""

    destination: str
    computer: str


class ConcernedUser(Message):
    """A user of whom something is to be purged: what stays by the inventory, and what the account lists besides.

    `unattributed_bytes` are those that the account does not attribute to a computer; None: it tells nothing.
    """

    id: str
    login: str | None
    is_known: bool
    unattributed_bytes: int | None
    stays: tuple[Pair, ...]
    besides: tuple[Pair, ...]


class FiredRule(Message):
    """A rule that fired; `level` is the one it has on this stack."""

    rule: str
    level: str
    found: str
    remedy: str
    is_lifted: bool


class JudgedPlan(Message):
    """What one operation would do, and what the rules say to it."""

    version: Literal[1] = 1
    stack: str
    customer: str | None
    endpoint: str
    dry_run: bool
    is_permitted: bool
    wanted: int
    bound: int
    digest: str
    purges: tuple[PlannedPurge, ...]
    releases: tuple[str, ...]
    adoptions: tuple[str, ...]
    rules: tuple[FiredRule, ...]
    obstacles: tuple[str, ...]
    objections: tuple[str, ...]
    users: tuple[ConcernedUser, ...]

    def write(self, file: Path) -> None:
        """Write it whole or not at all. Raises OSError."""
        handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as text:
                text.write(self.model_dump_json(indent=1))
            Path(name).replace(file)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
