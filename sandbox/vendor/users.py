"""GET api/Users and GET api/Users/{id}: who the account's users are."""

from collections import defaultdict
from collections.abc import Iterable

from fastapi import APIRouter
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from sandbox.access import Here
from sandbox.account import derived_id, find_user
from sandbox.settings import Settings
from sandbox.tables import BindingRow, DestinationRow, UserRow
from sandbox.vendor.answers import User, UserDestination
from sandbox.vendor.errors import REFUSALS
from sandbox.vendor.unknown import refuse_unknown

router = APIRouter(responses=REFUSALS)


@router.get("/Users", summary="List users")
async def list_users(here: Here) -> list[User]:
    """List the users of the account; deleted ones are not among them."""
    with here.reading() as session:
        users = session.scalars(select(UserRow).where(UserRow.deleted_at.is_(None)).order_by(UserRow.login)).all()
        return _described(session, users, here.settings)


@router.get("/Users/{user_id}", summary="Show a user")
async def show_user(user_id: str, here: Here) -> User | None:
    """Show a user. An unknown ID, and that of a deleted user, answer as the setting `unknown_id` says."""
    with here.reading() as session:
        user = find_user(session, user_id)
        if user is None or user.deleted_at is not None:
            refuse_unknown(here.settings.unknown_id)
            return None
        return _described(session, [user], here.settings, user.key)[0]


def _described(session: Session, users: Iterable[UserRow], settings: Settings, key: str | None = None) -> list[User]:
    volumes = (
        select(BindingRow.user_key, DestinationRow, func.sum(BindingRow.stored_bytes))
        .join(DestinationRow, DestinationRow.key == BindingRow.destination_key)
        .group_by(BindingRow.user_key, DestinationRow.key)
        .order_by(DestinationRow.key)
    )
    by_user: defaultdict[str, list[UserDestination]] = defaultdict(list)
    for user_key, destination, volume in session.execute(
        volumes if key is None else volumes.where(BindingRow.user_key == key)
    ):
        by_user[user_key].append(_destination(destination, volume, settings))
    return [_user(user, by_user[user.key]) for user in users]


def _user(row: UserRow, destinations: list[UserDestination]) -> User:
    return User(
        ID=row.id,
        Email=row.login,
        FirstName=row.first_name,
        LastName=row.last_name,
        NotificationEmails=[],
        Company=row.company,
        Enabled=row.enabled,
        LicenseManagmentMode=0,
        DestinationList=destinations,
        SpaceUsed=sum(one.CurrentVolume for one in destinations) // 1024,
    )


def _destination(row: DestinationRow, volume: int, settings: Settings) -> UserDestination:
    own = settings.destination_list_ids == "same"
    return UserDestination(
        ID=row.id if own else derived_id("destination list", row.key),
        CurrentVolume=volume,
        PackageID=27755,
        AccountID=row.account_id,
        AccountDisplayName=row.account,
        Destination=row.bucket,
        DestinationDisplayName=row.bucket,
    )
