"""POST api/Provider/Login: API credentials in, a token out."""

import hmac
import json
from datetime import datetime
from email.utils import format_datetime
from typing import Any, Final
from urllib.parse import parse_qs

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from sandbox import tokens
from sandbox.pairs import media_type
from sandbox.sandbox import Here

router = APIRouter()

_FIELDS: Final = {
    "type": "object",
    "required": ["UserName", "Password"],
    "properties": {"UserName": {"type": "string"}, "Password": {"type": "string", "format": "password"}},
}
_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": _FIELDS},
            "application/x-www-form-urlencoded": {"schema": _FIELDS},
        },
    }
}


class LoginAnswer(BaseModel):
    """A token that is good for `expires_in` seconds. POST api/Provider/Login."""

    access_token: str
    token_type: str
    expires_in: int
    userName: str  # noqa: N815 -- the vendor's spelling
    issued: str = Field(serialization_alias=".issued")
    expires: str = Field(serialization_alias=".expires")


class LoginRefusal(BaseModel):
    """A login that is refused."""

    error: str
    error_description: str


@router.post(
    "/Provider/Login",
    summary="Log in",
    response_model=LoginAnswer,
    responses={400: {"model": LoginRefusal}},
    openapi_extra=_BODY,
)
async def log_in(request: Request, here: Here) -> Response | LoginAnswer:
    """Give out a bearer token for the API credentials that the sandbox was started with. It is good for two weeks."""
    login, password = _credentials(request.headers.get("content-type"), await request.body())
    if not (_same(login, here.login.login) and _same(password, here.login.password)):
        refusal = {"error": "invalid_grant", "error_description": "The user name or password is incorrect."}
        return JSONResponse(refusal, int(here.settings.bad_login))
    now = here.clock.now()
    with here.transaction() as database:
        token = tokens.issue(database, now)
    return LoginAnswer(
        access_token=token,
        token_type="bearer",  # noqa: S106 -- the kind of token, no secret
        expires_in=int(tokens.LIFETIME.total_seconds()),
        userName=here.login.login,
        issued=_http_date(now),
        expires=_http_date(now + tokens.LIFETIME),
    )


def _credentials(content_type: str | None, body: bytes) -> tuple[object, object]:
    try:
        if media_type(content_type) == "application/x-www-form-urlencoded":
            form = parse_qs(body.decode(), keep_blank_values=True)
            fields: Any = {name: values[0] for name, values in form.items()}
        else:
            fields = json.loads(body)
    except (ValueError, RecursionError):
        return None, None
    return (fields.get("UserName"), fields.get("Password")) if isinstance(fields, dict) else (None, None)


def _same(given: object, wanted: str) -> bool:
    return isinstance(given, str) and hmac.compare_digest(given.encode(errors="replace"), wanted.encode())


def _http_date(time: datetime) -> str:
    return format_datetime(time, usegmt=True)
