"""The product is right under every answer to what the vendor leaves open: each switch of the sandbox, each value.

The real client and account, and where a purge is at stake the real providers, ask the sandbox over HTTP.
"""

import datetime
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import get_args

import pytest

from erasure.account import Account
from erasure.files.inventory import Entry
from erasure.identity import Identity
from erasure.ledger import Ledger, Verdict, purges_in
from erasure.plan import PlanRequest
from erasure.verdict import look_again
from mbs.client import Client
from mbs.credentials import Login, Token
from mbs.errors import ApiError, LoginRefused
from mbs.models import UserComputer
from providers import operation
from sandbox.running import RunningSandbox
from sandbox.settings import Settings
from tests.engine.rehearsal import new_token
from tests.providers.conftest import begin_operation
from tests.small_engine import Outcome, SmallEngine

USER, LEAVER, NOBODY = "user-1", "user-2", "nobody"
KEPT = ("user-1", "d-1", "KEPT")
DAY = datetime.timedelta(hours=24)
EXTREMES = {"monitoring_utc_offset_minutes": (-14 * 60, 0, 14 * 60)}

_tried: set[str] = set()


def each(switch: str) -> pytest.MarkDecorator:
    """Run a test under every value of a switch, which is its argument of that name."""
    _tried.add(switch)
    return pytest.mark.parametrize(switch, EXTREMES.get(switch) or get_args(Settings.model_fields[switch].annotation))


class Stack:
    """A stack on the small engine, which adopts what it is given and always keeps one computer."""

    def __init__(self, sandbox: RunningSandbox) -> None:
        self.sandbox = sandbox
        self.settings = {"maxPurgePercent": "100"}
        self.token = new_token(sandbox)
        self.engine = SmallEngine(lambda: begin_operation(sandbox.url, token=self.token, **self.settings))

    def up(self, *bindings: tuple[str, str, str]) -> Outcome:
        """Want these bindings and nothing else."""
        wanted = [Entry(user=user, destination=where, computer=name) for user, where, name in (KEPT, *bindings)]
        request = PlanRequest(
            project="mbs-erasure", stack="acme", dry_run=False, wanted=tuple(wanted), bound=self.engine.bound()
        )
        self.sandbox.clear_requests()
        return self.engine.up(request)

    def bound(self) -> list[str]:
        """Return what the state holds besides what is kept."""
        return [name for name in self.engine.state if not name.endswith("/kept")]

    def deleted(self) -> list[list[str]]:
        """Return the computers that each DELETE of the last update named."""
        return [[pair["ComputerName"] for pair in request.body] for request in self.sandbox.requests("DELETE")]

    def kinds(self, binding: str) -> list[str]:
        """Return what the ledger says of a binding."""
        return [str(record.event.kind) for record, _ in ledger().records() if record.event.binding == binding]

    def verdicts(self, after: datetime.timedelta = DAY + datetime.timedelta(hours=1)) -> dict[str, Verdict]:
        """Look again so long after the purges, by the sandbox's clock and ours, and return what that comes to."""
        self.sandbox.move_clock(after)
        now = datetime.datetime.now(datetime.UTC) + after
        looked = look_again(purges_in(record for record, _ in ledger().records()), self.account(), now, DAY)
        return {life.binding: life.verdicts[-1][1] for life, _ in looked}

    def account(self) -> Account:
        """Return the account as a new operation sees it."""
        return Account(Client(self.sandbox.url, Token(self.token)), concurrency=2)


def ledger() -> Ledger:
    return Ledger("sqlite:///ledger.db", "mbs-erasure/acme", Path.cwd())


@pytest.fixture
def stack(sandbox: RunningSandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    """Give a stack in a folder of its own, which has adopted what is kept."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setattr(operation, "is_whole_stack", lambda: True)  # so that a batch holds a user's purges
    sandbox.add(*KEPT)
    yield Stack(sandbox)
    operation.reset()


def adopt(stack: Stack, *bindings: tuple[str, str, str]) -> None:
    """Have the account list bindings that have been quiet for a month, and adopt them."""
    for binding in bindings:
        stack.sandbox.add(*binding)
    outcome = stack.up(*bindings)
    assert (outcome.refusals, outcome.failures) == ([], [])


def just_before_the_first_delete(monkeypatch: pytest.MonkeyPatch, act: Callable[[], None]) -> None:
    """Have something happen between an update's last look and its purge."""
    acts, send = [act], Client.delete_user_data

    def act_and_send(client: Client, user_id: str, computers: list[UserComputer]) -> None:
        while acts:
            acts.pop()()
        send(client, user_id, computers)

    monkeypatch.setattr(Client, "delete_user_data", act_and_send)


@each("unknown_user_listing")
def test_a_listing_of_an_unknown_user_never_proves_absence(stack: Stack, unknown_user_listing: str) -> None:
    stack.sandbox.seed([{"id": LEAVER}])
    stack.sandbox.change_settings(unknown_user_listing=unknown_user_listing)
    account = stack.account()
    assert account.listing(NOBODY).pairs() == []
    assert account.listing(NOBODY).is_known == (unknown_user_listing == "[]"), "which is why the user is asked about"
    assert not account.knows(NOBODY)
    assert account.knows(LEAVER), "an empty listing of a user that the account knows"


@each("unknown_id")
def test_an_id_that_the_account_does_not_know_is_unknown_to_every_question(stack: Stack, unknown_id: str) -> None:
    stack.sandbox.change_settings(unknown_id=unknown_id)
    client, today = stack.account().client, datetime.datetime.now(datetime.UTC).date()
    assert (client.user(NOBODY), client.billing(NOBODY, today)) == (None, None)
    assert client.user(USER)
    assert (stack.account().plan_runs(NOBODY), len(stack.account().plan_runs(USER)) > 0) == ([], True)
    assert client.billing(USER, today)


@each("unknown_id")
@each("unknown_user_listing")
def test_a_purge_of_a_user_whom_the_account_no_longer_knows_waits_for_an_approval(
    stack: Stack, unknown_user_listing: str, unknown_id: str
) -> None:
    adopt(stack, (LEAVER, "d-1", "PC"))
    stack.sandbox.delete_user(LEAVER)
    stack.sandbox.change_settings(
        deleted_user_listing="as_unknown", unknown_user_listing=unknown_user_listing, unknown_id=unknown_id
    )
    assert stack.up().refusals == ["unknown-user"]
    assert stack.deleted() == []
    stack.engine.refresh()
    assert stack.bound() == ["user-2/d-1/pc"], "a refresh forgets no purge that is owed"


@each("deleted_user_listing")
def test_a_deleted_user_is_purged_where_it_is_listed_and_waits_where_it_is_not(
    stack: Stack, deleted_user_listing: str
) -> None:
    adopt(stack, (LEAVER, "d-1", "PC"))
    stack.sandbox.delete_user(LEAVER)
    stack.sandbox.change_settings(deleted_user_listing=deleted_user_listing)
    outcome = stack.up()
    if deleted_user_listing == "answered":
        assert (outcome.refusals, outcome.failures, stack.deleted()) == ([], [], [["PC"]])
        assert stack.verdicts()["user-2/d-1/pc"] is not Verdict.ERASED, "nobody can be asked for its last backup"
    else:
        assert (outcome.refusals, stack.deleted()) == (["unknown-user"], [])


@each("unknown_pair")
def test_of_a_call_that_names_what_is_gone_only_what_the_account_took_counts(
    stack: Stack, unknown_pair: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, gone = (USER, "d-1", "FIRST"), (USER, "d-1", "GONE")
    adopt(stack, first, gone)
    stack.sandbox.change_settings(unknown_pair=unknown_pair)
    just_before_the_first_delete(monkeypatch, lambda: stack.sandbox.remove(*gone))
    outcome = stack.up()
    assert outcome.refusals == []
    assert stack.kinds("user-1/d-1/first")[-1] == "accepted"
    if unknown_pair == "ignored":
        assert (stack.deleted(), stack.bound()) == ([["FIRST", "GONE"]], [])
    else:
        assert stack.deleted() == [["FIRST", "GONE"], ["FIRST"], ["GONE"]], "halved until one is refused alone"
        assert [failure.partition(":")[0] for failure in outcome.failures] == [
            "DELETE /api/Users/user-1/Computers answered 400"
        ]
        assert (stack.kinds("user-1/d-1/gone")[-1], stack.bound()) == ("failed", ["user-1/d-1/gone"])
        assert stack.up().failures == []
        assert (stack.kinds("user-1/d-1/gone")[-1], stack.bound()) == ("already absent", [])
    stack.sandbox.move_clock("24h")
    assert stack.account().listing(USER).find(Identity(USER, "d-1", "FIRST")) is None


@each("unknown_pair")
def test_the_client_raises_what_the_account_refuses_even_in_part(stack: Stack, unknown_pair: str) -> None:
    stack.sandbox.change_settings(unknown_pair=unknown_pair, purge_delay="0s")
    client = stack.account().client
    pairs = [UserComputer(DestinationId="d-1", ComputerName=name) for name in ("KEPT", "GONE")]
    if unknown_pair == "ignored":
        client.delete_user_data(USER, pairs)
    else:
        with pytest.raises(ApiError, match="answered 400: Computer 'GONE' was not found"):
            client.delete_user_data(USER, pairs)
    left = client.computers(USER) or []
    assert [pair.computer_name for pair in left] == (["KEPT"] if unknown_pair == "refused" else [])


@each("computer_name_case")
def test_a_purge_spells_a_name_as_it_is_listed_now_and_two_spellings_refuse_it(
    stack: Stack, computer_name_case: str
) -> None:
    stack.sandbox.change_settings(computer_name_case=computer_name_case)
    stack.sandbox.add(USER, "d-1", "Laptop")
    assert stack.up((USER, "d-1", "LAPTOP")).failures == []
    stack.sandbox.add(USER, "d-1", "laptop")
    assert stack.up().refusals == ["ambiguous"]
    assert stack.deleted() == []
    stack.sandbox.remove(USER, "d-1", "Laptop")
    assert (stack.up().failures, stack.deleted()) == ([], [["laptop"]])
    stack.sandbox.move_clock("24h")
    assert [row.computer for row in stack.sandbox.state().bindings if row.listed] == ["KEPT"]


@each("delisted")
def test_what_left_the_listing_while_it_is_still_stored_is_not_called_erased(stack: Stack, delisted: str) -> None:
    adopt(stack, (USER, "d-1", "PC"))
    stack.sandbox.change_settings(delisted=delisted, purge_delay="1000h")
    assert (stack.up().failures, stack.bound()) == ([], [])
    found = stack.account().listing(USER).find(Identity(USER, "d-1", "PC"))
    assert (found is None) == (delisted == "at_once")
    verdict = Verdict.OVERDUE if delisted == "with_data" else Verdict.CONTRADICTED
    assert stack.verdicts() == {"user-1/d-1/pc": verdict}


@each("delisted")
def test_a_lost_answer_is_looked_up_and_the_purge_is_done_once(stack: Stack, delisted: str) -> None:
    adopt(stack, (USER, "d-1", "PC"))
    stack.settings["retries"] = "1"
    stack.sandbox.change_settings(delisted=delisted)
    stack.sandbox.inject("cut_after", method="DELETE")
    assert (stack.up().failures, stack.bound()) == ([], [])
    assert len(stack.deleted()) == (2 if delisted == "with_data" else 1)
    assert stack.kinds("user-1/d-1/pc")[-1] == ("accepted" if delisted == "with_data" else "already absent")
    stack.sandbox.move_clock("24h")
    assert [row.stored_bytes for row in stack.sandbox.state().bindings if row.computer == "PC"] == [0]


@each("locked_pair")
def test_a_locked_computer_holds_up_no_other_and_is_owed_or_overdue(stack: Stack, locked_pair: str) -> None:
    adopt(stack, (USER, "d-1", "PC"), (USER, "d-2", "PC"))
    stack.sandbox.lock("d-2", "1000h")
    stack.sandbox.change_settings(locked_pair=locked_pair)
    assert stack.up().refusals == []
    assert stack.kinds("user-1/d-1/pc")[-1] == "accepted"
    if locked_pair == "kept":
        assert stack.verdicts()["user-1/d-2/pc"] is Verdict.OVERDUE
    elif locked_pair == "metadata":
        assert stack.verdicts()["user-1/d-2/pc"] is Verdict.DELISTED, "what is left behind is told nowhere"
    else:
        assert (stack.kinds("user-1/d-2/pc")[-1], stack.bound()) == ("failed", ["user-1/d-2/pc"])
        stack.sandbox.unlock("d-2")
        assert (stack.up().failures, stack.bound()) == ([], [])
        assert stack.kinds("user-1/d-2/pc")[-1] == "accepted"


@each("backup_during_purge")
def test_a_computer_that_backed_up_after_its_purge_is_not_called_erased(stack: Stack, backup_during_purge: str) -> None:
    adopt(stack, (USER, "d-1", "PC"))
    stack.sandbox.change_settings(backup_during_purge=backup_during_purge)
    assert stack.up().failures == []
    stack.sandbox.move_clock("23h")
    stack.sandbox.backup(USER, "PC")
    verdict = stack.verdicts()["user-1/d-1/pc"]
    assert verdict not in (Verdict.ERASED, Verdict.PENDING)


@each("bad_login")
def test_a_login_that_is_refused_says_nothing_of_a_user(stack: Stack, bad_login: str) -> None:
    stack.sandbox.change_settings(bad_login=bad_login)
    client = Client(stack.sandbox.url, Login("sandbox", "wrong"))
    for ask in (lambda: client.computers(NOBODY), lambda: client.user(NOBODY), client.plan_runs):
        with pytest.raises(LoginRefused, match=f"answered {bad_login}: The user name or password is incorrect"):
            ask()


@each("destination_list_ids")
def test_a_purge_names_the_destination_of_the_listing_whatever_ids_the_user_shows(
    stack: Stack, destination_list_ids: str
) -> None:
    stack.sandbox.change_settings(destination_list_ids=destination_list_ids)
    stack.sandbox.add(USER, "D-2", "PC")
    assert stack.up((USER, "d-2", "pc")).failures == []
    assert stack.up().failures == []
    [call] = stack.sandbox.requests("DELETE")
    assert call.body == [{"DestinationId": "D-2", "ComputerName": "PC"}]
    user = stack.account().user(USER)
    assert user is not None
    assert ("D-2" in [shown.id for shown in user.destinations]) == (destination_list_ids == "same")


@each("billing_computers")
def test_stored_bytes_that_nobody_attributes_count_in_full_against_the_limit(
    stack: Stack, billing_computers: str
) -> None:
    stack.sandbox.change_settings(billing_computers=billing_computers)
    stack.sandbox.add(USER, "d-1", "PC", stored_bytes=60)
    assert stack.up((USER, "d-1", "PC")).failures == []
    stack.settings["maxPurgeBytes"] = "100"
    assert stack.up().refusals == ([] if billing_computers == "named" else ["max-bytes"])
    assert stack.deleted() == ([["PC"]] if billing_computers == "named" else [])


@each("monitoring_utc_offset_minutes")
def test_a_computer_that_backed_up_lately_is_alive_in_whatever_zone_its_time_is_told(
    stack: Stack, monitoring_utc_offset_minutes: int
) -> None:
    lately, running, quiet = ((USER, "d-1", name) for name in ("LATELY", "RUNNING", "QUIET"))
    adopt(stack, lately, running, quiet)
    stack.sandbox.add(*lately, last_backup_ago="167h")  # quietDays are 168
    stack.sandbox.add(*running, status=3)
    stack.sandbox.add(*quiet, last_backup_ago="9d")
    stack.sandbox.change_settings(monitoring_utc_offset_minutes=monitoring_utc_offset_minutes)
    assert stack.up(running, quiet).refusals == ["alive"]
    assert stack.up(lately, quiet).refusals == ["alive"]
    assert stack.deleted() == []
    assert (stack.up(lately, running).refusals, stack.deleted()) == ([], [["QUIET"]])


def test_every_switch_is_tried() -> None:
    assert _tried == set(Settings.model_fields) - {"purge_delay", "latency"}
