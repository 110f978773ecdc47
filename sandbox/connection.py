"""Cutting a connection, as a network or a dying server does: the one place that reaches below ASGI."""

import socket
import struct
from contextlib import suppress
from typing import Final

from starlette.types import Receive, Send

_RESET_AT_ONCE: Final = struct.pack("ii", 1, 0)


async def cut(send: Send, receive: Receive) -> None:
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
