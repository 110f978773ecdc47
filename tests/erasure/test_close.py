"""The commands `close` and `verify` on a ledger: what is owed, what is open, and what a person ended."""

import dataclasses
import datetime
import sys
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from erasure import clock
from erasure.configuration import Configuration
from erasure.console.close import close
from erasure.console.stack import ConsoleError
from erasure.console.verify import followed, verify
from erasure.ledger import Event, Kind, Ledger, Life
from erasure.reports.receipt import Selection, receipt
from erasure.reports.verification import Verification, verification
from erasure.verdict import exit_code, is_open

NOW = datetime.datetime(2026, 11, 30, 12, tzinfo=datetime.UTC)
DAY = datetime.timedelta(days=1)
HERE = "http://127.0.0.1:1"  # where nobody answers


@dataclasses.dataclass
class FakeStack:
    """A stack whose ledger is a file in a folder."""

    root: Path
    name: str = "acme"
    bound: frozenset[str] | None = None
    settings: dict[str, Any] = dataclasses.field(default_factory=dict)
    now: datetime.datetime = NOW
    chain: str = "mbs-erasure/acme"

    def configuration(self) -> Configuration:
        return Configuration.model_validate(self.settings)

    def ledger(self, _configuration: Configuration | None = None) -> Ledger:
        return Ledger("sqlite:///ledger.db", self.chain, self.root)

    def write(self, kind: Kind, computer: str = "PC", life: str = "1", **data: object) -> None:
        named = {"user": "u", "destination": "d", "computer": computer} if kind is Kind.INTENDED else {}
        self.ledger().append([Event(kind, HERE, f"u/d/{computer.casefold()}", life, {**named, **data})])

    def close(self, *arguments: str) -> str:
        return self.says(close, *arguments, code=0)

    def says(self, command: click.Command, *arguments: str, code: int) -> str:
        result = CliRunner().invoke(command, arguments, standalone_mode=False)
        if result.exception is not None:
            raise result.exception
        assert result.return_value == code
        return result.stdout

    def lives(self) -> frozenset[str] | None:
        return self.bound

    def followed(self) -> list[Life]:
        return followed(self, self.ledger())  # type: ignore[arg-type] # which is a stack to it

    def verification(self, after: datetime.timedelta = DAY / 24) -> Verification:
        return verification(self.name, HERE, self.followed(), (), NOW + after, DAY)


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeStack:
    made = FakeStack(tmp_path)
    for command in ("close", "verify"):
        monkeypatch.setattr(sys.modules[f"erasure.console.{command}"], "Stack", lambda _name: made)
    monkeypatch.setattr(clock, "now", lambda: made.now)
    return made


LOST: list[tuple[Kind, dict[str, Any]]] = [(Kind.INTENDED, {}), (Kind.SENT, {})]


@pytest.mark.parametrize(
    ("events", "because"),
    [
        ([(Kind.INTENDED, {})], "no call was sent"),
        (LOST, "sent, and the answer was lost"),
        (
            [(Kind.INTENDED, {}), (Kind.NOT_FOUND, {})],
            f"not listed when it was to be sent, first at {NOW:%Y-%m-%d %H:%M} UTC: a second look is to confirm it",
        ),
        ([*LOST, (Kind.FAILED, {"finding": "answered 400"})], "refused: answered 400"),
        ([*LOST, (Kind.NOT_UNDERSTOOD, {"finding": "200 {}"})], "not understood: 200 {}"),
        ([*LOST, (Kind.ACCEPTED, {}), (Kind.RELEASED, {})], None),
    ],
)
def test_a_purge_is_owed_from_its_permission_until_it_is_accepted(
    stack: FakeStack, events: list[tuple[Kind, dict[str, Any]]], because: str | None
) -> None:
    for kind, data in events:
        stack.write(kind, **data)
    owed = stack.verification().owed
    assert [one.because for one in owed] == ([because] if because else [])
    assert all((one.permitted_at, one.deadline, one.due) == (NOW, NOW + DAY, None) for one in owed)


@pytest.mark.parametrize(("after", "due", "code"), [(0.9, None, 2), (1.0, None, 3), (0.6, "2026-11-29", 3)])
def test_what_is_owed_exits_2_and_past_a_deadline_3(stack: FakeStack, after: float, due: str | None, code: int) -> None:
    stack.write(Kind.INTENDED, **({"due": due} if due else {}))
    assert exit_code(stack.verification(after * DAY).standings()) == code


@pytest.mark.parametrize("kind", [Kind.WITHDRAWN, Kind.RELEASED, Kind.CLOSED, Kind.ACCEPTED, Kind.ALREADY_ABSENT])
def test_what_is_done_or_ended_is_not_owed(stack: FakeStack, kind: Kind) -> None:
    stack.write(Kind.INTENDED)
    assert stack.verification().owed
    stack.write(kind)
    assert stack.verification().owed == ()


def test_a_person_closes_one_open_erasure_and_its_verdict_stays(stack: FakeStack) -> None:
    for computer, life in (("PC", "1"), ("Other", "2")):
        for kind in (Kind.INTENDED, Kind.SENT, Kind.ACCEPTED):
            stack.write(kind, computer, life)
    stack.write(Kind.VERDICT, verdict="overdue", because="still listed past the deadline")
    told = stack.close("pc", "--reason", "Vendor deleted it, ticket 7", "--by", "dana@msp.example")
    assert told == f"closed: u/d/pc at {HERE}, which stays overdue\n"
    one, other = stack.followed()
    assert (one.verdict, is_open(one, NOW, DAY), is_open(other, NOW, DAY)) == ("overdue", False, True)
    found = stack.verification(2 * DAY)
    assert [str(purge.closed) for purge in found.erasures] == [
        "closed by dana@msp.example: Vendor deleted it, ticket 7",
        "None",
    ]
    assert found.standings() == [("unknown", True)], "what nobody looked at is unknown"
    ledger = stack.ledger()
    told_of = receipt("acme", list(ledger.records(ledger.chain)), Selection(), NOW).purges
    assert (told_of[0].verdict, told_of[1].closed) == ("overdue", None)
    assert (
        "What became of it since then: closed by dana@msp.example: Vendor deleted it, ticket 7."
        in told_of[0].unverified
    )


def test_what_is_owed_can_be_closed_and_is_watched_again_once_it_is_intended_again(
    stack: FakeStack,
) -> None:
    stack.write(Kind.INTENDED)
    assert "which stays owed" in stack.close("u/d/pc", "--reason", "The account is closed")
    assert stack.verification().owed == ()
    (life,) = stack.followed()
    assert life.closed is not None
    assert life.closed[1] != "?", "without --by it is who runs this"
    stack.write(Kind.INTENDED)
    assert stack.verification().owed


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["Nothing", "--reason", "x"], "no open erasure goes by Nothing; these are open:\n  u/d/pc at .*, life 1"),
        (["PC", "--reason", "x"], "PC names several; name one by its id or its life:\n  u/d/pc at .*\n  u2/d/pc at"),
        (["u/d/pc", "--reason", " "], "a reason is text on one line"),
        (["u/d/pc", "--reason", "one\ntwo"], "a reason is text on one line"),
    ],
)
def test_what_cannot_be_closed_says_what_can(stack: FakeStack, arguments: list[str], told: str) -> None:
    stack.write(Kind.INTENDED)
    stack.ledger().append([Event(Kind.INTENDED, HERE, "u2/d/pc", "2", {"computer": "PC"})])
    with pytest.raises(ConsoleError, match=told):
        stack.close(*arguments)
    assert all(life.closed is None for life in stack.followed())


def test_nothing_is_closed_twice_or_without_a_reason(stack: FakeStack) -> None:
    stack.write(Kind.INTENDED)
    with pytest.raises(click.ClickException, match="reason"):
        stack.close("PC")
    stack.close("PC", "--reason", "x")
    with pytest.raises(ConsoleError, match="none is open"):
        stack.close("PC", "--reason", "x")


def test_a_renamed_stack_is_followed_by_the_lives_that_its_state_has_bound(stack: FakeStack) -> None:
    for computer, life in (("PC", "1"), ("Kept", "2")):
        stack.write(Kind.ADOPTED, computer, life)
    for kind in (Kind.INTENDED, Kind.SENT, Kind.ACCEPTED):
        stack.write(kind)
    stack.chain, stack.bound = "mbs-erasure/acme-dental", frozenset(["2"])
    assert [life.life for life in stack.followed()] == ["1"]
    assert set(stack.ledger().accepted_since(NOW, ["2"])) == {"1"}, "and so are the limits"
    stack.write(Kind.INTENDED, "Kept", "2")
    stack.chain, stack.bound = "mbs-erasure/third", frozenset()
    with pytest.raises(ConsoleError, match=r"knows nothing of stack acme, which was updated; .* rename the stack back"):
        stack.followed()
    stack.write(Kind.SENT, "Kept", "2")
    assert [life.life for life in stack.followed()] == ["1", "2"], "one event of a life that they share is enough"
    assert stack.ledger().chains([]) == {"mbs-erasure/acme", "mbs-erasure/acme-dental", "mbs-erasure/third"}
    stack.chain = "mbs-erasure/another"
    stack.write(Kind.ADOPTED, "PC", "3")
    assert stack.ledger().chains(["3"]) == {"mbs-erasure/another"}, "the same computer in another life is no other name"


def test_a_stack_that_was_never_updated_has_nothing_to_verify(stack: FakeStack) -> None:
    assert stack.followed() == []


def test_an_adoption_that_a_killed_update_forgot_ends_no_erasure(stack: FakeStack) -> None:
    for kind in (Kind.INTENDED, Kind.SENT, Kind.ACCEPTED):
        stack.write(kind)
    stack.write(Kind.ADOPTED, life="2")
    assert [life.life for life in stack.followed()] == ["1"]
    stack.bound = frozenset(["2"])
    assert stack.followed() == []
    stack.bound = frozenset()
    stack.write(Kind.HELD, life="2", reason="Litigation")
    assert stack.followed() == [], "what was seen in the state was adopted"


@pytest.mark.parametrize("days", [2, 32, 400])
def test_where_nothing_could_be_asked_verify_exits_1_and_goes_on_looking(stack: FakeStack, days: int) -> None:
    for kind in (Kind.INTENDED, Kind.SENT, Kind.ACCEPTED):
        stack.write(kind)
    stack.write(Kind.VERDICT, verdict="overdue", because="still listed past the deadline")
    stack.now += days * DAY
    stack.settings = {"endpoint": HERE, "token": "x", "retries": 0}
    for _ in range(2):
        with pytest.raises(ConsoleError, match=r"nothing could be asked: .*; what was found before still stands"):
            stack.says(verify, code=1)
    (life,) = stack.followed()
    assert (life.verdict, [look.is_failed for look in life.observations]) == ("overdue", [True, True])
