"""GET and DELETE api/Users/{userId}/Computers: what a user has in backup storage, and its purge."""

from typing import Any, Final

from fastapi import APIRouter, Request, Response
from sqlalchemy import and_, bindparam, select

from sandbox.access import Here
from sandbox.account import find_user
from sandbox.pairs import Pair, UnreadableBody, read_pairs
from sandbox.purge import Refused, accept, accept_everything
from sandbox.sandbox import Sandbox
from sandbox.tables import BindingRow, DestinationRow, UserRow, folded
from sandbox.vendor.answers import Refusal, UserComputer
from sandbox.vendor.errors import REFUSALS, VendorError
from sandbox.vendor.unknown import refuse_unknown

router = APIRouter(responses=REFUSALS)

_PAIRS: Final = {
    "type": "array",
    "items": {"$ref": "#/components/schemas/UserComputer"},
    "xml": {
        "name": "ArrayOfUserComputerData",
        "namespace": "http://schemas.datacontract.org/2004/07/MBSAPImvc.Engine.Models",
        "wrapped": True,
    },
}
_EXAMPLE: Final = [{"DestinationId": "74c0060b-1ca5-4342-9d02-2a7f57e378c4", "ComputerName": "CHARLIE-LAPTOP"}]
_XML_EXAMPLE: Final = (
    '<ArrayOfUserComputerData xmlns="http://schemas.datacontract.org/2004/07/MBSAPImvc.Engine.Models">'
    "<UserComputerData><ComputerName>CHARLIE-LAPTOP</ComputerName>"
    "<DestinationId>74c0060b-1ca5-4342-9d02-2a7f57e378c4</DestinationId></UserComputerData>"
    "</ArrayOfUserComputerData>"
)
_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": _PAIRS, "example": _EXAMPLE},
            "text/json": {"schema": _PAIRS, "example": _EXAMPLE},
            "application/xml": {"schema": _PAIRS, "example": _XML_EXAMPLE},
            "text/xml": {"schema": _PAIRS, "example": _XML_EXAMPLE},
        },
    }
}


# One statement, which gives an unknown user no row, and one who has nothing a row without a computer.
_LISTING: Final = (
    select(UserRow.deleted_at, DestinationRow.id, BindingRow.computer)
    .outerjoin(BindingRow, and_(BindingRow.user_key == UserRow.key, BindingRow.listed))
    .outerjoin(DestinationRow, DestinationRow.key == BindingRow.destination_key)
    .where(UserRow.key == bindparam("user"))
    .order_by(BindingRow.id)
)


@router.get("/Users/{user_id}/Computers", summary="List what a user has in backup storage")
async def list_computers(user_id: str, here: Here) -> list[UserComputer] | None:
    """List pairs of a computer and a destination that holds its data.

    What an unknown ID answers is the setting `unknown_user_listing`; whether a deleted user counts as unknown,
    `deleted_user_listing`.
    """
    settings = here.settings
    with here.reading() as session:
        rows = session.execute(_LISTING, {"user": folded(user_id)}).all()
    if not rows or (rows[0].deleted_at is not None and settings.deleted_user_listing == "as_unknown"):
        if settings.unknown_user_listing == "[]":
            return []
        refuse_unknown(settings.unknown_user_listing)
        return None
    return [UserComputer(DestinationId=row.id, ComputerName=row.computer) for row in rows if row.id is not None]


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
    try:
        pairs = read_pairs(request.headers.get("content-type"), body, here.settings)
        complaint = _purge(here, user_id, pairs)
    except UnreadableBody as error:
        raise VendorError(error.status, str(error)) from None
    except Refused as error:
        raise VendorError(400, str(error)) from None
    if complaint is not None:
        raise VendorError(400, complaint)
    return Response()


def _purge(here: Sandbox, user_id: str, pairs: list[Pair] | None) -> str | None:
    now = here.clock.now()
    with here.transaction() as session:
        user = find_user(session, user_id)
        if user is None:
            raise VendorError(400, "User was not found.")
        if pairs is None:
            accept_everything(session, user, now, here.settings)
            return None
        return accept(session, user, pairs, now, here.settings)
