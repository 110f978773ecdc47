"""One real server for all of these tests; each begins with an empty sandbox."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from sandbox.running import RunningSandbox
from tests.engine_setup.conftest import tiny  # noqa: F401 -- a fixture, for the tests of the workspace

USER = "0F3C2B1A-0000-4000-8000-00000000000a"
DESTINATION = "d1"
COMPUTER = "LAPTOP"


class Api:
    """A client of the MBS API that hides nothing: it logs in and returns what comes back."""

    def __init__(self, sandbox: RunningSandbox) -> None:
        self.url = sandbox.url
        self.session = requests.Session()
        self.session.trust_env = False
        self.log_in(sandbox.login, sandbox.password)

    def log_in(self, login: str, password: str) -> None:
        answer = self.request("POST", "Provider/Login", json={"UserName": login, "Password": password})
        self.session.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"

    def request(self, method: str, path: str, **more: Any) -> requests.Response:  # noqa: ANN401 -- as `requests`
        return self.session.request(method, f"{self.url}/api/{path}", timeout=30, **more)

    def get(self, path: str) -> requests.Response:
        return self.request("GET", path)

    def listing(self, user: str = USER) -> Any:  # noqa: ANN401 -- any JSON
        return self.get(f"Users/{user}/Computers").json()

    def names(self, user: str = USER) -> list[str]:
        return [pair["ComputerName"] for pair in self.listing(user)]

    def purge(self, *computers: str, destination: str = DESTINATION, user: str = USER) -> requests.Response:
        pairs = [{"DestinationId": destination, "ComputerName": computer} for computer in computers]
        return self.request("DELETE", f"Users/{user}/Computers", json=pairs)

    def send(self, body: bytes, content_type: str | None = "application/json", user: str = USER) -> requests.Response:
        headers = {} if content_type is None else {"Content-Type": content_type}
        return self.request("DELETE", f"Users/{user}/Computers", data=body, headers=headers)


@contextmanager
def under_way(
    sandbox: RunningSandbox, api: Api, request: bytes = b"GET /api/Users", body: bytes = b""
) -> Iterator[None]:
    """Send a request and have it be under way, unanswered; the client leaves at the end of the block."""
    number = len(sandbox.requests())
    address = urlsplit(api.url)
    head = f" HTTP/1.1\r\nHost: x\r\nAuthorization: {api.session.headers['Authorization']!s}\r\n"
    length = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    with socket.create_connection((address.hostname, address.port)) as connection:
        connection.sendall(request + head.encode() + length.encode() + body)
        while len(sandbox.requests()) == number:
            pass
        yield


@pytest.fixture(scope="session")
def server() -> Iterator[RunningSandbox]:
    with RunningSandbox() as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(server: RunningSandbox) -> RunningSandbox:
    server.reset()
    return server


@pytest.fixture(scope="session")
def logged_in(server: RunningSandbox) -> Iterator[Api]:
    api = Api(server)
    with api.session:
        yield api


@pytest.fixture
def api(sandbox: RunningSandbox, logged_in: Api) -> Api:  # noqa: ARG001 -- first the sandbox is reset
    """Return a client that is logged in, and whose login is not in the log."""
    return logged_in


@pytest.fixture
def own_api(sandbox: RunningSandbox) -> Iterator[Api]:
    """Return a client with a token of its own, to be spoilt."""
    api = Api(sandbox)
    with api.session:
        yield api
