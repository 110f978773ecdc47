"""How the MBS API answers what it refuses: {"Message": ...}.

The words are guesses from the server's stack (ASP.NET Web API), except that of an unknown path, which is documented.
"""

from typing import Any, Final, Literal

from fastapi import FastAPI, Request, Response
from fastapi.exception_handlers import http_exception_handler, request_validation_exception_handler
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException

DENIED: Final = {"Message": "Authorization has been denied for this request."}
"""What an absent, unknown or expired token is answered with."""


class Refusal(BaseModel):
    """An error."""

    Message: str


REFUSALS: Final[dict[int | str, dict[str, Any]]] = {
    401: {"model": Refusal, "description": DENIED["Message"]},
}
"""What every path but the login can answer besides, for the OpenAPI page."""


class VendorError(Exception):
    """An answer of the MBS API that is an error."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def is_api(path: str) -> bool:
    """Return whether a path is the vendor's."""
    return path == "/api" or path.startswith("/api/")


def refuse_unknown(answer: Literal["null", "400", "404"]) -> None:
    """Raise the error that a setting asks for; return where it asks for 200 with the body `null`.

    That unknown IDs answer `null` is what published clients saw of other resources; the vendor documents nothing.
    """
    if answer != "null":
        raise VendorError(int(answer), "User was not found.")


def answer_errors(application: FastAPI) -> None:
    """Have the application answer errors as the vendor does, on the vendor's paths and on those that nobody has."""

    @application.exception_handler(VendorError)
    async def refuse(_request: Request, error: VendorError) -> Response:
        return JSONResponse({"Message": str(error)}, error.status)

    @application.exception_handler(HTTPException)
    async def miss(request: Request, error: HTTPException) -> Response:
        if error.status_code == 404 and "endpoint" not in request.scope:
            message = f"No HTTP resource was found that matches the request URI '{request.url}'."
        elif is_api(request.url.path) and error.status_code == 405:
            message = f"The requested resource does not support http method '{request.method}'."
        elif is_api(request.url.path):
            message = str(error.detail)
        else:
            return await http_exception_handler(request, error)
        return JSONResponse({"Message": message}, error.status_code, headers=error.headers)

    @application.exception_handler(RequestValidationError)
    async def complain(request: Request, error: RequestValidationError) -> Response:
        if not is_api(request.url.path):
            return await request_validation_exception_handler(request, error)
        reasons: dict[str, list[str]] = {}
        for reason in error.errors():
            reasons.setdefault(".".join(map(str, reason["loc"][1:])) or "body", []).append(reason["msg"])
        return JSONResponse({"Message": "The request is invalid.", "ModelState": reasons}, 400)

    @application.exception_handler(Exception)
    async def fail(_request: Request, _error: Exception) -> Response:
        return JSONResponse({"Message": "An error has occurred."}, 500)
