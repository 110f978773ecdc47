"""POST api/Provider/Login: API credentials in, a token out.

Only digests of the tokens are kept, so that nothing the sandbox shows can leak one.
"""

import hashlib
import secrets
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import Any, Final
from urllib.parse import parse_qs

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field, SecretStr

from sandbox.pairs import media_type
from sandbox.sandbox import Here
from sandbox.store import Database

router = APIRouter()

LOGIN: Final = "/api/Provider/Login"
LIFETIME: Final = timedelta(seconds=1_209_599)
"""How long a token is good: two weeks, as the vendor's page on logging in shows."""

_FORM: Final = "application/x-www-form-urlencoded"


class Credentials(BaseModel):
    """API credentials."""

    UserName: str
    Password: SecretStr


_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {kind: {"schema": Credentials.model_json_schema()} for kind in ("application/json", _FORM)},
    }
}


class LoginAnswer(BaseModel):
    """A token that is good for `expires_in` seconds. POST api/Provider/Login."""

    access_token: str
    token_type: str = "bearer"  # noqa: S105 -- the kind of token, no secret
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
    given = _read(request.headers.get("content-type"), await request.body())
    if given != Credentials(UserName=here.login.login, Password=SecretStr(here.login.password)):
        refusal = {"error": "invalid_grant", "error_description": "The user name or password is incorrect."}
        return JSONResponse(refusal, int(here.settings.bad_login))
    now = here.clock.now()
    with here.transaction() as database:
        token = _issue(database, now)
    return LoginAnswer(
        access_token=token,
        expires_in=int(LIFETIME.total_seconds()),
        userName=here.login.login,
        issued=_http_date(now),
        expires=_http_date(now + LIFETIME),
    )


def _issue(database: Database, now: datetime) -> str:
    """Make a token."""
    token = secrets.token_urlsafe(48)
    database.execute("INSERT INTO tokens VALUES (?, ?)", (_digest(token), now + LIFETIME))
    return token


def is_good_token(database: Database, token: str, now: datetime) -> bool:
    """Return whether a token was issued here and is good at this time."""
    found = database.execute("SELECT 1 FROM tokens WHERE digest = ? AND expires_at > ?", (_digest(token), now))
    return found.fetchone() is not None


def drop_token(database: Database, token: str) -> None:
    """Make a token worthless before its time."""
    database.execute("DELETE FROM tokens WHERE digest = ?", (_digest(token),))


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()


def _read(content_type: str | None, body: bytes) -> Credentials | None:
    try:
        if media_type(content_type) == _FORM:
            form = parse_qs(body.decode(), keep_blank_values=True)
            return Credentials.model_validate({name: values[0] for name, values in form.items()})
        return Credentials.model_validate_json(body)
    except ValueError:
        return None


def _http_date(time: datetime) -> str:
    return format_datetime(time, usegmt=True)
