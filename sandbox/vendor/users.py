"""GET api/Users and GET api/Users/{id}: who the account's users are."""

from typing import Final

from fastapi import APIRouter
from pydantic import BaseModel

from sandbox.account import derived_id, find_user, living_users
from sandbox.messages import StoredUser
from sandbox.sandbox import Here
from sandbox.settings import Settings
from sandbox.store import Database
from sandbox.vendor.errors import REFUSALS, refuse_unknown

router = APIRouter(responses=REFUSALS)

_DESTINATIONS: Final = """
    SELECT id AS ID, sum(stored_bytes) AS CurrentVolume, account_id AS AccountID, account AS AccountDisplayName,
        bucket AS Destination, bucket AS DestinationDisplayName
    FROM bindings JOIN destinations ON id = destination WHERE user = ? GROUP BY id ORDER BY id
"""


class UserDestination(BaseModel):
    """A destination of a user, with the bytes stored there."""

    ID: str
    CurrentVolume: int
    PackageID: int = 27755
    AccountID: str
    AccountDisplayName: str
    Destination: str
    DestinationDisplayName: str


class User(BaseModel):
    """A user. `Email` is the login, `SpaceUsed` is in kilobytes. GET api/Users/{id}."""

    ID: str
    Email: str
    FirstName: str
    LastName: str
    NotificationEmails: list[str] = []
    Company: str
    Enabled: bool
    LicenseManagmentMode: int = 0
    DestinationList: list[UserDestination]
    SpaceUsed: int


@router.get("/Users", summary="List users")
async def list_users(here: Here) -> list[User]:
    """List the users of the account; deleted ones are not among them."""
    with here.transaction() as database:
        return [_shown(database, user, here.settings) for user in living_users(database)]


@router.get("/Users/{user_id}", summary="Show a user")
async def show_user(user_id: str, here: Here) -> User | None:
    """Show a user. An unknown ID, and that of a deleted user, answer as the setting `unknown_id` says."""
    with here.transaction() as database:
        user = find_user(database, user_id)
        if user is None or user.deleted_at is not None:
            refuse_unknown(here.settings.unknown_id)
            return None
        return _shown(database, user, here.settings)


def _shown(database: Database, user: StoredUser, settings: Settings) -> User:
    destinations = [UserDestination.model_validate(dict(row)) for row in database.execute(_DESTINATIONS, (user.id,))]
    if settings.destination_list_ids == "other":
        for destination in destinations:
            destination.ID = derived_id("destination list", destination.ID.lower())
    return User(
        ID=user.id,
        Email=user.login,
        FirstName=user.first_name,
        LastName=user.last_name,
        Company=user.company,
        Enabled=user.enabled,
        DestinationList=destinations,
        SpaceUsed=sum(destination.CurrentVolume for destination in destinations) // 1024,
    )
