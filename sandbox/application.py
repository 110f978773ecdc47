"""The web application: the vendor's paths and the sandbox's own, behind the gate."""

from typing import Any, Final

from fastapi import Depends
from fastapi.security import HTTPBearer
from fastapi_offline import FastAPIOffline
from starlette.types import ASGIApp

from sandbox import control
from sandbox.gate import Gate
from sandbox.sandbox import Sandbox
from sandbox.vendor import billing, computers, login, monitoring, users
from sandbox.vendor.errors import answer_errors

_VENDOR: Final = "MBS API"
_CONTROL: Final = "Sandbox control (not the vendor's)"
_TAGS: Final[list[dict[str, Any]]] = [
    {"name": _VENDOR, "description": "What the sandbox stands in for. Log in first, then use the token as the bearer."},
    {"name": _CONTROL, "description": "Only a sandbox has these paths. They need no token and are not in the log."},
]
_ABOUT: Final = """\
A stand-in of the MSP360 Managed Backup API to try, rehearse and test on. It is not the vendor's, and stores no backups.

A purge is accepted at once and takes effect after `purge_delay` by the sandbox's clock. What the vendor documents
nowhere is a setting under `/_sandbox/settings`, because a client has to be right under each answer.
"""


def make_application(sandbox: Sandbox) -> ASGIApp:
    """Return the application that serves a sandbox. Its outermost layer has to get the server's own `send`."""
    application = FastAPIOffline(
        title="MBS sandbox",
        description=_ABOUT,
        version="1",
        redoc_url=None,
        static_url="/_sandbox/swagger-ui",
        # Otherwise the page would send the document to a validator on the internet.
        swagger_ui_parameters={"validatorUrl": None},
        redirect_slashes=False,
        separate_input_output_schemas=False,
        openapi_tags=_TAGS,
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
    )
    application.state.sandbox = sandbox
    application.include_router(login.router, prefix="/api", tags=[_VENDOR])
    # Only so that the page offers a place for the token: who may call is decided before.
    bearer = [Depends(HTTPBearer(auto_error=False))]
    for module in (users, computers, monitoring, billing):
        application.include_router(module.router, prefix="/api", tags=[_VENDOR], dependencies=bearer)
    application.include_router(control.router, prefix="/_sandbox", tags=[_CONTROL])
    answer_errors(application)
    return Gate(application, sandbox)
