"""GET and DELETE api/Users/{userId}/Computers: what a user has in backup storage, and its purge."""

from typing import Any, Final

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

from sandbox.account import find_user
from sandbox.pairs import JSON_TYPES, NAMESPACE, XML_TYPES, UnreadableBody, read_pairs
from sandbox.purge import Refused, accept
from sandbox.sandbox import Here
from sandbox.vendor.errors import REFUSALS, Refusal, VendorError, refuse_unknown

router = APIRouter(responses=REFUSALS)

_PAIRS: Final = {
    "type": "array",
    "items": {"$ref": "#/components/schemas/UserComputer"},
    "xml": {
        "name": "ArrayOfUserComputerData",
        "namespace": NAMESPACE,
        "wrapped": True,
    },
}
_EXAMPLE: Final = [{"DestinationId": "74c0060b-1ca5-4342-9d02-2a7f57e378c4", "ComputerName": "CHARLIE-LAPTOP"}]
_XML_EXAMPLE: Final = (
    f'<ArrayOfUserComputerData xmlns="{NAMESPACE}">'
    "<UserComputerData><ComputerName>CHARLIE-LAPTOP</ComputerName>"
    "<DestinationId>74c0060b-1ca5-4342-9d02-2a7f57e378c4</DestinationId></UserComputerData>"
    "</ArrayOfUserComputerData>"
)
_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            **{kind: {"schema": _PAIRS, "example": _EXAMPLE} for kind in JSON_TYPES},
            **{kind: {"schema": _PAIRS, "example": _XML_EXAMPLE} for kind in XML_TYPES},
        },
    }
}


class UserComputer(BaseModel):
    """A computer and the destination that holds its data. GET api/Users/{userId}/Computers."""

    DestinationId: str
    ComputerName: str


@router.get("/Users/{user_id}/Computers", summary="List what a user has in backup storage")
async def list_computers(user_id: str, here: Here) -> list[UserComputer] | None:
    """List pairs of a computer and a destination that holds its data.

    What an unknown ID answers is the setting `unknown_user_listing`; whether a deleted user counts as unknown,
    `deleted_user_listing`.
    """
    settings = here.settings
    with here.transaction() as database:
        user = find_user(database, user_id)
        if user is None or (user.deleted_at is not None and settings.deleted_user_listing == "as_unknown"):
            if settings.unknown_user_listing == "[]":
                return []
            refuse_unknown(settings.unknown_user_listing)
            return None
        listing = "SELECT destination, computer FROM bindings WHERE user = ? AND listed ORDER BY number"
        return [
            UserComputer(DestinationId=row[0], ComputerName=row[1]) for row in database.execute(listing, (user.id,))
        ]


@router.delete(
    "/Users/{user_id}/Computers",
    summary="Delete a user's data in backup storage",
    response_class=Response,
    responses={400: {"model": Refusal}, 415: {"model": Refusal}},
    openapi_extra=_BODY,
)
async def delete_computers(user_id: str, request: Request, here: Here) -> Response:
    """Accept the purge of the named pairs: 200 without a body. It takes effect after the purge delay.

    It works after the user was deleted, too. Much about it is undocumented; see the settings under /_sandbox/settings.
    """
    body = await request.body()
    now = here.clock.now()
    try:
        pairs = read_pairs(request.headers.get("content-type"), body)
        with here.transaction() as database:
            user = find_user(database, user_id)
            if user is None:
                raise VendorError(400, "User was not found.")
            complaint = accept(database, user.id, pairs, now, here.settings)
    except UnreadableBody as error:
        raise VendorError(error.status, str(error)) from None
    except Refused as error:
        raise VendorError(400, str(error)) from None
    if complaint is not None:
        raise VendorError(400, complaint)
    return Response()
