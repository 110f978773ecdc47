"""PUT api/Billing/Details: how much a user stores. It is a PUT that only reads."""

from collections import defaultdict
from datetime import date, datetime

from fastapi import APIRouter
from pydantic import BaseModel
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from sandbox.access import Here
from sandbox.account import find_user
from sandbox.tables import BindingRow, DestinationRow
from sandbox.vendor.answers import BilledComputer, BillingDetails, Refusal
from sandbox.vendor.errors import REFUSALS
from sandbox.vendor.unknown import refuse_unknown

router = APIRouter(responses=REFUSALS)


class BillingQuery(BaseModel):
    """Whose storage, and in which month. The sandbox tells the sizes of this moment, whatever the month."""

    UserID: str
    Date: datetime | date


@router.put("/Billing/Details", summary="Show how much a user stores", responses={400: {"model": Refusal}})
async def billing_details(query: BillingQuery, here: Here) -> BillingDetails | None:
    """Show the stored bytes of a user by computer and destination.

    Whether computers are named is the setting `billing_computers`; an unknown ID answers as `unknown_id` says, and a
    deleted user as `deleted_user_listing` does.
    """
    settings = here.settings
    with here.reading() as session:
        user = find_user(session, query.UserID)
        if user is None or (user.deleted_at is not None and settings.deleted_user_listing == "as_unknown"):
            refuse_unknown(settings.unknown_id)
            return None
        details = _details(session, user.key)
    return BillingDetails(
        TotalBackupBytes=sum(one.SizeBackup for one in details),
        TotalRestoreBytes=0,
        UserID=user.id,
        UserDetailList=details if settings.billing_computers == "named" else _totals(details),
    )


def _details(session: Session, user_key: str) -> list[BilledComputer]:
    rows = session.execute(
        select(BindingRow.computer, BindingRow.stored_bytes, DestinationRow)
        .join(DestinationRow, DestinationRow.key == BindingRow.destination_key)
        .where(BindingRow.user_key == user_key, or_(BindingRow.listed, BindingRow.stored_bytes > 0))
        .order_by(BindingRow.id)
    )
    return [
        BilledComputer(
            Computer=computer,
            SizeBackup=stored_bytes,
            SizeRestore=0,
            Prefix="",
            AccountID=destination.account_id,
            Destination=f"{destination.account} ({destination.bucket})",
        )
        for computer, stored_bytes, destination in rows
    ]


def _totals(details: list[BilledComputer]) -> list[BilledComputer]:
    by_destination: defaultdict[str, list[BilledComputer]] = defaultdict(list)
    for one in details:
        by_destination[one.Destination].append(one)
    return [
        same[0].model_copy(update={"Computer": None, "SizeBackup": sum(one.SizeBackup for one in same)})
        for same in by_destination.values()
    ]
