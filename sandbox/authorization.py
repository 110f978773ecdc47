"""Who may call the MBS API: whoever shows a token that a login gave out."""

from typing import Final

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from sandbox import tokens
from sandbox.sandbox import Sandbox

DENIED: Final = {"Message": "Authorization has been denied for this request."}
"""What an absent, unknown or expired token is answered with. A guess at the vendor's words, from its server's stack."""

LOGIN: Final = "/api/Provider/Login"


class Authorization:
    """Answers 401 to whatever shows no good token. Only a login needs none."""

    def __init__(self, application: ASGIApp, sandbox: Sandbox) -> None:
        self._application = application
        self._sandbox = sandbox

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request pass, or answer it."""
        if scope["type"] == "http" and is_api(scope["path"]) and scope["path"] != LOGIN:
            with self._sandbox.transaction() as database:
                is_good = tokens.is_good(database, bearer_token(scope) or "", self._sandbox.clock.now())
            if not is_good:
                await JSONResponse(DENIED, 401)(scope, receive, send)
                return
        await self._application(scope, receive, send)


def is_api(path: str) -> bool:
    """Return whether a path is the vendor's."""
    return path == "/api" or path.startswith("/api/")


def bearer_token(scope: Scope) -> str | None:
    """Return the token that a request shows, or None."""
    header = next((value for name, value in scope["headers"] if name == b"authorization"), b"")
    scheme, _, token = header.decode("latin-1").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.strip() else None
