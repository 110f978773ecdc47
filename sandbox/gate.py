"""What every request passes first: a bounded body, and, towards the MBS API, the log, faults, latency and the token.

It is the outermost layer and plain ASGI, because a fault can end a connection without any answer.
"""

import asyncio
import json
import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sandbox import journal
from sandbox.clock import real_now
from sandbox.messages import Fault, StatusFault
from sandbox.sandbox import Sandbox
from sandbox.vendor.errors import DENIED, is_api
from sandbox.vendor.login import LOGIN, drop_token, is_good_token

LONGEST_BODY: Final = 32 * 1024 * 1024
"""Bytes of a request's body that are accepted; one purge of 100,000 computers stays below it."""

_WITHOUT_BODY: Final = (204, 205, 304)
_RESET_AT_ONCE: Final = struct.pack("ii", 1, 0)


class Gate:
    """Lets requests through to the application, or does to them what a fault says."""

    def __init__(self, application: ASGIApp, sandbox: Sandbox) -> None:
        self._application = application
        self._sandbox = sandbox

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read the request, and let it pass or not."""
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        try:
            body = await _read(scope, receive)
        except ClientDisconnect:
            return
        if body is None:
            message = {"Message": f"The request entity is longer than {LONGEST_BODY} bytes."}
            await JSONResponse(message, 413, {"Connection": "close"})(scope, receive, send)
        elif is_api(scope["path"]):
            await self._pass_api(scope, body, receive, send)
        else:
            await self._application(scope, _replayed(body, receive), send)

    async def _pass_api(self, scope: Scope, body: bytes, receive: Receive, send: Send) -> None:
        """Let a request of the MBS API take effect, or not, and answer it, or not.

        A client that goes away meanwhile changes nothing: the vendor would not notice either.
        """
        sandbox = self._sandbox
        request = journal.describe(dict(scope), body, sandbox.clock.now(), real_now())
        with sandbox.transaction() as database:
            number = journal.arrived(database, request)
        fault = sandbox.faults.strike(scope["method"], scope["path"])
        wait = sandbox.settings.latency + fault.delay if fault else sandbox.settings.latency
        if wait:
            await asyncio.sleep(wait.total_seconds())
        kind = fault.kind if fault else None
        if kind == "cut_after":
            await self._authorized(scope, _replayed(body, receive), _nowhere)
        if kind in ("cut_before", "cut_after"):
            self._note(number, cut=True, fault=kind)
            await _cut(send, receive)
            return
        answer = self._authorized if fault is None else self._answer_of(fault, scope)
        noted = _before_the_answer(send, lambda status: self._note(number, status=status, fault=kind))
        await answer(scope, _replayed(body, receive), noted)

    def _note(self, number: int, **outcome: Any) -> None:  # noqa: ANN401 -- as of journal.answered
        with self._sandbox.transaction() as database:
            journal.answered(database, number, **outcome)

    def _answer_of(self, fault: Fault, scope: Scope) -> ASGIApp:
        """Return what answers in the application's place, or the application where the fault was a delay."""
        if isinstance(fault, StatusFault):
            return _response(fault)
        if fault.kind == "expired_token":
            with self._sandbox.transaction() as database:
                drop_token(database, _bearer(scope))
            return JSONResponse(DENIED, 401)
        return self._authorized

    async def _authorized(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let through who shows a token that a login gave out. Only a login needs none."""
        with self._sandbox.transaction() as database:
            is_good = is_good_token(database, _bearer(scope), self._sandbox.clock.now())
        allowed = self._application if is_good or scope["path"] == LOGIN else JSONResponse(DENIED, 401)
        await allowed(scope, receive, send)


async def _read(scope: Scope, receive: Receive) -> bytes | None:
    """Return the body, or None for a longer one, which is read all the same: who is still sending hears no answer."""
    body, length = bytearray(), 0
    async for piece in Request(scope, receive).stream():
        length += len(piece)
        if length <= LONGEST_BODY:
            body += piece
        elif length > 2 * LONGEST_BODY:
            break
    return bytes(body) if length <= LONGEST_BODY else None


def _bearer(scope: Scope) -> str:
    """Return the token that a request shows; nothing where it shows none."""
    header: bytes = next((value for name, value in scope["headers"] if name == b"authorization"), b"")
    scheme, _, token = header.decode("latin-1").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _replayed(body: bytes, receive: Receive) -> Receive:
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return messages.pop() if messages else await receive()

    return replay


async def _nowhere(_message: Message) -> None:
    """Send nothing."""


def _before_the_answer(send: Send, note: Callable[[int], None]) -> Send:
    """Note the status before the client can see it: whoever has an answer finds it in the log."""

    async def noting(message: Message) -> None:
        if message["type"] == "http.response.start":
            note(message["status"])
        await send(message)

    return noting


def _response(fault: StatusFault) -> Response:
    text = fault.body if isinstance(fault.body, str) else json.dumps(fault.body)
    if fault.body is None or fault.status in _WITHOUT_BODY:
        text = ""
    kind = fault.content_type or ("text/plain" if isinstance(fault.body, str) else "application/json")
    headers = fault.headers if not text else {"Content-Type": kind, **fault.headers}
    return Response(text * fault.repeat, fault.status, headers)


async def _cut(send: Send, receive: Receive) -> None:
    """Reset the connection of a request that has not been answered.

    ASGI knows no way to leave a request unanswered: a server makes an application's silence a 500. So this takes the
    transport from uvicorn's `send`, a bound method of the object that owns it; `send` must therefore be the server's
    own, unwrapped. It returns when the server has noticed, so that it does not try to answer after all.
    """
    transport = send.__self__.transport  # type: ignore[attr-defined]
    connection: socket.socket = transport.get_extra_info("socket")
    with suppress(OSError):  # the client may have left already
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_AT_ONCE)
    transport.abort()
    while (await receive())["type"] != "http.disconnect":
        pass
