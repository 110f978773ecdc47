"""Whole operations on the small engine: holds, lives, endpoints, approvals and the ledger, one after the other."""

import datetime
import json
from pathlib import Path
from typing import Any

import pytest

from erasure import clock
from erasure.clock import today
from erasure.files.approvals import Approval
from erasure.files.inventory import Entry
from erasure.ledger import Event, Kind, Lease, Ledger, LedgerError, purges_in
from erasure.plan import Plan, PlanRequest, purges_digest
from erasure.reports.plan import PlanReport
from erasure.reports.receipt import Selection, receipt
from providers import operation
from providers.purge_plan import PurgePlanProvider
from tests.providers.conftest import FakeAccount, begin_operation
from tests.small_engine import Outcome, SmallEngine

NAMES = ("PC-1", "PC-2", "PC-3", "PC-4")


class Stack:
    """A stack of one user's computers, on the fake account."""

    def __init__(self, account: FakeAccount) -> None:
        self.account = account
        self.settings: dict[str, str] = {}
        self.endpoint = account.url
        self.engine = SmallEngine(self.begin)
        self.fields: dict[str, Any] = {}
        account.listed["u-1"] = [{"DestinationId": "D-1", "ComputerName": one} for one in NAMES]
        account.known.add("u-1")
        assert self.up(*NAMES).is_permitted
        account.asked.clear()

    def begin(self) -> None:
        begin_operation(self.endpoint, **self.settings)

    def request(self, *wanted: str, hold: tuple[str, ...] = (), deleted: bool = False) -> PlanRequest:
        return PlanRequest(
            project="mbs-erasure",
            stack="acme",
            dry_run=False,
            wanted=tuple(
                Entry(
                    user="u-1",
                    destination="d-1",
                    computer=one,
                    hold="Litigation" if one in hold else None,
                    deleted=deleted,
                )
                for one in wanted
            ),
            bound=self.engine.bound(),
            **self.fields,
        )

    def up(self, *wanted: str, hold: tuple[str, ...] = (), deleted: bool = False) -> Outcome:
        return self.engine.up(self.request(*wanted, hold=hold, deleted=deleted))

    def approve(self, *wanted: str) -> Approval:
        purges = Plan(self.request(*wanted)).purges
        digest = purges_digest(self.endpoint, "acme", purges)
        approval = Approval(
            digest=digest,
            purges=len(purges),
            reason="Contract ended",
            approved_by="dana",
            expires=today(),
            request="R-1",
            due=today(),
        )
        self.fields["approvals"] = (approval,)
        return approval

    def events(self, computer: str = "PC-4") -> list[Event]:
        ledger = Ledger("sqlite:///ledger.db", "mbs-erasure/acme", Path.cwd())
        return [one.event for one, _ in ledger.records() if one.event.binding == f"u-1/d-1/{computer.lower()}"]

    def kinds(self, computer: str = "PC-4") -> list[str]:
        return [str(one.kind) for one in self.events(computer)]

    def purged(self) -> list[str]:
        return [pair["ComputerName"] for _, body in self.account.deleted for pair in body]


@pytest.fixture
def stack(account: FakeAccount) -> Stack:
    """Return a stack that has adopted the four computers."""
    return Stack(account)


def test_a_purge_is_written_down_before_and_after_its_call(stack: Stack) -> None:
    stack.up(*NAMES[:3])
    assert stack.kinds() == ["adopted", "intended", "sent", "accepted"]
    assert stack.kinds("PC-1") == ["adopted"]
    assert {one.life for one in stack.events()} == {stack.events()[0].life}
    intended, sent = stack.events()[1].data, stack.events()[2].data
    assert {key: intended[key] for key in ("user", "computer")} == {"user": "u-1", "computer": "PC-4"}
    assert "approval" not in intended
    assert sent == {"destination": "D-1", "computer": "PC-4", "digest": intended["digest"]}


def test_how_much_is_stored_is_written_down_before_every_purge_whatever_is_configured(stack: Stack) -> None:
    stack.account.stored["u-1"] = [{"Computer": "pc-4", "SizeBackup": 60}]
    stack.up(*NAMES[:3])
    assert stack.events()[2].data["stored_bytes"] == 60


def test_an_approved_purge_says_who_approved_what(stack: Stack) -> None:
    approval = stack.approve()
    assert stack.up().is_permitted
    assert sorted(stack.purged()) == list(NAMES)
    data = stack.events()[1].data
    told = {key: data.get(key) for key in ("approval", "approved_by", "reason", "request", "due")}
    assert told == {
        "approval": approval.digest,
        "approved_by": "dana",
        "reason": "Contract ended",
        "request": "R-1",
        "due": today().isoformat(),
    }


def test_an_approval_without_a_request_names_none(stack: Stack) -> None:
    approval = stack.approve().model_copy(update={"request": None, "due": None})
    stack.fields["approvals"] = (approval,)
    stack.up()
    assert {"request", "due"} & stack.events()[1].data.keys() == set()


def test_a_preview_neither_writes_nor_purges(stack: Stack) -> None:
    before = stack.kinds()
    assert stack.engine.preview(stack.request(*NAMES[:3], hold=("PC-1",))).is_permitted
    assert stack.kinds() == before
    assert stack.kinds("PC-1") == ["adopted"]
    assert stack.purged() == []


def test_a_hold_is_written_down_once_and_its_lifting_too(stack: Stack) -> None:
    stack.up(*NAMES, hold=("PC-4",))
    stack.up(*NAMES, hold=("PC-4",))
    assert stack.kinds() == ["adopted", "held"]
    assert stack.events()[1].data == {"reason": "Litigation"}
    assert stack.up(*NAMES[:3]).refusals == ["hold"]
    stack.up(*NAMES)
    stack.up(*NAMES)
    assert stack.kinds() == ["adopted", "held", "lifted"]
    assert stack.up(*NAMES[:3]).is_permitted


def test_a_hold_of_a_refused_update_counts_and_a_refused_lifting_does_not(stack: Stack) -> None:
    assert stack.up("PC-4", hold=("PC-4",)).refusals == ["max-percent"]
    assert stack.kinds() == ["adopted", "held"]
    assert stack.up("PC-4").refusals == ["max-percent"]
    assert stack.kinds() == ["adopted", "held"]
    assert stack.up(*NAMES[:3]).refusals == ["hold"]


def test_a_hold_counts_on_every_stack_of_the_ledger_until_its_own_lifts_it(stack: Stack) -> None:
    other = SmallEngine(stack.begin)

    def update(*wanted: str, hold: tuple[str, ...] = ()) -> Outcome:
        request = stack.request(*wanted, hold=hold)
        return other.up(request.model_copy(update={"stack": "globex", "bound": other.bound()}))

    assert update(*NAMES, hold=("PC-4",)).is_permitted
    assert stack.up(*NAMES[:3]).refusals == ["hold"]
    assert update(*NAMES).is_permitted
    assert stack.up(*NAMES[:3]).is_permitted
    assert stack.purged() == ["PC-4"]


def test_a_level_of_the_ledger_does_not_lift_the_count_of_a_day(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    stack.settings |= {"maxPurges": "1", "maxPurgePercent": "100", "rules": '{"ledger": "warn"}'}
    assert stack.up(*NAMES[:3]).is_permitted
    monkeypatch.setenv("CI", "true")
    assert stack.up(*NAMES[:2]).refusals == ["max-purges"]


def test_a_hold_from_before_the_ledger_is_lifted_in_it(stack: Stack) -> None:
    stack.up(*NAMES, hold=("PC-4",))
    Path("ledger.db").unlink()
    stack.up(*NAMES)
    assert stack.kinds() == ["lifted"]


def test_a_released_binding_is_written_down_and_kept(stack: Stack) -> None:
    stack.fields["released"] = (Entry(user="u-1", destination="d-1", computer="PC-4", release="Sold"),)
    assert stack.up(*NAMES[:3]).is_permitted
    assert "u-1/d-1/pc-4" not in stack.engine.state
    assert stack.kinds() == ["adopted", "released"]
    assert stack.events()[1].data == {"reason": "Sold"}
    assert stack.purged() == []


@pytest.mark.parametrize("is_restored", [False, True])
def test_a_released_life_leaves_a_restored_state_without_a_call_and_only_a_new_one_is_purged(
    stack: Stack, is_restored: bool
) -> None:
    older = dict(stack.engine.state)
    stack.fields["released"] = (Entry(user="u-1", destination="d-1", computer="PC-4", release="Sold"),)
    stack.up(*NAMES[:3])
    stack.fields.clear()
    stack.engine.state = older
    if is_restored:
        assert stack.up(*NAMES).is_permitted
        assert stack.kinds() == ["adopted", "released", "adopted"], "a new life"
    assert stack.up(*NAMES[:3]).failures == []
    assert "u-1/d-1/pc-4" not in stack.engine.state
    assert stack.purged() == (["PC-4"] if is_restored else [])
    assert is_restored or stack.kinds() == ["adopted", "released"]


def test_what_was_released_counts_into_no_limit(stack: Stack) -> None:
    older = dict(stack.engine.state)
    stack.fields["released"] = tuple(Entry(user="u-1", destination="d-1", computer=one, release="-") for one in NAMES)
    assert stack.up().is_permitted
    stack.fields.clear()
    stack.engine.state = older
    assert stack.up().is_permitted
    assert (stack.engine.state, stack.purged()) == ({}, [])


def test_a_refresh_keeps_what_is_owed_and_forgets_what_is_only_gone(
    stack: Stack, capsys: pytest.CaptureFixture[str]
) -> None:
    stack.account.refuse_deletes = True
    stack.up(*NAMES[:3])
    del stack.account.listed["u-1"][2:]
    stack.engine.refresh()
    assert sorted(stack.engine.state) == ["u-1/d-1/pc-1", "u-1/d-1/pc-2", "u-1/d-1/pc-4"]
    assert "is kept as it was: not-found: it is not listed any more, and its purge is owed" in capsys.readouterr().err


def test_a_refresh_keeps_what_the_ledger_cannot_tell_of(stack: Stack) -> None:
    Path("ledger.db").write_text("no database")
    del stack.account.listed["u-1"][3:]
    stack.engine.refresh()
    assert len(stack.engine.state) == len(NAMES)


def test_an_update_that_purges_nothing_says_who_purges_meanwhile(
    stack: Stack, capsys: pytest.CaptureFixture[str]
) -> None:
    other = Lease(Ledger("sqlite:///ledger.db", "mbs-erasure/acme", Path.cwd()), {"host": "h", "process": 7}, bool)
    other.take()
    assert stack.up(*NAMES).is_permitted
    assert "lease: another run of this stack is purging (process 7 on h, seen" in capsys.readouterr().err
    stack.engine.preview(stack.request(*NAMES))
    assert capsys.readouterr().err == ""
    other.give_back()
    stack.up(*NAMES)
    assert capsys.readouterr().err == ""


def test_of_a_half_done_replacement_the_life_that_was_intended_is_purged(stack: Stack) -> None:
    request = stack.request(*NAMES[:3])
    old = request.bound[-1].model_copy(update={"life": "an old half", "pending_deletion": True})
    request = request.model_copy(update={"bound": (*request.bound, old)})
    stack.begin()
    assert not PurgePlanProvider().check({}, {"request": request.model_dump_json()}).failures
    assert len(dict(stack.engine.checks(request.wanted))) == len(request.wanted)
    for half in (old, request.bound[3]):
        operation.current().delete(half)
    assert stack.kinds() == ["adopted", "intended", "sent", "accepted"]
    assert {one.life for one in stack.events()} == {request.bound[3].life}


def test_what_was_adopted_as_one_name_and_is_listed_as_another_of_the_same_look_is_refused_and_not_gone(
    stack: Stack,
) -> None:
    stack.account.listed["u-1"][3]["ComputerName"] = "PC-4 "
    assert stack.up(*NAMES[:3]).refusals == ["too-alike"]
    stack.engine.refresh()
    assert len(stack.engine.state) == len(NAMES)
    stack.account.listed["u-1"].append({"DestinationId": "D-1", "ComputerName": "PC-4"})
    assert stack.up(*NAMES[:3]).refusals == ["too-alike"], "beside it, too"
    assert stack.purged() == []


def test_what_is_listed_with_other_letters_is_another_computer(stack: Stack) -> None:
    stack.account.listed["u-1"].append({"DestinationId": "D-1", "ComputerName": "straße"})
    assert stack.up(*NAMES, "STRAẞE").is_permitted, "letter case may differ"
    stack.account.listed["u-1"][-1]["ComputerName"] = "STRASSE"
    assert stack.up(*NAMES).refusals == ["ambiguous"]
    assert stack.purged() == []


def test_a_purge_keeps_its_names_when_it_is_taken_back(stack: Stack) -> None:
    stack.account.refuse_deletes = True
    stack.up(*NAMES[:3])
    stack.up(*NAMES)
    ledger = Ledger("sqlite:///ledger.db", "mbs-erasure/acme", Path.cwd())
    (life,) = purges_in(record for record, _ in ledger.records())
    assert not life.is_intended
    assert [life.named(part) for part in ("user", "destination", "computer")] == ["u-1", "D-1", "PC-4"]


def test_a_receipt_joins_an_approver_to_the_set_that_was_approved_and_each_call_to_its_own(stack: Stack) -> None:
    approval = stack.approve("PC-1", "PC-2")
    stack.account.refuse_deletes = True
    assert stack.up("PC-1", "PC-2").failures
    stack.fields.clear()
    stack.account.refuse_deletes = False
    stack.settings["maxPurgePercent"] = "100"
    assert stack.up("PC-1").is_permitted
    records = list(Ledger("sqlite:///ledger.db", "mbs-erasure/acme", Path.cwd()).records())
    told = {purge.computer: purge for purge in receipt("acme", records, Selection(), clock.now()).purges}
    assert (told["PC-4"].approved_by, told["PC-4"].digest, told["PC-4"].set_size) == ("dana", approval.digest, 2)
    assert (told["PC-2"].approved_by, told["PC-2"].set_size) == (None, 3)
    assert [call.digest for call in told["PC-4"].calls] == [None, told["PC-2"].digest], "the second was for another set"


def test_a_deleted_users_adoption_says_that_nobody_checked(stack: Stack) -> None:
    assert stack.up(*NAMES, "PC-5", deleted=True).is_permitted
    assert stack.events("PC-5")[0].data == {"unchecked": True}
    assert stack.events("PC-1")[0].data == {}


def test_a_user_marked_deleted_that_the_account_knows_is_told(stack: Stack, capsys: pytest.CaptureFixture[str]) -> None:
    stack.up(*NAMES, "PC-5", deleted=True)
    assert "deleted: user u-1 is marked `deleted: true`, and the account knows it" in capsys.readouterr().err
    stack.up(*NAMES)
    assert "deleted: user u-1 is marked" in capsys.readouterr().err, "and where it is to be purged"
    stack.account.known.clear()
    stack.up(*NAMES, "PC-6", deleted=True)
    assert "deleted:" not in capsys.readouterr().err


def test_what_was_begun_is_taken_back_when_the_entry_returns(stack: Stack) -> None:
    stack.approve("PC-1")
    stack.engine.steps = 1
    assert stack.up("PC-1").killed
    stack.fields.clear()
    assert stack.kinds()[-1] == "intended"
    stack.up(*NAMES)
    assert stack.kinds()[-1] == "withdrawn"
    stack.up(*NAMES)
    assert stack.kinds().count("withdrawn") == 1
    assert stack.up("PC-1").refusals == ["max-percent"]


def test_a_used_life_is_followed_by_another(stack: Stack) -> None:
    account = stack.account
    account.break_next_delete = True
    assert stack.up(*NAMES[:3]).failures
    assert stack.kinds() == ["adopted", "intended", "sent"]
    assert stack.up(*NAMES).failures == []
    assert stack.kinds()[3:] == ["adopted"]
    assert len({one.life for one in stack.events()}) == 2
    assert stack.engine.state["u-1/d-1/pc-4"].inputs["after"] == stack.events()[0].life
    account.asked.clear()
    stack.up(*NAMES)
    assert account.asked == []
    assert stack.up(*NAMES[:3]).refusals == ["max-percent"], "a call without an answer counts as one that was accepted"
    stack.settings["maxPurgePercent"] = "100"
    assert stack.up(*NAMES[:3]).failures == []
    assert stack.purged() == ["PC-4", "PC-4"]


def test_a_used_life_whose_data_is_gone_is_not_renewed(stack: Stack) -> None:
    stack.account.break_next_delete = True
    stack.up(*NAMES[:3])
    stack.account.listed["u-1"].pop()
    assert stack.up(*NAMES).refusals == ["not-listed"]


def test_an_accepted_purge_is_not_sent_again_in_the_same_life(stack: Stack) -> None:
    stack.engine.steps = 4
    assert stack.up(*NAMES[:3]).killed
    assert "u-1/d-1/pc-4" in stack.engine.state
    assert stack.kinds()[-1] == "accepted"
    assert stack.up(*NAMES[:3]).failures == []
    assert stack.purged() == ["PC-4"]
    assert "u-1/d-1/pc-4" not in stack.engine.state


def test_a_purge_that_the_account_refused_is_written_down_as_failed(stack: Stack) -> None:
    stack.account.refuse_deletes = True
    outcome = stack.up(*NAMES[:3])
    assert "answered 400" in outcome.failures[0]
    assert stack.kinds() == ["adopted", "intended", "sent", "failed"]
    assert "answered 400" in stack.events()[-1].data["finding"]


def test_data_that_is_gone_is_written_off_by_a_second_look_an_hour_later(
    stack: Stack, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    del stack.account.listed["u-1"][2:]
    stack.settings["maxPurgePercent"] = "100"
    begun = clock.now()
    for later in (0, 59):
        monkeypatch.setattr(clock, "now", lambda later=later: begun + datetime.timedelta(minutes=later))
        first, _ = stack.up(*NAMES[:2]).failures
        assert first.startswith(
            "not-found: computer 'PC-3' of user u-1 on destination D-1 is not listed any more, which"
        )
        assert f"again from {begun + datetime.timedelta(hours=1):%Y-%m-%d %H:%M} UTC" in first
        assert len(stack.engine.state) == len(NAMES)
    monkeypatch.setattr(clock, "now", lambda: begun + datetime.timedelta(minutes=60))
    assert stack.up(*NAMES[:2]).failures == []
    assert set(stack.kinds()) == {"adopted", "intended", "not found", "already absent"}
    assert stack.kinds()[-1] == "already absent"
    assert len(stack.engine.state) == 2
    told = capsys.readouterr().err
    assert "computer 'PC-3' of user u-1 on destination D-1 and 1 more: not listed any more" in told


def test_one_that_is_gone_is_told_alone_and_one_that_is_listed_not_at_all(
    stack: Stack, capsys: pytest.CaptureFixture[str]
) -> None:
    stack.engine.preview(stack.request(*NAMES[:3]))
    assert "not listed any more" not in capsys.readouterr().err
    stack.account.listed["u-1"].pop()
    stack.up(*NAMES[:3])
    assert "on destination D-1: not listed any more" in capsys.readouterr().err


def test_an_update_of_nothing_says_nothing(stack: Stack, capsys: pytest.CaptureFixture[str]) -> None:
    assert stack.up(*NAMES).is_permitted
    assert capsys.readouterr().err == ""


def test_a_release_of_what_was_never_bound_is_nothing(stack: Stack) -> None:
    stack.fields["released"] = (Entry(user="u-1", destination="d-1", computer="never", release="Sold"),)
    assert stack.up(*NAMES).is_permitted


def test_a_preview_tries_whether_the_ledger_can_be_written(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_self: Ledger) -> None:
        raise LedgerError("it is read-only")

    monkeypatch.setattr(Ledger, "require_writable", fail)
    assert stack.engine.preview(stack.request(*NAMES[:3])).refusals == ["ledger"]


def to_another_address(stack: Stack) -> None:
    """Ask the same account at another address from now on."""
    stack.endpoint = stack.account.url.replace("127.0.0.1", "localhost")


def test_a_stack_is_bound_to_a_new_endpoint_that_lists_it_all(stack: Stack) -> None:
    first = stack.endpoint
    to_another_address(stack)
    assert stack.up(*NAMES[:3]).refusals == ["account"]
    assert stack.up(*NAMES).failures == []
    assert {one.outputs["endpoint"] for one in stack.engine.state.values()} == {stack.endpoint}
    assert [(str(one.kind), one.endpoint) for one in stack.events()] == [
        ("adopted", first),
        ("adopted", stack.endpoint),
    ]
    assert stack.up(*NAMES[:3]).is_permitted


@pytest.mark.parametrize("adopting", [False, True])
def test_a_stack_is_not_bound_where_one_is_missing(
    stack: Stack, adopting: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    first = stack.endpoint
    to_another_address(stack)
    stack.account.listed["u-1"][3]["ComputerName"] = "PC-5"
    outcome = stack.up(*NAMES, *(["PC-5"] if adopting else []))
    assert outcome.refusals == (["account"] if adopting else [])
    assert {one.outputs["endpoint"] for one in stack.engine.state.values()} == {first}
    assert ("stays bound to the endpoint" in capsys.readouterr().err) != adopting


def test_a_used_life_is_not_renewed_at_another_endpoint(stack: Stack) -> None:
    stack.account.break_next_delete = True
    stack.up(*NAMES[:3])
    to_another_address(stack)
    stack.account.listed["u-1"].pop(0)
    assert stack.up(*NAMES).is_permitted
    assert stack.kinds() == ["adopted", "intended", "sent"]


def break_ledger() -> None:
    Path("ledger.db").unlink()
    Path("ledger.db").mkdir()


def test_without_a_ledger_nothing_is_purged(stack: Stack) -> None:
    break_ledger()
    assert stack.up(*NAMES[:3]).refusals == ["ledger"]


def test_in_ci_the_default_file_is_no_ledger_for_purges(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    for value, refused in (("true", True), ("1", True), ("", False), ("false", False), ("0", False)):
        monkeypatch.setenv("CI", value)
        outcome = stack.engine.preview(stack.request(*NAMES[:3]))
        assert outcome.refusals == (["ledger"] if refused else [])
    monkeypatch.setenv("CI", "true")
    stack.settings["ledger"] = "sqlite:///kept.db"
    assert stack.up(*NAMES[:3]).refusals == ["ledger"], "it is another stack's"
    operation.reset()
    Path("ledger.db").rename("kept.db")
    assert stack.up(*NAMES[:3]).is_permitted


def test_a_ledger_that_knows_no_adoption_of_what_is_bound_is_not_this_stacks(stack: Stack) -> None:
    stack.settings["ledger"] = "sqlite:///another.db"
    outcome = stack.up(*NAMES[:3])
    assert outcome.refusals == ["ledger"]
    assert stack.purged() == []
    assert stack.up(*NAMES).is_permitted, "where nothing is purged, there is nothing to refuse"


def test_without_a_ledger_adopting_goes_on_and_says_so(stack: Stack, capsys: pytest.CaptureFixture[str]) -> None:
    more = ("PC-5", "PC-6")
    stack.account.listed["u-1"] += [{"DestinationId": "D-1", "ComputerName": one} for one in more]
    break_ledger()
    assert stack.up(*NAMES, *more).failures == []
    told = capsys.readouterr().err
    assert "before anything is to be purged" in told
    assert told.count("this adoption is not recorded") == 1


def test_an_adoption_is_written_down_once_it_is_made_and_not_before(stack: Stack) -> None:
    stack.up(*NAMES[:3])
    stack.account.listed["u-1"].append({"DestinationId": "D-1", "ComputerName": "PC-4"})
    stack.engine.steps = 3
    assert stack.up(*NAMES).killed, "before the fourth"
    assert stack.kinds()[-1] == "accepted"
    assert stack.up(*NAMES).failures == []
    assert stack.kinds()[-1] == "adopted"
    assert stack.engine.state["u-1/d-1/pc-4"].outputs["life"] == stack.events()[-1].life


def test_without_a_ledger_no_new_hold_is_taken(stack: Stack) -> None:
    stack.up(*NAMES, hold=("PC-3",))
    break_ledger()
    assert stack.up(*NAMES, hold=("PC-3",)).is_permitted, "the state has it"
    assert stack.engine.preview(stack.request(*NAMES, hold=("PC-3", "PC-4"))).refusals == ["ledger"]
    assert stack.up(*NAMES, hold=("PC-3", "PC-4")).refusals == ["ledger"]
    assert stack.up("PC-3", "PC-4", hold=("PC-3", "PC-4")).refusals == ["max-percent", "ledger"]


def test_a_ledger_that_fails_between_judging_and_purging_stops_the_purge(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_self: Ledger, _events: object) -> None:
        raise LedgerError("the disk is full")

    monkeypatch.setattr(Ledger, "append", fail)
    assert stack.up(*NAMES[:3]).refusals == ["ledger"]
    assert stack.up("PC-1", hold=("PC-1",)).refusals == ["max-percent", "ledger"]
    assert stack.purged() == []


def test_a_ledger_that_fails_after_the_permit_stops_the_call(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    append = Ledger.append

    def fail_when_sending(self: Ledger, events: Any, **conditions: Any) -> None:  # noqa: ANN401 -- as the real one
        if any(one.kind == Kind.SENT for one in events):
            raise LedgerError("the disk is full")
        append(self, events, **conditions)

    monkeypatch.setattr(Ledger, "append", fail_when_sending)
    assert stack.up(*NAMES[:3]).failures == ["the disk is full"]
    assert stack.purged() == []


def test_a_purge_that_cannot_even_be_looked_up_is_not_sent(stack: Stack) -> None:
    stack.settings["rules"] = json.dumps({"unreadable": "off"})
    stack.account.listed["u-1"] = "garbage"
    outcome = stack.up(*NAMES[:3])
    assert outcome.is_permitted
    assert outcome.failures[0].startswith(
        "not-permitted: computer 'PC-4' of user u-1 on destination D-1 was not looked up"
    )


def test_purges_of_the_last_day_count(stack: Stack) -> None:
    assert stack.up(*NAMES[:3]).is_permitted
    assert stack.up(*NAMES[:2]).refusals == ["max-percent"]


def test_a_neighbour_is_heard(stack: Stack) -> None:
    stack.fields["elsewhere"] = (Entry(user="u-1", destination="d-1", computer="PC-4", file="inventory/x.yaml"),)
    assert stack.up(*NAMES[:3]).refusals == ["moved"]
    stack.fields = {"unreadable": ("inventory/x.yaml:1: bad",)}
    assert stack.up(*NAMES[:3]).refusals == ["moved"]


def test_the_judged_plan_is_left_in_a_file(stack: Stack, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MBS_PLAN_FILE", str(tmp_path / "plan.json"))
    stack.account.runs["u-1"] = [{"ComputerName": "pc-4", "LastStart": None, "Status": 3}]
    stack.account.listed["u-1"][2:] = []
    stack.account.listed["u-1"].append({"DestinationId": "D-2", "ComputerName": "PC-4"})
    stack.account.listed["u-1"].append({"DestinationId": "D-1", "ComputerName": "PC-4"})
    assert stack.up(*NAMES[:2]).refusals == ["max-percent", "alive"]
    read = PlanReport.model_validate_json((tmp_path / "plan.json").read_text())
    assert (read.outcome, read.totals.wanted, read.totals.bound) == ("refused", 2, 4)
    gone, alive = read.purges
    assert (gone.id, gone.is_listed, gone.is_running, gone.other_copies) == ("u-1/d-1/pc-3", False, False, 0)
    assert (alive.id, alive.is_listed, alive.is_running, alive.other_copies) == ("u-1/d-1/pc-4", True, True, 1)
    assert (alive.is_owed, alive.life) == (False, stack.events()[0].life)
    assert [(one.rule, one.level, one.is_lifted) for one in read.rules] == [
        ("max-percent", "approve", False),
        ("alive", "approve", False),
    ]
    assert read.obstacles == ()

    stack.account.listed.clear()
    stack.account.known.clear()
    stack.up(*NAMES[:3])
    read = PlanReport.model_validate_json((tmp_path / "plan.json").read_text())
    assert read.purges[0].is_listed is None

    stack.account.listed["u-1"] = "garbage"
    stack.up(*NAMES[:3], "PC-9")
    read = PlanReport.model_validate_json((tmp_path / "plan.json").read_text())
    assert (read.purges[0].is_listed, read.purges[0].other_copies) == (None, None)
    assert read.adoptions == ("u-1/d-1/pc-9",)


def test_an_obstacle_is_in_the_file_apart_from_the_rules(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MBS_PLAN_FILE", str(tmp_path / "plan.json"))
    assert set(stack.up("PC-1", "PC-9").refusals) == {"not-listed", "max-percent"}
    read = PlanReport.model_validate_json((tmp_path / "plan.json").read_text())
    assert [one.partition(":")[0] for one in read.obstacles] == ["not-listed"]


def test_a_plan_file_that_cannot_be_written_is_a_refusal(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MBS_PLAN_FILE", str(tmp_path / "nowhere" / "plan.json"))
    assert stack.up(*NAMES[:3]).refusals == ["plan-file"]


def test_a_refusal_names_the_five_largest_purges_and_no_more(stack: Stack) -> None:
    computers = [f"PC-{number}" for number in range(10, 19)]
    stack.account.listed["u-1"] += [{"DestinationId": "D-1", "ComputerName": name} for name in computers]
    stack.account.stored["u-1"] = [{"Computer": name, "SizeBackup": 1000 + int(name[3:])} for name in computers]
    assert stack.up(*NAMES, *computers).is_permitted
    assert largest_named(stack, NAMES[0]) == ["PC-18", "PC-17", "PC-16", "PC-15", "PC-14"]


def test_a_refusal_calls_nothing_large_whose_size_is_not_told(stack: Stack) -> None:
    stack.account.stored["u-1"] = [{"Computer": "PC-3", "SizeBackup": 7}]
    assert largest_named(stack, "PC-1") == ["PC-3"]


def largest_named(stack: Stack, *wanted: str) -> list[str]:
    """Return the computers that a refusal names as the largest."""
    stack.begin()
    news = {"request": stack.request(*wanted).model_dump_json()}
    lines = PurgePlanProvider().check({}, news).failures[-1].reason.splitlines()
    return [line.split("'")[1] for line in lines if line.startswith("    largest: ")]


def test_many_refusals_are_cut_and_counted(stack: Stack) -> None:
    outcome = stack.up(*NAMES, *(f"PC-{number}" for number in range(10, 30)))
    assert len(outcome.refusals) == 9
    assert outcome.refusals[-1] == "and 12 more of these"
    assert len(stack.up(*NAMES, *(f"PC-{number}" for number in range(10, 18))).refusals) == 8


@pytest.mark.parametrize("rules", ["{}", '{"alive": "off"}'])
def test_a_purge_is_asked_about_once_for_each_kind_whatever_the_levels(stack: Stack, rules: str) -> None:
    stack.settings["rules"] = rules
    stack.engine.preview(stack.request(*NAMES[:3]))
    asked = ["/api/Users/u-1/Computers", "/api/Monitoring", "/api/Billing/Details"]
    assert stack.account.asked == [*asked, "/api/Users/u-1"], "the last for the names that people know"
    stack.account.asked.clear()
    stack.up(*NAMES[:3])
    assert stack.account.asked == asked


def test_a_plan_says_in_people_s_words_what_it_destroys(stack: Stack, capsys: pytest.CaptureFixture[str]) -> None:
    stack.account.stored["u-1"] = [{"Computer": "PC-3", "SizeBackup": 644_000_000_000}]
    stack.account.runs["u-1"] = [{"ComputerName": "PC-3", "LastStart": "2026-11-02T10:00:00", "Status": 0}]
    stack.settings["maxPurgePercent"] = "100"
    stack.engine.preview(stack.request(*NAMES[:2]))
    told = capsys.readouterr().err
    assert "warning: destroys for good: PC-4 of u-1 on D-1, how much is not told, its last backup is not told" in told
    assert "\n    PC-3 of u-1 on D-1, 644.0 GB, last backup 2026-11-02\n" in told
    stack.engine.preview(stack.request(*NAMES))
    assert "destroys" not in capsys.readouterr().err


def test_a_plan_names_the_ten_riskiest_and_counts_the_rest(
    account: FakeAccount, capsys: pytest.CaptureFixture[str]
) -> None:
    many = tuple(f"PC-{number}" for number in range(12))
    stack = Stack(account)
    stack.settings |= {"rules": '{"max-purges": "off", "max-percent": "off", "emptied": "off"}'}
    account.listed["u-1"] = [{"DestinationId": "D-1", "ComputerName": one} for one in (*NAMES, *many)]
    assert stack.up(*dict.fromkeys((*NAMES, *many))).is_permitted
    capsys.readouterr()
    stack.engine.preview(stack.request())
    told = capsys.readouterr().err
    assert told.count(" of u-1 on D-1, ") == 10
    assert "and 2 more; `python -m erasure plan` shows all" in told


def test_stored_bytes_of_the_last_day_count(stack: Stack) -> None:
    stack.account.stored["u-1"] = [{"Computer": "PC-4", "SizeBackup": 60}, {"Computer": "PC-3", "SizeBackup": 50}]
    stack.settings |= {"maxPurgeBytes": "100", "maxPurgePercent": "100"}
    assert stack.up(*NAMES[:3]).is_permitted
    assert stack.events()[2].data["stored_bytes"] == 60
    assert stack.up(*NAMES[:2]).refusals == ["max-bytes"]


def test_stored_bytes_that_no_rule_needs_may_fail(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MBS_PLAN_FILE", str(tmp_path / "plan.json"))
    stack.account.stored["u-1"] = "garbage"
    assert stack.up(*NAMES[:3]).is_permitted
    assert "not all that is stored could be looked up" in capsys.readouterr().err
    assert operation.current().connection.configuration.max_purge_bytes is None


def test_a_listed_row_without_a_name_stops_what_it_could_be_and_not_every_purge_of_the_user(stack: Stack) -> None:
    listed = stack.account.listed["u-1"]
    listed[:] = [row for row in listed if row["ComputerName"] != "PC-4"] + [{"DestinationId": "D-1"}]
    assert stack.up(*NAMES[:3]).refusals == ["ambiguous"]
    assert stack.kinds() == ["adopted"]
    assert stack.up("PC-1", "PC-2", "PC-4").is_permitted
    assert stack.purged() == ["PC-3"]
