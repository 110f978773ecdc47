"""The provider classes in this process, without an engine, against an account of raw answers."""

import http.server
import json
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from pulumi.dynamic import Config, ConfigureRequest

from providers import connection, purge_run


@dataclass
class FakeAccount:
    """An account of two answers a user: `listed` by user, `known` users, and every DELETE that came."""

    url: str = ""
    listed: dict[str, Any] = field(default_factory=dict)
    known: set[str] = field(default_factory=set)
    runs: dict[str, Any] = field(default_factory=dict)
    deleted: list[tuple[str, Any]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)


@pytest.fixture
def account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeAccount]:
    """Serve a fake account, and configure this process's connection for it."""
    fake = FakeAccount()
    monkeypatch.chdir(tmp_path)  # the project's root, where the ledger is
    monkeypatch.delenv("CI", raising=False)

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            """Say nothing."""

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            match = re.fullmatch(r"/api/(?:Users|Monitoring)/([^/]+)(/Computers)?", self.path)
            assert match
            document: Any = None
            if self.path.startswith("/api/Monitoring/"):
                fake.asked.append(self.path)
                text = json.dumps(fake.runs.get(match[1])).encode()
            elif self.command == "DELETE":
                fake.deleted.append((match[1], json.loads(body)))
                text = b""
            else:
                fake.asked.append(self.path)
                document = (
                    fake.listed.get(match[1]) if match[2] else {"ID": match[1]} if match[1] in fake.known else None
                )
                text = json.dumps(document).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_DELETE = answer  # noqa: N815 -- the library's names

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        fake.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        begin_operation(fake.url)
        yield fake
        server.shutdown()
        thread.join(5)
    connection.reset()
    purge_run.reset()


def begin_operation(url: str, **settings: str) -> None:
    """Begin anew, as a new plugin process does."""
    connection.reset()
    purge_run.reset()
    values = {"endpoint": url, "token": "secret-token", **settings}
    prefixed = {f"mbs-erasure:{key}": value for key, value in values.items()}
    connection.configure(ConfigureRequest(Config(prefixed, "mbs-erasure")))
