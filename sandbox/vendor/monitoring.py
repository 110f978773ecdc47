"""GET api/Monitoring and GET api/Monitoring/{userId}: the latest run of each plan."""

import sqlite3
from datetime import datetime, timedelta
from typing import Final

from fastapi import APIRouter
from pydantic import BaseModel

from sandbox.account import RUNNING, derived_id, find_user, living_users
from sandbox.messages import StoredUser
from sandbox.sandbox import Here
from sandbox.settings import Settings
from sandbox.store import Database
from sandbox.vendor.errors import REFUSALS, refuse_unknown

router = APIRouter(responses=REFUSALS)

_ERROR: Final = 2
_RUNS: Final = """
    SELECT computer, size_bytes, last_backup, status, plan, destination, storage
    FROM bindings JOIN destinations ON id = destination WHERE user = ? ORDER BY number
"""


class PlanRun(BaseModel):
    """The latest run of a plan. Times carry no zone, sizes are in bytes. GET api/Monitoring.

    Status: 0 success, 1 overdue, 2 error, 3 running, 4 unknown, 5 interrupted, 6 closed unexpectedly, 7 warning.
    """

    PlanName: str
    CompanyName: str | None
    UserName: str
    UserID: str
    ComputerName: str
    BuildVersion: str = "7.9.4.83"
    StorageType: str
    LastStart: str | None
    NextStart: str | None
    Status: int
    ErrorMessage: str | None
    FilesCopied: int
    FilesFailed: int
    DataCopied: int
    Duration: str
    DataToBackup: int
    TotalData: int
    FilesScanned: int
    FilesToBackup: int
    PlanId: str
    PlanType: int = 3
    DetailedReportLink: str | None = None


@router.get("/Monitoring", summary="Show the latest run of every plan")
async def monitor_all(here: Here) -> list[PlanRun]:
    """Show each plan of every user. Deleted users' plans are not among them."""
    with here.transaction() as database:
        return [run for user in living_users(database) for run in _runs(database, user, here.settings)]


@router.get("/Monitoring/{user_id}", summary="Show the latest run of a user's plans")
async def monitor_user(user_id: str, here: Here) -> list[PlanRun] | None:
    """Show each plan of one user. An unknown or deleted user's ID answers as the setting `unknown_id` says."""
    with here.transaction() as database:
        user = find_user(database, user_id)
        if user is None or user.deleted_at is not None:
            refuse_unknown(here.settings.unknown_id)
            return None
        return _runs(database, user, here.settings)


def _runs(database: Database, user: StoredUser, settings: Settings) -> list[PlanRun]:
    """Return the runs. A purge takes data, not plans: a computer that was purged is still monitored."""
    return [_run(user, row, settings) for row in database.execute(_RUNS, (user.id,))]


def _run(user: StoredUser, row: sqlite3.Row, settings: Settings) -> PlanRun:
    size, status = row["size_bytes"], row["status"]
    copied = size // 100
    started = None
    if row["last_backup"] is not None:
        zone = timedelta(minutes=settings.monitoring_utc_offset_minutes)
        started = datetime.fromisoformat(row["last_backup"]).replace(tzinfo=None) + zone
    return PlanRun(
        PlanName=row["plan"],
        CompanyName=user.company or None,
        UserName=user.login,
        UserID=user.id,
        ComputerName=row["computer"],
        StorageType=row["storage"],
        LastStart=None if started is None else _text(started),
        NextStart=None if started is None else _text(started + timedelta(days=1)),
        Status=status,
        ErrorMessage="The network path was not found." if status == _ERROR else None,
        FilesCopied=0 if status == RUNNING else copied // 2**20,
        FilesFailed=1 if status == _ERROR else 0,
        DataCopied=0 if status == RUNNING else copied,
        Duration=f"{copied // 10**8} second(s)",
        DataToBackup=copied,
        TotalData=size,
        FilesScanned=size // 2**18,
        FilesToBackup=copied // 2**20,
        PlanId=derived_id("plan", user.id.lower(), row["destination"].lower(), row["computer"]),
    )


def _text(time: datetime) -> str:
    return time.isoformat(timespec="milliseconds" if time.microsecond // 1000 else "seconds")
