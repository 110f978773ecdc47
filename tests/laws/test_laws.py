"""Two laws, under random sequences of edits, crashes, faults, odd answers, refreshes, looks, approvals and clock moves.

Never purged unless dropped from every inventory, permitted and, where a rule says so, approved.
Whatever was dropped and permitted is purged in the end.

The real provider classes run against the sandbox over HTTP; beside them stands a plain model of what has to happen.
"""

import contextlib
import datetime
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from erasure import clock
from erasure.files.approvals import Approval
from erasure.files.inventory import Entry
from erasure.identity import fold
from erasure.ledger import Verdict, purges_in
from erasure.plan import Plan, PlanRequest, purges_digest
from erasure.verdict import look_again
from providers import operation
from sandbox.running import RunningSandbox
from tests.providers.conftest import begin_operation
from tests.small_engine import Outcome, SmallEngine

USERS = ("user-1", "user-2")
NAMES = tuple((user, f"PC-{number}") for user in USERS for number in range(3))
LIMIT = 2  # purges in a day
DAY = datetime.timedelta(hours=24)
EDITS = ("drop", "drop", "drop", "restore", "restore", "hold", "lift", "move", "back_up", "spell")
EVENTS = (
    *("purge_in_the_console", "break_reads", "mend", "mend", "wait", "turn_back", "preview", "destroy"),
    *("lose_the_ledger", "lock_the_ledger", "rename_the_stack"),
)
SHARED, OTHERS_OWN = NAMES[0], ("user-2", "PC-9")  # what another stack on the same ledger has bound
FAULTS: dict[str, dict[str, Any]] = {
    "status": {"kind": "status", "status": 500},
    "cut_before": {"kind": "cut_before"},
    "cut_after": {"kind": "cut_after"},
}
MONKEY = pytest.MonkeyPatch()

READS: dict[str, dict[str, Any]] = {
    "listing": {"method": "GET", "path_regex": "^/api/Users/user-1/Computers$"},
    "user": {"method": "GET", "path_regex": "^/api/Users/user-1$"},
    "activity": {"method": "GET", "path_regex": "^/api/Monitoring"},
    "stored": {"method": "PUT", "path_regex": "^/api/Billing"},
}
ANSWERS: dict[str, dict[str, Any]] = {
    "null": {"kind": "status", "status": 200, "body": "null", "content_type": "application/json"},
    "[]": {"kind": "status", "status": 200, "body": []},
    "{}": {"kind": "status", "status": 200, "body": {}},
    "a page": {"kind": "status", "status": 200, "body": "<html>Sign in</html>", "content_type": "text/html"},
    "404": {"kind": "status", "status": 404},
    "503": {"kind": "status", "status": 503},
    "none": {"kind": "cut_before"},
}
DOUBTS = st.none() | st.none() | st.tuples(st.sampled_from(sorted(READS)), st.sampled_from(sorted(ANSWERS)))


@dataclass
class Model:
    """What anybody would expect who knows nothing of the insides."""

    wanted: set[tuple[str, str]]
    held: set[tuple[str, str]] = field(default_factory=set)
    seen_held: set[tuple[str, str]] = field(default_factory=set)
    moved: set[tuple[str, str]] = field(default_factory=set)
    alive: set[tuple[str, str]] = field(default_factory=set)
    approved: str | None = None
    begun: set[str] = field(default_factory=set)
    permitted: set[tuple[str, str]] = field(default_factory=set)
    other_wants: bool = True
    other_holds: bool = False
    other_was_seen_to_hold: bool = False


class TheLaws(RuleBasedStateMachine):
    """A stack of six computers, three of each of two users."""

    sandbox: RunningSandbox

    @initialize(saves=st.booleans())
    def adopt(self, saves: bool) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="mbs-laws-"))
        MONKEY.chdir(self.folder)  # the project's root
        MONKEY.setattr("erasure.ledger.ledger._PATIENCE", 0.05)  # a lock is waited for in other tests
        self.now = datetime.datetime(2026, 11, 24, 12, tzinfo=datetime.UTC)
        MONKEY.setattr(clock, "now", lambda: self.now)
        self.sandbox.reset()
        self.sandbox.clear_faults()
        self.sandbox.set_clock(self.now)
        self.sandbox.change_settings(purge_delay="0s")
        for user, name in NAMES:
            self.sandbox.add(user, "d-1", name, last_backup_ago="90d")
        self.sandbox.add(*OTHERS_OWN[:1], "d-1", OTHERS_OWN[1], last_backup_ago="90d")
        self.engine, self.stack = SmallEngine(self.begin, saves_each_step=saves), "acme"
        self.other = SmallEngine(self.begin)
        self.model = Model(set(NAMES))
        self.spelling: dict[tuple[str, str], str] = {}
        self.approvals: list[Approval] = []
        assert self.engine.up(self.request()).is_permitted
        assert len(self.engine.state) == len(NAMES)
        assert self.other.up(self.others_request()).is_permitted
        self.sandbox.clear_requests()

    def teardown(self) -> None:
        if hasattr(self, "folder"):
            self.everything_permitted_is_purged_in_the_end()
            operation.reset()
            shutil.rmtree(self.folder, ignore_errors=True)

    # What people do.

    def drop(self, one: tuple[str, str]) -> None:
        self.model.wanted.discard(one)

    def restore(self, one: tuple[str, str]) -> None:
        self.model.wanted.add(one)
        self.model.moved.discard(one)

    def hold(self, one: tuple[str, str]) -> None:
        self.model.held.add(one)

    def lift(self, one: tuple[str, str]) -> None:
        self.model.held.discard(one)

    def move(self, one: tuple[str, str]) -> None:
        self.model.wanted.discard(one)
        self.model.moved.add(one)

    @rule(edit=st.sampled_from(["drop", "restore", "hold", "lift", "lift"]))
    def update_the_other(self, edit: str) -> None:
        """Update the other stack, whose inventory lists one of the computers too."""
        self.model.other_wants = edit != "drop"
        self.model.other_holds = edit == "hold"
        request = self.others_request()
        may = not (SHARED in self.model.wanted | self.model.moved or self.model.other_was_seen_to_hold)
        may = may and SHARED not in self.model.seen_held
        outcome = self.other.up(request)
        purged = self.purged_now()
        assert purged in ([], [(SHARED[0], SHARED[1])]), "only what was dropped is purged"
        assert not purged or may, "what the other stack wants or holds is not purged"
        if self.model.other_wants and self.id(SHARED) in self.other.state:
            if self.model.other_holds:
                self.model.other_was_seen_to_hold = True
            elif outcome.is_permitted:
                self.model.other_was_seen_to_hold = False

    def lose_the_ledger(self) -> None:
        """Have the ledger's file replaced by an empty one for a while."""
        kept = [file.rename(f"{file}.kept") for file in self.folder.glob("ledger.db*")]
        plan = Plan(self.request())
        outcome = self.engine.preview(plan.request)
        assert not plan.purges or "ledger" in outcome.refusals, "a ledger that knows nothing of them permits nothing"
        operation.reset()
        for file in self.folder.glob("ledger.db*"):
            if file not in kept:
                file.unlink()
        for file in kept:
            file.rename(str(file).removesuffix(".kept"))

    def lock_the_ledger(self) -> None:
        """Update while another process keeps the ledger's file to itself."""
        request = self.request()
        if {self.id((one.user, one.computer)) for one in request.wanted} - self.engine.state.keys():
            return  # an adoption goes on without its record, and is another story
        with contextlib.closing(sqlite3.connect(self.folder / "ledger.db", isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            self.engine.up(request)
            assert self.purged_now() == [], "what cannot be recorded is not purged"

    def rename_the_stack(self) -> None:
        self.stack = "acme" if self.stack == "acme-2" else "acme-2"

    def spell(self, one: tuple[str, str]) -> None:
        self.spelling[one] = one[1].swapcase() if self.spelling.get(one, one[1]) == one[1] else one[1]

    def approve(self, expired: bool) -> None:
        plan = Plan(self.request())
        if plan.purges:
            digest = purges_digest(self.sandbox.url, self.stack, plan.purges)
            expires = self.now.date() + datetime.timedelta(days=-1 if expired else 1)
            self.approvals.append(
                Approval(digest=digest, purges=len(plan.purges), reason="x", approved_by="y", expires=expires)
            )

    def take_approvals_back(self) -> None:
        self.approvals.clear()

    def wait(self) -> None:
        self.now += datetime.timedelta(hours=25)
        self.sandbox.set_clock(self.now)

    def turn_back(self) -> None:
        self.now -= datetime.timedelta(hours=3)  # this machine's clock, not the account's

    # What the world does.

    def purge_in_the_console(self, one: tuple[str, str]) -> None:
        if one in self.listed():
            self.sandbox.remove(one[0], "d-1", one[1])

    def back_up(self, one: tuple[str, str]) -> None:
        if self.sandbox.state().binding(one[0], "d-1", one[1]) is None:
            self.sandbox.add(one[0], "d-1", one[1])
        self.sandbox.backup(one[0], one[1], "d-1")
        self.model.alive.add(one)
        if self.id(one) not in self.engine.state:
            self.model.permitted.discard(one)  # it was purged, and came back: that is another story

    def break_reads(self) -> None:
        self.sandbox.inject("status", method="GET", status=503)

    def mend(self) -> None:
        self.sandbox.clear_faults()

    # What the engine does.

    def preview(self) -> None:
        before = self.ledger_size()
        self.engine.preview(self.request())
        assert self.purged_now() == []
        assert self.ledger_size() == before

    def destroy(self) -> None:
        bound = set(self.engine.state)
        outcome = self.engine.destroy()
        assert len(outcome.failures) == len(bound)
        assert set(self.engine.state) == bound
        assert self.purged_now() == []

    @rule(doubt=DOUBTS)
    def refresh(self, doubt: tuple[str, str] | None) -> None:
        with self.in_doubt(doubt):
            self.engine.refresh()
        assert self.purged_now() == []

    @rule(doubt=DOUBTS)
    def look(self, doubt: tuple[str, str] | None) -> None:
        """Look again at what was asked for, as `verify` does."""
        self.begin()
        connection = operation.current().connection
        ledger = connection.ledger("mbs-erasure", self.stack)
        lives = purges_in(record for record, _ in ledger.history(one.life for one in self.engine.bound()))
        asked_for = [life for life in lives if life.asked_at and not life.adopted_again_at]
        owed = {self.key(life.binding) for life in lives if life.is_owed}
        settled = {self.key(life.binding) for life in asked_for}
        left = {one for one in self.model.permitted if self.id(one) in self.engine.state}
        assert left - settled <= owed <= self.model.permitted, "what is permitted and not yet proven is owed"
        with self.in_doubt(doubt):
            looked = look_again(asked_for, connection.account(), self.now, DAY)
        ledger.append([event for _, events in looked for event in events])
        for life, _ in looked:
            if life.verdict is Verdict.ERASED and life.observations[-1].is_listed is False:
                assert life.sent_at, "what was never asked of the account is not erased"
                assert self.key(life.binding) not in self.listed(), "what is there is not erased"

    @contextlib.contextmanager
    def in_doubt(self, doubt: tuple[str, str] | None) -> Iterator[None]:
        """Have the account answer one of its calls in a way that says nothing; a call about one user, for user-1."""
        if doubt is None:
            yield
            return
        before = self.sandbox.faults()
        self.sandbox.clear_faults()
        self.sandbox.inject(**READS[doubt[0]], **ANSWERS[doubt[1]], count=None)
        yield
        self.sandbox.clear_faults()
        for one in before:
            self.sandbox.inject(**one.fault.model_dump(mode="json", exclude_none=True))

    @rule(
        edits=st.lists(st.tuples(st.sampled_from(EDITS), st.sampled_from(NAMES)), max_size=4),
        approved=st.sampled_from(["no", "no", "yes", "expired", "taken back"]),
        fault=st.sampled_from(["", "", "status", "cut_before", "cut_after"]),
        doubt=DOUBTS,
        steps=st.none() | st.none() | st.integers(0, 12),
    )
    def update(
        self,
        edits: list[tuple[str, tuple[str, str]]],
        approved: str,
        fault: str,
        doubt: tuple[str, str] | None,
        steps: int | None,
    ) -> None:
        for edit, one in edits:
            getattr(self, edit)(one)
        if approved == "taken back":
            self.take_approvals_back()
        elif approved != "no":
            self.approve(expired=approved == "expired")
        if fault:
            self.sandbox.inject(**FAULTS[fault], method="DELETE")
        self.engine.steps = steps
        with self.in_doubt(doubt):
            self.up()
        self.engine.steps = None

    @rule(event=st.sampled_from(EVENTS), one=st.sampled_from(NAMES))
    def happen(self, event: str, one: tuple[str, str]) -> None:
        getattr(self, event)(*([one] if event == "purge_in_the_console" else []))

    @rule()
    def update_again(self) -> None:
        self.up()

    def up(self) -> Outcome:
        """Update, and hold what was purged against the model."""
        request, faults = self.request(), bool(self.sandbox.faults())
        plan = Plan(request)
        lives = {one.id: one.life for one in plan.bound.values()}
        self.note_holds()
        expected = self.refusals(plan)
        outcome = self.engine.up(request)
        if not faults and not self.not_listed(plan):
            assert set(outcome.refusals) & {"max-purges", "emptied", "alive", "hold", "moved"} == expected
        purged = self.purged_now()
        dropped = {one.id for one in plan.purges}
        for user, name in purged:
            assert self.id((user, name)) in dropped, "only what was dropped is purged"
        assert not purged or (outcome.is_permitted and not expected), "only what was permitted is purged"
        assert len(purged) == len(set(purged)), "nothing is purged twice in one update"
        if outcome.is_permitted:
            self.note_permit(plan, lives)
        return outcome

    # The model.

    def refusals(self, plan: Plan) -> set[str]:
        """Return the rules that have to refuse this plan."""
        purges = {self.key(one.id): one.life for one in plan.purges}
        if not purges:
            return set()
        must: set[str] = set()
        if self.model.seen_held & purges.keys() or (SHARED in purges and self.model.other_was_seen_to_hold):
            must.add("hold")
        if self.model.moved & purges.keys() or (SHARED in purges and self.model.other_wants):
            must.add("moved")
        digest = purges_digest(self.sandbox.url, self.stack, plan.purges)
        if any(one.digest == digest and one.expires >= self.now.date() for one in self.approvals):
            return must
        rest = {life for life in purges.values() if life not in self.model.begun}
        if not rest:
            return must
        lives = {one.life for one in self.engine.bound()}
        ledger = operation.current().connection.ledger("mbs-erasure", self.stack)
        recent = ledger.accepted_since(self.now - DAY, lives).keys()
        if len(rest | recent) > LIMIT:
            must.add("max-purges")
        if not plan.wanted:
            must.add("emptied")
        listed = self.listed()
        alive = {key for key, life in purges.items() if life in rest and key in self.model.alive and key in listed}
        if any(self.is_lately(one) for one in alive):
            must.add("alive")
        return must

    def note_holds(self) -> None:
        for one in NAMES:
            key = self.id(one)
            if one in self.model.wanted and one in self.model.held and key in self.engine.state:
                self.model.seen_held.add(one)

    def note_permit(self, plan: Plan, lives: dict[str, str]) -> None:
        digest = purges_digest(self.sandbox.url, self.stack, plan.purges)
        approved = any(one.digest == digest and one.expires >= self.now.date() for one in self.approvals)
        for purge in plan.purges:
            self.model.permitted.add(self.key(purge.id))
            if approved:
                self.model.begun.add(purge.life)
        for one in self.model.wanted:
            key = self.id(one)
            self.model.permitted.discard(one)
            self.model.begun.discard(lives.get(key, ""))
            if one not in self.model.held:
                self.model.seen_held.discard(one)
            elif key in self.engine.state:
                self.model.seen_held.add(one)

    def is_lately(self, one: tuple[str, str]) -> bool:
        found = self.sandbox.state().binding(one[0], "d-1", one[1])
        return bool(
            found and found.last_backup and found.last_backup + datetime.timedelta(hours=14) > self.now - 7 * DAY
        )

    def not_listed(self, plan: Plan) -> bool:
        """Whether something that is wanted would have to be looked up and is not there, which refuses first."""
        listed = self.listed()
        return any(self.key(one) not in listed for one in plan.wanted)

    # The rest.

    def begin(self) -> None:
        begin_operation(
            self.sandbox.url,
            token="",
            login=self.sandbox.login,
            password=self.sandbox.password,
            maxPurges=str(LIMIT),
            maxPurgePercent="100",
        )

    def request(self) -> PlanRequest:
        wanted = tuple(
            Entry(
                user=user,
                destination="d-1",
                computer=self.spelling.get((user, name), name),
                hold="Litigation" if (user, name) in self.model.held else None,
            )
            for user, name in sorted(self.model.wanted)
        )
        elsewhere = tuple(
            Entry(user=user, destination="d-1", computer=name, file="inventory/globex.yaml")
            for user, name in sorted(self.model.moved | ({SHARED} if self.model.other_wants else set()))
        )
        return PlanRequest(
            project="mbs-erasure",
            stack=self.stack,
            dry_run=False,
            wanted=wanted,
            bound=self.engine.bound(),
            elsewhere=elsewhere,
            approvals=tuple(self.approvals),
        )

    def others_request(self) -> PlanRequest:
        hold = "Litigation" if self.model.other_holds else None
        shared = Entry(user=SHARED[0], destination="d-1", computer=SHARED[1], hold=hold)
        own = Entry(user=OTHERS_OWN[0], destination="d-1", computer=OTHERS_OWN[1])
        file = "inventory/acme.yaml"
        elsewhere = Entry(user=SHARED[0], destination="d-1", computer=SHARED[1], file=file)
        return PlanRequest(
            project="mbs-erasure",
            stack="globex",
            dry_run=False,
            wanted=(shared, own) if self.model.other_wants else (own,),
            bound=self.other.bound(),
            elsewhere=(elsewhere,) if SHARED in self.model.wanted | self.model.moved else (),
        )

    def id(self, one: tuple[str, str]) -> str:
        return f"{one[0]}/d-1/{fold(one[1])}"

    def key(self, binding: str) -> tuple[str, str]:
        user, _, name = binding.split("/")
        return user, name.upper()

    def listed(self) -> set[tuple[str, str]]:
        return {(one.user, one.computer) for one in self.sandbox.state().bindings if one.listed}

    def purged_now(self) -> list[tuple[str, str]]:
        """Return the purges that reached the account since the last look, and forget them."""
        sent = self.sandbox.requests("DELETE")
        self.sandbox.clear_requests()
        return [(one.path.split("/")[3], pair["ComputerName"]) for one in sent for pair in one.body]

    def ledger_size(self) -> int:
        self.begin()
        return sum(
            events for events, _ in operation.current().connection.ledger("mbs-erasure", self.stack).heads().values()
        )

    def everything_permitted_is_purged_in_the_end(self) -> None:
        """Let the world be well again, and update: what was permitted and is still dropped must be gone."""
        self.sandbox.clear_faults()
        self.model.moved.clear()
        self.update_the_other(
            "drop" if SHARED not in self.model.wanted and not self.model.other_was_seen_to_hold else "lift"
        )
        self.model.wanted &= self.listed()  # an entry that cannot be adopted any more, people would drop
        owed = self.model.permitted - self.model.wanted - self.model.seen_held
        for _ in range(3):
            for one in [one for one in NAMES if one in self.model.seen_held - self.model.wanted]:
                self.model.wanted.add(one)  # a hold that was seen is lifted in an update of its own
                self.model.held.discard(one)
            self.now += 2 * DAY
            self.sandbox.set_clock(self.now)
            self.approve(expired=False)
            self.up()
        still = {self.key(name) for name in self.engine.state}
        assert not owed & still, "whatever was dropped and permitted is purged in the end"
        assert not owed & self.listed(), "and the account has it no more"

    @invariant()
    @precondition(lambda self: hasattr(self, "folder"))
    def nothing_wanted_is_purged(self) -> None:
        assert self.purged_now() == [], "every purge was looked at"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[RunningSandbox]:
    MONKEY.delenv("CI", raising=False)
    with RunningSandbox(purge_delay="0s") as running:
        yield running
    MONKEY.undo()
    operation.reset()


def test_the_two_laws_hold(sandbox: RunningSandbox) -> None:
    TheLaws.sandbox = sandbox
    case = TheLaws.TestCase
    case.settings = settings(
        max_examples=30,
        stateful_step_count=25,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        derandomize=True,
    )
    case("runTest").runTest()
