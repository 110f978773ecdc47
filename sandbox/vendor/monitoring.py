"""GET api/Monitoring and GET api/Monitoring/{userId}: the latest run of each plan."""

from datetime import datetime, timedelta
from typing import Any, Final

from fastapi import APIRouter
from pydantic import BaseModel

from sandbox.account import derived_id, find_user, living_users
from sandbox.messages import StoredUser
from sandbox.sandbox import Here
from sandbox.settings import Settings
from sandbox.store import Database
from sandbox.vendor.errors import REFUSALS, refuse_unknown

router = APIRouter(responses=REFUSALS)

# What a run copied is made up: a hundredth of what a full backup takes, and nothing while it is running.
_RUNS: Final = """
    SELECT plan AS PlanName, nullif(company, '') AS CompanyName, login AS UserName, users.id AS UserID,
        computer AS ComputerName, storage AS StorageType, status AS Status, status = 2 AS FilesFailed,
        iif(status = 2, 'The network path was not found.', NULL) AS ErrorMessage,
        iif(status = 3, 0, size_bytes / 100) AS DataCopied, iif(status = 3, 0, size_bytes / 104857600) AS FilesCopied,
        size_bytes / 100 AS DataToBackup, size_bytes AS TotalData, size_bytes / 262144 AS FilesScanned,
        size_bytes / 104857600 AS FilesToBackup, (size_bytes / 10000000000) || ' second(s)' AS Duration,
        last_backup, destination
    FROM bindings JOIN users ON users.id = user JOIN destinations ON destinations.id = destination
    WHERE user = ? ORDER BY number
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
    return [_run(dict(row), settings) for row in database.execute(_RUNS, (user.id,))]


def _run(row: dict[str, Any], settings: Settings) -> PlanRun:
    backup, destination = row.pop("last_backup"), row.pop("destination")
    start = following = None
    if backup is not None:
        zone = timedelta(minutes=settings.monitoring_utc_offset_minutes)
        start = datetime.fromisoformat(backup).replace(tzinfo=None) + zone
        following = start + timedelta(days=1)
    plan = derived_id("plan", row["UserID"].lower(), destination.lower(), row["ComputerName"])
    return PlanRun(**row, LastStart=_text(start), NextStart=_text(following), PlanId=plan)


def _text(time: datetime | None) -> str | None:
    if time is None:
        return None
    return time.isoformat(timespec="milliseconds" if time.microsecond // 1000 else "seconds")
