"""The provider classes in this process, without an engine, against an account of raw answers."""

import http.server
import json
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from pulumi.dynamic import Config, ConfigureRequest

from erasure.ledger import Event, Kind
from erasure.plan import Bound
from providers import operation
from providers.binding import BindingProvider
from providers.purge_plan import PurgePlanProvider


@dataclass
class FakeAccount:
    """An account of two answers a user: `listed` by user, `known` users, and every DELETE that came."""

    url: str = ""
    listed: dict[str, Any] = field(default_factory=dict)
    known: set[str] = field(default_factory=set)
    runs: dict[str, Any] = field(default_factory=dict)
    stored: dict[str, Any] = field(default_factory=dict)
    refuse_deletes: bool = False
    break_next_delete: bool = False
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
            status, document = self.found(json.loads(body) if body else None)
            if status is None:
                self.close_connection = True
                return
            text = b"" if document is None and self.command == "DELETE" else json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def found(self, body: Any) -> tuple[int | None, Any]:  # noqa: ANN401 -- any JSON
            _, _, kind, *rest = self.path.split("/")
            user = rest.pop(0) if rest else ""
            if self.command == "DELETE":
                fake.deleted.append((user, body))
                if fake.break_next_delete:
                    fake.break_next_delete = False
                    return None, None
                return (400, {"Message": "no"}) if fake.refuse_deletes else (200, None)
            fake.asked.append(self.path)
            if kind == "Monitoring":
                return 200, [{**run, "UserID": user} for user, runs in fake.runs.items() for run in runs]
            if kind == "Billing":
                stored = fake.stored.get(body["UserID"], [])
                return 200, stored if isinstance(stored, str) else {"UserDetailList": stored}
            return 200, fake.listed.get(user) if rest else {"ID": user} if user in fake.known else None

        do_GET = do_DELETE = do_PUT = answer  # noqa: N815 -- the library's names

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        fake.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        begin_operation(fake.url)
        yield fake
        server.shutdown()
        thread.join(5)
    operation.reset()


def note_adoptions(bound: Iterable[Bound]) -> None:
    """Have the ledger of the stack `acme` know these adoptions."""
    ledger = operation.current().connection.ledger("mbs-erasure", "acme")
    ledger.append([Event(Kind.ADOPTED, one.endpoint, one.id, one.life) for one in bound])


def begin_operation(url: str, **settings: str) -> None:
    """Begin anew, as a new plugin process does."""
    operation.reset()
    values = {"endpoint": url, "token": "secret-token", "retries": "0", **settings}
    prefixed = {f"mbs-erasure:{key}": value for key, value in values.items()}
    for provider in (BindingProvider(), PurgePlanProvider()):
        provider.configure(ConfigureRequest(Config(prefixed, "mbs-erasure")))
