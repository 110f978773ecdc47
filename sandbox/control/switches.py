"""The settings: the delay of a purge, the latency, and what the vendor leaves open."""

from fastapi import APIRouter

from sandbox.access import Here
from sandbox.settings import Settings

router = APIRouter()


@router.get("/settings", summary="Show the settings")
async def read_settings(here: Here) -> Settings:
    """Show every setting."""
    return here.settings


@router.patch("/settings", summary="Change settings")
async def change_settings(changes: Settings, here: Here) -> Settings:
    """Change the settings that are given; the others stay. They outlive a restart."""
    with here.transaction() as session:
        here.change_settings(session, {name: getattr(changes, name) for name in changes.model_fields_set})
    return here.settings
