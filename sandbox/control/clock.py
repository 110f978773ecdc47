"""The clock by which purges take effect, tokens expire and backups grow old."""

from fastapi import APIRouter, HTTPException

from sandbox.access import Here
from sandbox.clock import real_now
from sandbox.messages import ClockMove, ClockReading

router = APIRouter()


@router.get("/clock", summary="Read the clock")
async def read_clock(here: Here) -> ClockReading:
    """Read the sandbox's clock and the real one."""
    return ClockReading(now=here.clock.now(), real=real_now())


@router.post("/clock", summary="Move the clock")
async def move_clock(move: ClockMove, here: Here) -> ClockReading:
    """Move the clock on by a duration, or put it at a time. What has happened stays so when it is put back."""
    try:
        if move.forward is not None:
            here.clock.forward(move.forward)
        elif move.time is not None:
            here.clock.set(move.time)
    except ValueError as error:
        raise HTTPException(422, str(error)) from None
    with here.transaction() as session:
        here.keep_clock(session)
    return ClockReading(now=here.clock.now(), real=real_now())
