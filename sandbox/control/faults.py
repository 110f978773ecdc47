"""Faults to inject into the MBS API."""

from fastapi import APIRouter

from sandbox.access import Here
from sandbox.messages import Fault, InjectedFault

router = APIRouter()


@router.get("/faults", summary="Show the faults")
async def read_faults(here: Here) -> list[InjectedFault]:
    """Show the faults and how often each has struck."""
    return here.faults.read()


@router.post("/faults", summary="Inject a fault", status_code=201)
async def inject_fault(fault: Fault, here: Here) -> InjectedFault:
    """Inject a fault. It strikes one matching request unless `count` says otherwise, and ends with the server."""
    return here.faults.inject(fault)


@router.delete("/faults", summary="End every fault", status_code=204)
async def clear_faults(here: Here) -> None:
    """End every fault, the waiting ones too."""
    here.faults.clear()
