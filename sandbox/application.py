"""The web application: the vendor's paths and the sandbox's own, behind the gate."""

from fastapi import APIRouter, Depends, FastAPI
from fastapi.security import HTTPBearer
from starlette.types import ASGIApp

from sandbox.authorization import Authorization
from sandbox.control import clock, contents, faults, log, switches
from sandbox.gate import Gate
from sandbox.openapi import CONTROL, TAGS, VENDOR, serve_openapi_page
from sandbox.sandbox import Sandbox
from sandbox.vendor import billing, computers, login, monitoring, users
from sandbox.vendor.errors import answer_errors

_ABOUT = """\
A stand-in of the MSP360 Managed Backup API to try, rehearse and test on. It is not the vendor's, and stores no backups.

A purge is accepted at once and takes effect after `purge_delay` by the sandbox's clock. What the vendor documents
nowhere is a setting under `/_sandbox/settings`, because a client has to be right under each answer.
"""


def make_application(sandbox: Sandbox) -> ASGIApp:
    """Return the application that serves a sandbox. Its outermost layer has to get the server's own `send`."""
    application = FastAPI(
        title="MBS sandbox",
        description=_ABOUT,
        version="1",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        separate_input_output_schemas=False,
        openapi_tags=TAGS,
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
    )
    application.state.sandbox = sandbox
    application.include_router(_vendor())
    application.include_router(_control())
    answer_errors(application)
    serve_openapi_page(application)
    return Gate(Authorization(application, sandbox), sandbox)


def _vendor() -> APIRouter:
    router = APIRouter(prefix="/api", tags=[VENDOR])
    router.include_router(login.router)
    # Only so that the page offers a place for the token: who may call is decided before.
    bearer = [Depends(HTTPBearer(auto_error=False))]
    for module in (users, computers, monitoring, billing):
        router.include_router(module.router, dependencies=bearer)
    return router


def _control() -> APIRouter:
    router = APIRouter(prefix="/_sandbox", tags=[CONTROL])
    for module in (log, clock, faults, contents, switches):
        router.include_router(module.router)
    return router
