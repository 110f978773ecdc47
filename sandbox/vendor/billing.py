"""PUT api/Billing/Details: how much a user stores. It is a PUT that only reads."""

from datetime import date, datetime
from typing import Final

from fastapi import APIRouter
from pydantic import BaseModel

from sandbox.account import find_user
from sandbox.sandbox import Here
from sandbox.vendor.errors import REFUSALS, Refusal, refuse_unknown

router = APIRouter(responses=REFUSALS)

# By a binding's number or, for totals, by its destination: the first of a group gives its place.
_DETAILS: Final = """
    SELECT CASE WHEN :named THEN computer END AS Computer, sum(stored_bytes) AS SizeBackup, account_id AS AccountID,
        account || ' (' || bucket || ')' AS Destination
    FROM bindings JOIN destinations ON destinations.id = destination
    WHERE user = :user AND (listed OR (stored_bytes > 0 AND NOT :is_hidden))
    GROUP BY CASE WHEN :named THEN number ELSE account || ' (' || bucket || ')' END ORDER BY min(number)
"""


class BillingQuery(BaseModel):
    """Whose storage, and in which month. The sandbox tells the sizes of this moment, whatever the month."""

    UserID: str
    Date: datetime | date


class BilledComputer(BaseModel):
    """How much a computer stores at a destination, in bytes."""

    Computer: str | None
    SizeBackup: int
    SizeRestore: int = 0
    Prefix: str = ""
    AccountID: str
    Destination: str


class BillingDetails(BaseModel):
    """How much a user stores, in bytes. PUT api/Billing/Details."""

    TotalBackupBytes: int
    TotalRestoreBytes: int = 0
    UserID: str
    UserDetailList: list[BilledComputer]


@router.put("/Billing/Details", summary="Show how much a user stores", responses={400: {"model": Refusal}})
async def billing_details(query: BillingQuery, here: Here) -> BillingDetails | None:
    """Show the stored bytes of a user by computer and destination.

    Whether computers are named is the setting `billing_computers`; an unknown ID answers as `unknown_id` says, and a
    deleted user as `deleted_user_listing` does.
    """
    settings = here.settings
    with here.transaction() as database:
        user = find_user(database, query.UserID)
        if user is None or (user.deleted_at is not None and settings.deleted_user_listing == "as_unknown"):
            refuse_unknown(settings.unknown_id)
            return None
        rows = database.execute(
            _DETAILS,
            {
                "user": user.id,
                "named": settings.billing_computers == "named",
                # Data that is not listed is that of a purge whose metadata is gone.
                "is_hidden": settings.locked_pair == "metadata",
            },
        )
        details = [BilledComputer.model_validate(dict(row)) for row in rows]
    return BillingDetails(
        TotalBackupBytes=sum(detail.SizeBackup for detail in details), UserID=user.id, UserDetailList=details
    )
