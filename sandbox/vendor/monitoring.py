"""GET api/Monitoring and GET api/Monitoring/{userId}: the latest run of each plan."""

from datetime import datetime, timedelta

from fastapi import APIRouter
from sqlalchemy import select
from sqlalchemy.orm import Session

from sandbox.access import Here
from sandbox.account import RUNNING, derived_id, find_user
from sandbox.settings import Settings
from sandbox.tables import BindingRow, DestinationRow, UserRow
from sandbox.vendor.answers import PlanRun
from sandbox.vendor.errors import REFUSALS
from sandbox.vendor.unknown import refuse_unknown

router = APIRouter(responses=REFUSALS)

_ERROR = 2


@router.get("/Monitoring", summary="Show the latest run of every plan")
async def monitor_all(here: Here) -> list[PlanRun]:
    """Show each plan of every user. Deleted users' plans are not among them."""
    with here.reading() as session:
        return _runs(session, here.settings)


@router.get("/Monitoring/{user_id}", summary="Show the latest run of a user's plans")
async def monitor_user(user_id: str, here: Here) -> list[PlanRun] | None:
    """Show each plan of one user. An unknown or deleted user's ID answers as the setting `unknown_id` says."""
    with here.reading() as session:
        user = find_user(session, user_id)
        if user is None or user.deleted_at is not None:
            refuse_unknown(here.settings.unknown_id)
            return None
        return _runs(session, here.settings, user.key)


def _runs(session: Session, settings: Settings, user_key: str | None = None) -> list[PlanRun]:
    """Return the runs. A purge takes data, not plans: a computer that was purged is still monitored."""
    query = (
        select(BindingRow, UserRow, DestinationRow.storage)
        .join(UserRow, UserRow.key == BindingRow.user_key)
        .join(DestinationRow, DestinationRow.key == BindingRow.destination_key)
        .where(UserRow.deleted_at.is_(None))
        .order_by(BindingRow.id)
    )
    rows = session.execute(query if user_key is None else query.where(UserRow.key == user_key))
    return [_run(binding, user, storage, settings) for binding, user, storage in rows]


def _run(binding: BindingRow, user: UserRow, storage: str, settings: Settings) -> PlanRun:
    copied = binding.size_bytes // 100
    started = binding.last_backup
    return PlanRun(
        PlanName=binding.plan,
        CompanyName=user.company or None,
        UserName=user.login,
        UserID=user.id,
        ComputerName=binding.computer,
        BuildVersion="7.9.4.83",
        StorageType=storage,
        LastStart=_zoneless(started, settings),
        NextStart=None if started is None else _zoneless(started + timedelta(days=1), settings),
        Status=binding.status,
        ErrorMessage="The network path was not found." if binding.status == _ERROR else None,
        FilesCopied=0 if binding.status == RUNNING else copied // 2**20,
        FilesFailed=1 if binding.status == _ERROR else 0,
        DataCopied=0 if binding.status == RUNNING else copied,
        Duration=f"{copied // 10**8} second(s)",
        DataToBackup=copied,
        TotalData=binding.size_bytes,
        FilesScanned=binding.size_bytes // 2**18,
        FilesToBackup=copied // 2**20,
        PlanId=derived_id("plan", binding.user_key, binding.destination_key, binding.computer),
        PlanType=3,
        DetailedReportLink=None,
    )


def _zoneless(time: datetime | None, settings: Settings) -> str | None:
    if time is None:
        return None
    shown = (time + timedelta(minutes=settings.monitoring_utc_offset_minutes)).replace(tzinfo=None)
    return shown.isoformat(timespec="milliseconds" if shown.microsecond // 1000 else "seconds")
