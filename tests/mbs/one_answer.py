"""A server of raw bytes on loopback, for the answers that no well-behaved server gives."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass
class OneAnswer:
    """Answers every request with the same bytes, then closes; `requests` are the raw requests it got."""

    answer: bytes
    url: str = ""
    requests: list[bytes] = field(default_factory=list)


@contextlib.contextmanager
def answering(
    answer: bytes, *, then_hang: bool = False, encrypted: ssl.SSLContext | None = None
) -> Iterator[OneAnswer]:
    """Serve these bytes while the block runs; with `then_hang` a connection stays open until the client leaves."""
    server = OneAnswer(answer)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server.url = f"http{'s' if encrypted else ''}://127.0.0.1:{listener.getsockname()[1]}"

        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with contextlib.suppress(OSError), _wrapped(connection, encrypted) as stream:
                    server.requests.append(_request(stream))
                    stream.sendall(server.answer)
                    if then_hang:
                        stream.recv(1)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(5)


def http(status: int, body: str = "", *headers: str) -> bytes:
    """Return a well-formed answer."""
    content = body.encode()
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(content)}", "Connection: close", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + content


def _wrapped(connection: socket.socket, encrypted: ssl.SSLContext | None) -> socket.socket:
    return connection if encrypted is None else encrypted.wrap_socket(connection, server_side=True)


def _request(connection: socket.socket) -> bytes:
    text = b""
    while b"\r\n\r\n" not in text:
        text += connection.recv(65536)
    head, _, body = text.partition(b"\r\n\r\n")
    length = next(
        (int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")), 0
    )
    while len(body) < length:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body
