"""What is sent for one user, how often, and what the ledger says of it."""

import http.server
import json
import random
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from erasure.account import Account
from erasure.errors import Refusal
from erasure.ledger import Event, Kind, Lease, Ledger, LedgerError
from erasure.plan import Bound, Plan, PlanRequest
from mbs import pace
from mbs.client import Client
from mbs.credentials import Credentials, Login, Token
from mbs.errors import ApiError, LoginRefused, NotUnderstood, TokenRefused, Unreachable
from mbs.pace import Pace
from providers import operation, sending
from providers.judgement import judge_plan
from providers.sending import Sender
from tests.providers.conftest import begin_operation

NAMES = ("PC-1", "PC-2", "PC-3", "PC-4", "PC-5", "PC-6", "PC-7")
Answer = int | str | tuple[str, int]


@dataclass
class Vendor:
    """An account of one user.

    `answers` are what the next DELETEs get: a status; "cut", without an effect; ("cut", n) after the first n pairs of
    the body were purged; "garbage" in place of an acknowledgement. `lookups` and `logins` are the statuses of the next
    ones once the batch is sent. Then everything is accepted, but for a call with a `bad` name in it. `stored` is what
    Billing says of each name; once, the next listing after a call may be empty (`lists_nothing`).
    """

    url: str = ""
    listed: list[str] = field(default_factory=list)
    is_known: bool = True
    answers: list[Answer] = field(default_factory=list)
    lookups: list[int] = field(default_factory=list)
    logins: list[int] = field(default_factory=list)
    bad: dict[str, int] = field(default_factory=dict)
    stored: dict[str, int] = field(default_factory=dict)
    lists_nothing: int = 0
    calls: list[tuple[str, ...]] = field(default_factory=list)
    purged: list[str] = field(default_factory=list)

    def answer(self, method: str, path: str, body: Any) -> tuple[int | None, str]:  # noqa: ANN401 -- any JSON
        if method == "POST":
            self.calls.append(("login",))
            return self.logins.pop(0) if self.logins else 200, '{"access_token": "fresh"}'
        if "Billing" in path:
            rows = [{"Computer": one, "SizeBackup": size} for one, size in self.stored.items()]
            return 200, json.dumps({"UserDetailList": rows})
        if method == "DELETE":
            return self.delete([pair["ComputerName"] for pair in body])
        if path == "/api/Monitoring":
            return 200, "[]"
        if not path.endswith("/Computers"):
            return 200, json.dumps({"ID": "u-1"} if self.is_known and "Users" in path else None)
        self.calls.append(("list",))
        names = self.listed
        if self.lists_nothing and len(self.calls) > 1:
            self.lists_nothing, names = 0, []
        listed = [{"DestinationId": "D-1", "ComputerName": one} for one in names]
        return self.lookups.pop(0) if self.lookups else 200, json.dumps(listed)

    def delete(self, names: list[str]) -> tuple[int | None, str]:
        self.calls.append(tuple(names))
        match self.answers.pop(0) if self.answers else 200:
            case "cut":
                return None, ""
            case ("cut", int(count)):
                self.purge([one for one in names[:count] if one not in self.bad])
                return None, ""
            case "garbage":
                return 200, "<html>"
            case int(status) if status != 200:
                return status, ""
        if refusal := next((self.bad[one] for one in names if one in self.bad), None):
            return refusal, '{"Message": "no such computer"}'
        self.purge(names)
        return 200, ""

    def purge(self, names: list[str]) -> None:
        self.purged += names
        self.listed = [one for one in self.listed if one not in names]


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    """Serve an account of seven computers."""
    one = Vendor(listed=list(NAMES))

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # or each answer takes 40 ms

        def log_message(self, *_: object) -> None:
            """Say nothing."""

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, text = one.answer(self.command, self.path, json.loads(body) if body else None)
            if status is None:
                self.close_connection = True
                return
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        do_GET = do_DELETE = do_PUT = do_POST = answer  # noqa: N815 -- the library's names

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        one.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield one
        server.shutdown()
        thread.join(5)


class Run:
    """A run that may purge the computers of the user, and its ledger."""

    def __init__(self, vendor: Vendor) -> None:
        self.vendor = vendor
        self.bound = {one: self.binding(one) for one in NAMES}
        self.request = PlanRequest(
            project="mbs-erasure", stack="acme", dry_run=False, wanted=(), bound=tuple(self.bound.values())
        )
        self.ledger = Ledger("sqlite:///ledger.db", "mbs-erasure/acme", Path.cwd())
        self.lease = Lease(self.ledger, {"run": "this"}, lambda _: False)
        self.lease.take()

    def binding(self, name: str) -> Bound:
        one = Bound(id="", user="u-1", destination="d-1", computer=name, endpoint=self.vendor.url, life=f"life {name}")
        return one.model_copy(update={"id": one.identity.id})

    def send(
        self, *names: str, retries: int = 0, credentials: Credentials | None = None, url: str = ""
    ) -> dict[str, BaseException]:
        """Judge in an operation of its own, then send these as one batch; return the errors."""
        begin_operation(self.vendor.url)
        lookups, self.vendor.lookups = self.vendor.lookups, []
        judgement = judge_plan(Plan(self.request), operation.current().connection)
        self.vendor.lookups = lookups
        self.vendor.calls.clear()
        client = Client(
            url or self.vendor.url, credentials or Token("secret"), timeout=5, pace=Pace(retries, lambda _: None)
        )
        errors = Sender(judgement.case, judgement.ruling.digest, Account(client, 1), judgement.ledger, self.lease)(
            [self.bound[one] for one in names]
        )
        assert set(errors) == {self.bound[one].id for one in names}
        return {one: error for one in names if (error := errors[self.bound[one].id]) is not None}

    def events(self, name: str) -> list[Event]:
        return [one.event for one, _ in self.ledger.records() if one.event.binding == self.bound[name].id]

    def kinds(self, name: str) -> list[str]:
        return [str(one.kind) for one in self.events(name)]

    def note(self, kind: Kind, *names: str) -> None:
        """Have the ledger know this from an earlier run."""
        bound = [self.bound[one] for one in names]
        self.ledger.append([Event(kind, one.endpoint, one.id, one.life) for one in bound])


@pytest.fixture
def run(vendor: Vendor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """Return a run on this account, with a ledger of its own, in which no pause takes time."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setattr(pace, "_jitter", lambda _: 0.0)
    one = Run(vendor)
    yield one
    one.lease.give_back()
    operation.reset()


def refuse_to_write(monkeypatch: pytest.MonkeyPatch, kind: Kind, times: int = 1) -> None:
    """Have the ledger fail for events of a kind; the engine ends when it has failed so many times."""
    append, failures = Ledger.append, list[Kind]()
    monkeypatch.setattr(sending, "_AGAIN", 0.0)

    def fail(self: Ledger, events: Any, **conditions: Any) -> None:  # noqa: ANN401 -- as the real one
        if any(one.kind == kind for one in events):
            failures.append(kind)
            if len(failures) >= times:
                monkeypatch.setattr(sending, "is_alive", lambda: False)
            raise LedgerError("the disk is full")
        append(self, events, **conditions)

    monkeypatch.setattr(Ledger, "append", fail)


def test_a_batch_is_one_call_and_one_entry_before_and_after_it(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    append, entries = Ledger.append, list[list[str]]()

    def note(self: Ledger, events: list[Event], **conditions: Any) -> None:  # noqa: ANN401 -- as the real one
        if events:
            entries.append([f"{one.kind} {one.binding}" for one in events])
        append(self, events, **conditions)

    monkeypatch.setattr(Ledger, "append", note)
    assert run.send("PC-1", "PC-2") == {}
    assert run.vendor.calls == [("PC-1", "PC-2")]
    ids = ("u-1/d-1/pc-1", "u-1/d-1/pc-2")
    assert entries == [[f"sent {one}" for one in ids], [f"accepted {one}" for one in ids]]
    told = run.events("PC-1")[0].data
    assert {key: told[key] for key in ("destination", "computer")} == {"destination": "D-1", "computer": "PC-1"}
    assert told["digest"].startswith("sha256:")
    assert "digest" not in run.events("PC-1")[1].data


@pytest.mark.parametrize(
    ("bad", "status"),
    [(("PC-3",), 400), (("PC-1", "PC-7"), 404), (("PC-4", "PC-5"), 409), (("PC-7",), 422), (NAMES, 400)],
)
def test_a_refused_batch_is_halved_until_the_bad_pairs_stand_alone(run: Run, bad: tuple[str, ...], status: int) -> None:
    run.vendor.bad = dict.fromkeys(bad, status)
    errors = run.send(*NAMES, retries=2)
    assert set(errors) == set(bad)
    assert sorted(run.vendor.purged) == sorted(set(NAMES) - set(bad)), "and each of the others once"
    for name in NAMES:
        assert (name,) in run.vendor.calls or name not in bad
        assert set(run.kinds(name)) == {"sent", "failed" if name in bad else "accepted"}
        assert run.kinds(name).count("failed") == (name in bad)
    for error in errors.values():
        assert isinstance(error, ApiError)
        assert f"answered {status}: no such computer" in str(error)
    assert "answered" in run.events(bad[0])[-1].data["finding"]


def test_halving_asks_no_more_often_than_it_has_to(run: Run) -> None:
    run.vendor.bad = {"PC-3": 400}
    run.send("PC-1", "PC-2", "PC-3", "PC-4")
    assert run.vendor.calls == [
        ("PC-1", "PC-2", "PC-3", "PC-4"),
        ("PC-1", "PC-2"),
        ("PC-3", "PC-4"),
        ("PC-3",),
        ("PC-4",),
    ]


def test_a_single_refused_pair_is_sent_once(run: Run) -> None:
    run.vendor.bad = {"PC-1": 400}
    assert set(run.send("PC-1", retries=2)) == {"PC-1"}
    assert run.vendor.calls == [("PC-1",)]
    assert run.kinds("PC-1") == ["sent", "failed"]


@pytest.mark.parametrize("status", [401, 403])
def test_what_is_refused_whatever_the_pairs_are_is_not_halved(run: Run, status: int) -> None:
    run.vendor.answers = [status]
    assert set(run.send(*NAMES, retries=2)) == set(NAMES)
    assert run.vendor.calls == [NAMES]
    assert {tuple(run.kinds(one)) for one in NAMES} == {("sent", "failed")}


def test_a_call_whose_answer_was_lost_is_not_repeated_for_what_it_purged(run: Run) -> None:
    run.vendor.answers = [("cut", 2)]
    assert run.send("PC-1", "PC-2", "PC-3", retries=1) == {}
    assert run.vendor.calls == [("PC-1", "PC-2", "PC-3"), ("list",), ("PC-3",)]
    assert run.kinds("PC-1") == run.kinds("PC-2") == ["sent", "already absent"]
    assert run.events("PC-1")[-1].data == {"destination": "D-1", "computer": "PC-1", "after_call": True}
    assert run.kinds("PC-3") == ["sent", "sent", "accepted"]


def test_a_call_that_did_everything_before_its_answer_was_lost_is_the_only_one(run: Run) -> None:
    run.vendor.answers = [("cut", 2)]
    assert run.send("PC-1", "PC-2", retries=1) == {}
    assert run.vendor.calls == [("PC-1", "PC-2"), ("list",)]
    assert run.kinds("PC-1") == run.kinds("PC-2") == ["sent", "already absent"]


@pytest.mark.parametrize("answer", ["cut", 408, 500, 502, 503])
def test_what_a_lost_call_did_not_do_is_looked_up_and_sent_again(run: Run, answer: Answer) -> None:
    run.vendor.answers = [answer, answer]
    assert run.send("PC-1", "PC-2", retries=2) == {}
    assert run.vendor.calls == [("PC-1", "PC-2"), ("list",), ("PC-1", "PC-2"), ("list",), ("PC-1", "PC-2")]
    assert run.kinds("PC-1") == ["sent", "sent", "sent", "accepted"]


@pytest.mark.parametrize("answer", ["cut", 408, 500, 503])
def test_what_stays_unanswered_stays_sent_and_is_not_halved(run: Run, answer: Answer) -> None:
    run.vendor.answers = [answer] * 3
    assert set(run.send("PC-1", "PC-2", retries=1)) == {"PC-1", "PC-2"}
    assert run.vendor.calls == [("PC-1", "PC-2"), ("list",), ("PC-1", "PC-2")]
    assert run.kinds("PC-1") == run.kinds("PC-2") == ["sent", "sent"]


@pytest.mark.parametrize("answer", ["garbage", 204, 207])
def test_an_answer_that_is_not_understood_is_recorded_and_not_repeated(run: Run, answer: Answer) -> None:
    run.vendor.answers = [answer]
    errors = run.send("PC-1", "PC-2", retries=2)
    assert {type(one) for one in errors.values()} == {NotUnderstood}
    assert run.vendor.calls == [("PC-1", "PC-2")]
    assert run.kinds("PC-1") == run.kinds("PC-2") == ["sent", "not understood"]
    assert f"answered {200 if answer == 'garbage' else answer}" in run.events("PC-1")[-1].data["finding"]


def test_what_was_not_understood_is_looked_up_before_it_is_sent_again(run: Run) -> None:
    run.vendor.answers = ["garbage"]
    run.send("PC-1", "PC-2")
    run.vendor.listed.remove("PC-1")
    assert run.send("PC-1", "PC-2") == {}
    assert run.vendor.calls == [("PC-2",)]
    assert run.kinds("PC-1")[2:] == ["already absent"]
    assert run.events("PC-1")[-1].data["after_call"] is True
    assert run.kinds("PC-2")[2:] == ["sent", "accepted"]


def test_an_answer_that_is_not_understood_and_cannot_be_recorded_stays_sent(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse_to_write(monkeypatch, Kind.NOT_UNDERSTOOD)
    run.vendor.answers = ["garbage"]
    assert {type(error) for error in run.send("PC-1").values()} == {LedgerError}
    assert run.kinds("PC-1") == ["sent"]


@pytest.mark.parametrize("status", [425, 429])
def test_what_was_told_to_come_later_is_sent_again_without_a_look(run: Run, status: int) -> None:
    run.vendor.answers = [status]
    assert run.send("PC-1", "PC-2", retries=1) == {}
    assert run.vendor.calls == [("PC-1", "PC-2"), ("PC-1", "PC-2")]


@pytest.mark.parametrize("status", [425, 429])
def test_what_was_told_to_come_later_for_too_long_has_failed_and_is_not_halved(run: Run, status: int) -> None:
    run.vendor.answers = [status, status]
    assert set(run.send("PC-1", "PC-2", retries=1)) == {"PC-1", "PC-2"}
    assert run.vendor.calls == [("PC-1", "PC-2"), ("PC-1", "PC-2")]
    assert run.kinds("PC-1") == run.kinds("PC-2") == ["sent", "sent", "failed"]


def test_what_never_reached_the_api_has_failed(run: Run) -> None:
    errors = run.send("PC-1", "PC-2", retries=1, url="http://127.0.0.1:9")
    assert {type(one) for one in errors.values()} == {Unreachable}
    assert run.vendor.calls == []
    assert run.kinds("PC-1") == run.kinds("PC-2") == ["sent", "sent", "failed"]


def test_a_refusal_after_a_lost_answer_is_halved_for_what_is_left(run: Run) -> None:
    run.vendor.answers = [("cut", 1)]
    run.vendor.bad = {"PC-3": 400}
    assert set(run.send("PC-1", "PC-2", "PC-3", retries=1)) == {"PC-3"}
    assert run.vendor.calls == [("PC-1", "PC-2", "PC-3"), ("list",), ("PC-2", "PC-3"), ("PC-2",), ("PC-3",)]
    assert [run.kinds(one)[-1] for one in NAMES[:3]] == ["already absent", "accepted", "failed"]


def test_an_answer_lost_while_halving_is_looked_up_for_that_half(run: Run) -> None:
    run.vendor.bad = {"PC-3": 400}
    run.vendor.answers = [400, ("cut", 1)]
    assert set(run.send("PC-1", "PC-2", "PC-3", "PC-4", retries=1)) == {"PC-3"}
    assert run.vendor.calls[1:] == [("PC-1", "PC-2"), ("list",), ("PC-2",), ("PC-3", "PC-4"), ("PC-3",), ("PC-4",)]
    assert run.kinds("PC-1") == ["sent", "sent", "already absent"]


def test_a_look_that_fails_is_repeated_before_anything_is_sent_again(run: Run) -> None:
    run.vendor.answers, run.vendor.lookups = ["cut"], [503]
    assert run.send("PC-1", retries=2) == {}
    assert run.vendor.calls == [("PC-1",), ("list",), ("list",), ("PC-1",)]


@pytest.mark.parametrize("status", [401, 403, 500, 503])
def test_a_look_that_goes_on_failing_leaves_everything_sent(run: Run, status: int) -> None:
    run.vendor.answers, run.vendor.lookups = ["cut"], [status] * 20
    errors = run.send("PC-1", "PC-2", retries=2)
    assert set(errors) == {"PC-1", "PC-2"}
    assert all(f"GET /api/Users/u-1/Computers answered {status}" in str(one) for one in errors.values())
    assert set(run.vendor.calls) == {("PC-1", "PC-2"), ("list",)}
    assert run.vendor.calls.count(("PC-1", "PC-2")) == 1
    assert run.kinds("PC-1") == run.kinds("PC-2") == ["sent"]


def test_a_listing_that_no_longer_tells_which_is_meant_leaves_everything_sent(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    run.vendor.answers = ["cut"]
    delete = run.vendor.delete

    def and_rename(names: list[str]) -> tuple[int | None, str]:
        run.vendor.listed.append("pc-2")
        return delete(names)

    monkeypatch.setattr(run.vendor, "delete", and_rename)
    errors = run.send("PC-1", "PC-2", retries=2)
    assert str(errors["PC-1"]).startswith("ambiguous: ")
    assert run.vendor.calls == [("PC-1", "PC-2"), ("list",)]
    assert run.kinds("PC-1") == run.kinds("PC-2") == ["sent"]


def test_a_user_that_the_account_does_not_know_any_more_after_the_call_proves_nothing(run: Run) -> None:
    run.vendor.answers, run.vendor.lookups = [("cut", 1)], [404]
    assert run.send("PC-1", "PC-2", retries=1) == {}
    assert run.vendor.calls == [("PC-1", "PC-2"), ("list",), ("PC-1", "PC-2")]
    assert run.kinds("PC-1") == ["sent", "sent", "accepted"]


def test_an_empty_listing_of_a_user_that_the_account_never_knew_proves_nothing(run: Run) -> None:
    run.vendor.listed, run.vendor.is_known = [], False
    run.vendor.answers = ["cut"]
    assert run.send("PC-1", "PC-2", retries=1) == {}
    assert run.vendor.calls == [("PC-1", "PC-2"), ("PC-1", "PC-2")]
    assert run.kinds("PC-1") == ["sent", "sent", "accepted"]


def test_a_login_refused_on_the_way_has_failed_and_is_not_halved(run: Run) -> None:
    run.vendor.logins = [400]
    errors = run.send("PC-1", "PC-2", retries=2, credentials=Login("me", "hunter2"))
    assert {type(one) for one in errors.values()} == {LoginRefused}
    assert run.vendor.calls == [("login",)]
    assert run.kinds("PC-1") == run.kinds("PC-2") == ["sent", "failed"]


def test_a_login_that_fails_for_a_while_is_repeated_without_a_look(run: Run) -> None:
    run.vendor.logins = [503]
    assert run.send("PC-1", retries=1, credentials=Login("me", "hunter2")) == {}
    assert run.vendor.calls == [("login",), ("login",), ("PC-1",)]


def test_a_login_refused_when_looking_leaves_everything_sent(run: Run) -> None:
    run.vendor.answers, run.vendor.lookups, run.vendor.logins = ["cut"], [401], [200, 400]
    errors = run.send("PC-1", "PC-2", retries=2, credentials=Login("me", "hunter2"))
    assert {type(one) for one in errors.values()} == {LoginRefused}
    assert run.vendor.calls == [("login",), ("PC-1", "PC-2"), ("list",), ("login",)]
    assert run.kinds("PC-1") == ["sent"]


def test_an_expired_token_is_replaced_in_the_middle_and_the_call_goes_on(run: Run) -> None:
    run.vendor.answers = [401]
    assert run.send("PC-1", "PC-2", credentials=Login("me", "hunter2")) == {}
    assert run.vendor.calls == [("login",), ("PC-1", "PC-2"), ("login",), ("PC-1", "PC-2")]
    assert run.kinds("PC-1") == ["sent", "accepted"]


def test_a_token_that_is_refused_twice_has_failed(run: Run) -> None:
    run.vendor.answers = [401, 401]
    errors = run.send("PC-1", "PC-2", retries=2, credentials=Login("me", "hunter2"))
    assert {type(one) for one in errors.values()} == {TokenRefused}
    assert run.kinds("PC-1") == ["sent", "failed"]


def test_a_ledger_that_cannot_be_written_before_the_call_stops_it(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    refuse_to_write(monkeypatch, Kind.SENT)
    errors = run.send("PC-1", "PC-2", retries=2)
    assert [str(one) for one in errors.values()] == ["the disk is full"] * 2
    assert run.vendor.calls == []
    assert run.kinds("PC-1") == []


def test_a_ledger_that_cannot_be_written_after_the_answer_leaves_the_call_sent(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse_to_write(monkeypatch, Kind.ACCEPTED)
    errors = run.send("PC-1", "PC-2", retries=2)
    assert [str(one) for one in errors.values()] == ["the disk is full"] * 2
    assert run.vendor.calls == [("PC-1", "PC-2")]
    assert run.kinds("PC-1") == ["sent"]


def test_an_answer_is_written_down_as_soon_as_the_ledger_takes_it(
    run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sending, "_AGAIN", 0.0)
    append, left = Ledger.append, [LedgerError("database is locked")] * 20

    def fail_for_a_while(self: Ledger, events: Any, **conditions: Any) -> None:  # noqa: ANN401 -- as the real one
        if left and any(one.kind == Kind.ACCEPTED for one in events):
            raise left.pop()
        append(self, events, **conditions)

    monkeypatch.setattr(Ledger, "append", fail_for_a_while)
    assert run.send("PC-1") == {}
    assert run.kinds("PC-1") == ["sent", "accepted"]
    assert capsys.readouterr().err.count("what a call came to cannot be written down: database is locked") == 1
    assert run.send("PC-1") == {}
    assert run.vendor.purged == ["PC-1"], "and is not sent again"


def test_a_ledger_that_is_gone_for_good_ends_the_deletion_and_is_tried_on(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "_AGAIN", 0.0)
    monkeypatch.setattr(sending, "_HELD_UP", 0.05)
    append, is_back, is_written = Ledger.append, threading.Event(), threading.Event()

    def fail_until_it_is_back(self: Ledger, events: Any, **conditions: Any) -> None:  # noqa: ANN401 -- as the real one
        if any(one.kind == Kind.ACCEPTED for one in events):
            if not is_back.wait(0.01):
                raise LedgerError("connection refused")
            append(self, events, **conditions)
            is_written.set()
        else:
            append(self, events, **conditions)

    monkeypatch.setattr(Ledger, "append", fail_until_it_is_back)
    assert "could not be written down; the next update" in str(run.send("PC-1")["PC-1"])
    assert run.kinds("PC-1") == ["sent"]
    is_back.set()
    assert is_written.wait(60)
    assert run.kinds("PC-1") == ["sent", "accepted"]


def test_a_refusal_that_cannot_be_written_down_says_so(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    refuse_to_write(monkeypatch, Kind.FAILED, times=3)
    run.vendor.bad = {"PC-1": 400}
    errors = run.send("PC-2", "PC-1")
    assert {name: str(one) for name, one in errors.items()} == {"PC-1": "the disk is full"}
    assert run.kinds("PC-1")[-1] == "sent"


def test_a_look_that_cannot_be_written_down_stops_the_second_call(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    refuse_to_write(monkeypatch, Kind.ALREADY_ABSENT)
    run.vendor.answers = [("cut", 1)]
    errors = run.send("PC-1", "PC-2", retries=2)
    assert [str(one) for one in errors.values()] == ["the disk is full"] * 2
    assert run.vendor.calls == [("PC-1", "PC-2"), ("list",)]


def test_data_that_is_gone_and_cannot_be_written_down_fails_and_the_rest_goes_on(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse_to_write(monkeypatch, Kind.ALREADY_ABSENT, times=99)
    run.vendor.listed.remove("PC-1")
    run.note(Kind.SENT, "PC-1")
    errors = run.send("PC-1", "PC-2")
    assert {name: str(one) for name, one in errors.items()} == {"PC-1": "the disk is full"}
    assert run.vendor.calls == [("PC-2",)]


def test_what_was_accepted_in_this_life_is_not_sent_again(run: Run) -> None:
    run.note(Kind.SENT, "PC-1", "PC-2")
    run.note(Kind.ACCEPTED, "PC-1", "PC-2")
    assert run.send("PC-1", "PC-2", "PC-3") == {}
    assert run.vendor.calls == [("PC-3",)]
    assert run.kinds("PC-1") == ["sent", "accepted"]


def test_what_is_gone_was_purged_by_us_only_where_a_call_was_sent(run: Run) -> None:
    run.note(Kind.SENT, "PC-1", "PC-3")
    run.vendor.listed = ["PC-3"]
    assert set(run.send("PC-1", "PC-2", "PC-3")) == {"PC-2"}, "one look alone proves nothing of what was never sent"
    assert run.vendor.calls == [("PC-3",)]
    assert (run.kinds("PC-1"), run.events("PC-1")[-1].data) == (["sent", "already absent"], {"after_call": True})
    assert (run.kinds("PC-2"), run.events("PC-2")[-1].data) == (["not found"], {})
    assert run.kinds("PC-3") == ["sent", "sent", "accepted"], "looked up, still listed, and sent again"


def test_where_all_is_gone_nothing_is_sent(run: Run) -> None:
    run.vendor.listed = []
    assert set(run.send("PC-1", "PC-2")) == {"PC-1", "PC-2"}
    assert run.vendor.calls == []


def test_an_empty_list_beside_stored_bytes_does_not_prove_that_a_call_had_its_effect(run: Run) -> None:
    run.note(Kind.SENT, "PC-1", "PC-2")
    listed, run.vendor.listed, run.vendor.stored = run.vendor.listed, [], {"PC-1": 7}
    assert set(run.send("PC-1", "PC-2")) == {"PC-1"}
    assert (run.kinds("PC-1"), run.kinds("PC-2")) == (["sent", "not found"], ["sent", "already absent"])
    run.vendor.listed = listed
    assert run.send("PC-1") == {}
    assert run.kinds("PC-1") == ["sent", "not found", "sent", "accepted"]


def test_an_empty_list_after_a_lost_answer_keeps_the_purge_owed_where_bytes_are_stored(run: Run) -> None:
    run.vendor.answers, run.vendor.stored, run.vendor.lists_nothing = ["cut"], {"PC-1": 7}, 1
    assert "one look does not prove" in str(run.send("PC-1", retries=2)["PC-1"])
    assert run.kinds("PC-1") == ["sent", "not found"]
    assert run.send("PC-1") == {}
    assert run.kinds("PC-1") == ["sent", "not found", "sent", "accepted"]


def test_a_no_after_a_lost_answer_leaves_it_unanswered(run: Run) -> None:
    run.vendor.answers = ["cut", 400]
    assert set(run.send("PC-1", retries=2)) == {"PC-1"}
    assert run.kinds("PC-1") == ["sent", "sent", "failed"]
    (life,) = run.ledger.lives([run.bound["PC-1"].life]).values()
    assert life.unanswered == 1


def test_what_could_not_be_looked_up_is_refused_and_the_rest_goes_on(run: Run) -> None:
    run.vendor.listed.append("pc-2")
    errors = run.send("PC-1", "PC-2", "PC-3")
    assert [name for name, one in errors.items() if isinstance(one, Refusal)] == ["PC-2"]
    assert "PC-2' of user u-1 on destination d-1 was not looked up in the account" in str(errors["PC-2"])
    assert run.vendor.calls == [("PC-1", "PC-3")]
    assert run.kinds("PC-2") == []


def test_what_was_accepted_needs_no_look(run: Run) -> None:
    run.note(Kind.ACCEPTED, "PC-2")
    run.vendor.listed.append("pc-2")
    assert run.send("PC-2") == {}


def test_an_engine_that_has_ended_stops_the_call(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "is_alive", lambda: False)
    errors = run.send("PC-1", "PC-2", retries=2)
    assert all(str(one).startswith("not-permitted: ") for one in errors.values())
    assert len(errors) == 2
    assert run.vendor.calls == []
    assert run.kinds("PC-1") == []


def test_an_engine_that_ends_between_two_calls_stops_the_second(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "is_alive", lambda: run.vendor.calls == [])
    run.vendor.answers = [503]
    assert isinstance(run.send("PC-1", retries=2)["PC-1"], Refusal)
    assert run.vendor.calls == [("PC-1",), ("list",)]
    assert run.kinds("PC-1") == ["sent"]


def test_a_lease_that_is_over_stops_the_call(run: Run) -> None:
    run.lease.give_back()
    errors = run.send("PC-1", "PC-2", retries=2)
    assert all("another run may have begun" in str(one) for one in errors.values())
    assert run.vendor.calls == []
    assert run.kinds("PC-1") == []


def test_a_lease_that_is_lost_while_halving_stops_the_rest(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    run.vendor.answers = [400, 400]
    delete = run.vendor.delete

    def and_lose(names: list[str]) -> tuple[int | None, str]:
        if len(run.vendor.calls) == 1:
            run.lease.give_back()
        return delete(names)

    monkeypatch.setattr(run.vendor, "delete", and_lose)
    assert set(run.send("PC-1", "PC-2", retries=2)) == {"PC-1", "PC-2"}
    assert run.vendor.calls == [("PC-1", "PC-2"), ("PC-1",)]
    assert (run.kinds("PC-1"), run.kinds("PC-2")) == (["sent", "sent", "failed"], ["sent"])


ANSWERS: list[Callable[[random.Random], Answer]] = [
    lambda _: 200,
    lambda _: "cut",
    lambda dice: ("cut", dice.randint(0, 7)),
    lambda dice: dice.choice([400, 408, 429, 500, 503]),
    lambda _: "garbage",
]


@pytest.mark.parametrize("seed", range(25))
def test_whatever_is_answered_what_succeeds_is_purged_and_what_fails_is_owed(run: Run, seed: int) -> None:
    dice = random.Random(seed)  # noqa: S311 -- answers, not secrets
    run.vendor.answers = [dice.choice(ANSWERS)(dice) for _ in range(dice.randint(1, 6))]
    run.vendor.bad = dict.fromkeys(dice.sample(NAMES, dice.randint(0, 2)), 400)
    run.vendor.lookups = dice.choices([200, 503, 403], k=dice.randint(0, 3))
    errors = run.send(*NAMES, retries=2)
    for name in NAMES:
        last = run.kinds(name)[-1]
        assert last in (("sent", "failed", "not understood") if name in errors else ("accepted", "already absent"))
        assert (name in run.vendor.purged) >= (name not in errors), "nothing is taken for purged that is not"
        assert run.vendor.purged.count(name) <= 1, "and nothing is purged twice"
    run.vendor.answers, run.vendor.lookups = [], []
    assert set(run.send(*NAMES, retries=2)) == set(run.vendor.bad), "the next operation finishes it"
    assert sorted(run.vendor.purged) == sorted(set(NAMES) - set(run.vendor.bad))
