"""The server: uvicorn on 127.0.0.1, until a signal or its starter ends it."""

import asyncio
import logging
import os
import signal
import socket
import sys
from typing import Final

import click
import uvicorn

from sandbox.application import make_application
from sandbox.sandbox import Sandbox

HOST: Final = "127.0.0.1"
"""The only address that is listened on: a sandbox is for its own machine."""

_KEEP_ALIVE: Final = 600  # seconds; no client is to meet a connection that closes just as it is used again
_INTERRUPTED: Final = 130


class UnusablePort(Exception):
    """The port cannot be listened on."""


def listen(port: int) -> socket.socket:
    """Take a port, a free one for 0. Nothing is accepted on it before `serve`. Raises UnusablePort."""
    # asyncio turns Nagle's algorithm off only where the protocol is given; with it, an answer can take 40 ms.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
    except OSError as error:
        listener.close()
        raise UnusablePort(f"port {port} cannot be listened on ({error.strerror}); give another --port") from None
    return listener


def serve(sandbox: Sandbox, listener: socket.socket, *, end_with_input: bool = False) -> None:
    """Serve until SIGTERM (exit code 0) or SIGINT (130), and print the address once connections are accepted.

    `end_with_input`: end, too, when standard input closes, as it does when whoever started the process is gone.
    """
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(levelname)s %(message)s")
    config = uvicorn.Config(
        make_application(sandbox),
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=_KEEP_ALIVE,
        ws="none",
        lifespan="off",
    )
    server = _Server(config, sandbox, end_with_input=end_with_input)
    asyncio.run(server.serve([listener]))


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, sandbox: Sandbox, *, end_with_input: bool) -> None:
        super().__init__(config)
        self._sandbox = sandbox
        self._end_with_input = end_with_input

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen, and say so."""
        await super().startup(sockets)
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self._end, 0)
        loop.add_signal_handler(signal.SIGINT, self._end, _INTERRUPTED)
        if self._end_with_input:
            loop.add_reader(sys.stdin.fileno(), self._end, 0)
        for one in sockets or []:
            click.echo(f"http://{HOST}:{one.getsockname()[1]}")

    def _end(self, code: int) -> None:
        """End the process at once.

        Requests under way are cut off, as by any server that dies: waiting for them could take as long as the delays
        that were asked for, and cancelling them would answer each with an error 500. No transaction is under way,
        because none spans an `await`.
        """
        self._sandbox.close()
        os._exit(code)
