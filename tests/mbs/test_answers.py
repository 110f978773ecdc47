"""Every call with every answer: what it comes to is what the table says, and safety.md shows that table."""

import contextlib
import datetime
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from erasure.account import Account
from erasure.files.inventory import Entry
from erasure.ledger import Ledger, Life, Observation, Verdict
from erasure.plan import Plan, PlanRequest
from erasure.verdict import look_again
from mbs.client import Client
from mbs.credentials import Login, Token
from mbs.errors import MbsError
from mbs.models import UnusableRow, UserComputer
from providers import operation
from providers.connection import Connection
from providers.judgement import judge_plan
from sandbox.workspace import PROJECT
from tests.mbs.answers import (
    ANSWERS,
    CALLS,
    DOCUMENTED,
    FIELDS,
    OTHER,
    PC,
    TABLE,
    Cell,
    answer,
    gone,
    markdown,
    names,
    text,
    without,
)
from tests.providers.conftest import begin_operation
from tests.small_engine import SmallEngine

PAIR = UserComputer(DestinationId="d-1", ComputerName=PC)
NOW = datetime.datetime(2026, 12, 1, 15, tzinfo=datetime.UTC)
HOUR = datetime.timedelta(hours=1)


class Api:
    """An account that answers each call as it is told, else as documented."""

    def __init__(self) -> None:
        self.url = ""
        self.told: dict[str, tuple[int, str]] = {}
        self.lists = True
        self.deletes = 0

    def answer(self, method: str, path: str) -> tuple[int, str]:
        call = call_of(method, path)
        self.deletes += call == "purge"
        return self.told.get(call, (200, text(DOCUMENTED[call] if self.lists else gone(call))))


def call_of(method: str, path: str) -> str:
    if method == "DELETE":
        return "purge"
    kinds = {"Provider": "login", "Monitoring": "monitoring", "Billing": "billing"}
    return kinds.get(path.split("/")[2]) or ("computers" if path.endswith("/Computers") else "user")


@pytest.fixture(scope="module")
def served() -> Iterator[Api]:
    api = Api()

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            """Say nothing."""

        def act(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, body = api.answer(self.command, self.path)
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

        do_GET = do_DELETE = do_PUT = do_POST = act  # noqa: N815 -- the library's names

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        api.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield api
        server.shutdown()
        thread.join(5)


@pytest.fixture
def api(served: Api, monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    """Return the account, as documented."""
    monkeypatch.delenv("CI", raising=False)
    served.told, served.lists, served.deletes = {}, True, 0
    yield served
    operation.reset()


@pytest.fixture(scope="module")
def stack(served: Api, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, SmallEngine]:
    """Return a stack that has adopted both computers, and the folder with its ledger."""
    served.told, served.lists = {}, True
    folder = tmp_path_factory.mktemp("project")
    return folder, adopted(served, folder)


def request(engine: SmallEngine, *wanted: str) -> PlanRequest:
    entries = tuple(Entry(user="u-1", destination="d-1", computer=one) for one in wanted)
    return PlanRequest(project="mbs-erasure", stack="acme", dry_run=False, wanted=entries, bound=engine.bound())


def adopted(api: Api, folder: Path) -> SmallEngine:
    engine = SmallEngine(lambda: begin_operation(api.url, maxPurgeBytes="1000"))
    with contextlib.chdir(folder):
        assert engine.up(request(engine, OTHER, PC)).is_permitted
        operation.reset()
    return engine


def called(api: Api, call: str) -> str:
    """Return what the client makes of an answer."""
    client = Client(api.url, Login("login", "password") if call == "login" else Token("t0ken"))
    try:
        return CALL[call](client)
    except MbsError as error:
        return f"`{type(error).__name__}`"


def computers(client: Client) -> str:
    listed = client.computers("u-1")
    if listed is None:
        return "an unknown user"
    return ("unusable rows" if isinstance(listed[0], UnusableRow) else "what is listed") if listed else "nothing listed"


def monitoring(client: Client) -> str:
    runs = client.plan_runs()
    return ("runs" if runs[0].user_id else "runs of nobody") if runs else "no run"


def billing(client: Client) -> str:
    found = client.billing("u-1", NOW.date())
    return "not told" if found is None else "sizes"


def purge(client: Client) -> str:
    client.delete_user_data("u-1", [PAIR])
    return "accepted"


CALL = {
    "login": lambda client: "logged in" if client.computers("u-1") else "",
    "computers": computers,
    "user": lambda client: "a user" if client.user("u-1") else "an unknown user",
    "monitoring": monitoring,
    "billing": billing,
    "purge": purge,
}


def planned(api: Api, stack: tuple[Path, SmallEngine], call: str) -> str:
    """Return what the rules make of an answer before a purge. A user is asked for where the computer is not listed."""
    api.lists = call != "user"
    key = {"login": "login", "password": "password"} if call == "login" else {"token": "t0ken"}
    values = {"endpoint": api.url, "retries": "0", "maxPurgeBytes": "1000", **key}
    folder, engine = stack
    connection = Connection(values, {}, folder)
    judged = judge_plan(Plan(request(engine, OTHER)), connection)
    connection.close()
    rules = sorted({refusal.rule for refusal in judged.ruling.refusals})
    if rules:
        return " ".join(f"`{rule}`" for rule in rules)
    is_gone = any("not listed" in one for one in judged.notes)
    return "not listed" if is_gone else "permitted, and told" if judged.notes else "permitted"


def looked(api: Api, call: str) -> str:
    """Return what a second look comes to, of a computer that was gone before."""
    api.lists = False
    names = {"user": "u-1", "destination": "d-1", "computer": PC}
    life = Life(
        f"u-1/d-1/{PC.lower()}", "life", api.url,
        intention=names, sent_at=(NOW - 30 * HOUR,), accepted_at=NOW - 30 * HOUR,
        observations=(Observation(NOW - 2 * HOUR, is_listed=False, stored_bytes=0),),
        verdicts=((NOW - 2 * HOUR, Verdict.DELISTED, ""),),
    )  # fmt: skip
    client = Client(api.url, Login("login", "password") if call == "login" else Token("t0ken"))
    ((seen, _),) = look_again([life], Account(client, 1), NOW, 24 * HOUR)
    return f"{seen.verdict}, as before" if seen.observations[-1].is_failed else str(seen.verdict)


def purged(api: Api, folder: Path, told: tuple[int, str]) -> tuple[str, str]:
    """Return what the ledger records of a purge that is answered so, and what the next update does."""
    engine = adopted(api, folder)
    api.told = {"purge": told}
    with contextlib.chdir(folder):
        engine.up(request(engine, OTHER))
        ledger = Ledger("sqlite:///ledger.db", "mbs-erasure/acme", folder)
        kinds = [str(one.event.kind) for one, _ in ledger.records() if one.event.binding.endswith(PC.lower())]
        ledger.close()
        before, api.told = api.deletes, {}
        engine.up(request(engine, OTHER))
        operation.reset()
    assert kinds[:2] == ["adopted", "intended"]
    return ", ".join(kinds[2:]), "sends it again" if api.deletes > before else "sends nothing"


def came_to(api: Api, stack: tuple[Path, SmallEngine], folder: Path, call: str, told: tuple[int, str]) -> Cell:
    api.told = {call: told}
    client = called(api, call)
    if call == "purge":
        api.told = {}
        return Cell(client, *purged(api, folder, told))
    return Cell(client, planned(api, stack, call), looked(api, call))


@pytest.mark.parametrize("name", ANSWERS)
@pytest.mark.parametrize("call", CALLS)
def test_an_answer_comes_to_what_the_table_says(
    api: Api, stack: tuple[Path, SmallEngine], tmp_path: Path, call: str, name: str
) -> None:
    assert came_to(api, stack, tmp_path, call, answer(call, name)) == TABLE[call][name]


@pytest.mark.parametrize("is_null", [False, True], ids=["missing", "null"])
@pytest.mark.parametrize(("call", "name"), [(call, name) for call in FIELDS for name in names(call)[len(ANSWERS) :]])
def test_a_field_that_is_missing_or_null_comes_to_what_the_table_says(
    api: Api, stack: tuple[Path, SmallEngine], tmp_path: Path, call: str, name: str, is_null: bool
) -> None:
    assert came_to(api, stack, tmp_path, call, without(call, name, is_null=is_null)) == TABLE[call][name]


def test_no_cell_is_empty() -> None:
    assert {call: set(cells) for call, cells in TABLE.items()} == {call: set(names(call)) for call in CALLS}
    assert all(all(cell) for cells in TABLE.values() for cell in cells.values())


def test_safety_shows_the_table() -> None:
    assert "\n".join(markdown()) in (PROJECT / "docs/safety.md").read_text()
