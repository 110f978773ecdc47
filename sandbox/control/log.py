"""The log of the MBS API's requests."""

from fastapi import APIRouter

from sandbox.access import Here
from sandbox.messages import LoggedRequest

router = APIRouter()


@router.get("/requests", summary="Show the requests that the MBS API received")
async def read_requests(here: Here, since: int = 0) -> list[LoggedRequest]:
    """Show the requests after number `since`, in the order of their arrival, those being answered too."""
    with here.transaction() as session:
        return here.journal.read(session, since)


@router.delete("/requests", summary="Forget the requests", status_code=204)
async def clear_requests(here: Here) -> None:
    """Forget the requests so far. Their numbers are not used again."""
    with here.transaction() as session:
        here.journal.clear(session)
