"""What the account's answers come to."""

import datetime
import json

import pytest

from erasure.account import Account
from erasure.evidence import Evidence, UserEvidence, look_up
from erasure.identity import Identity
from erasure.ledger import Observation
from mbs.client import Client
from mbs.credentials import Token
from sandbox.running import RunningSandbox
from tests.engine.rehearsal import new_token

USER, OTHER = "user-1", "user-2"


@pytest.fixture
def sandbox(server: RunningSandbox) -> RunningSandbox:
    server.reset()
    server.clear_faults()
    server.add(USER, "d-1", "PC", stored_bytes=100, last_backup_ago="10d")
    server.add(USER, "d-2", "PC", stored_bytes=10, last_backup_ago="20d")
    server.add(USER, "d-1", "OTHER", stored_bytes=1000, last_backup_ago="1h")
    return server


def binding(computer: str, user: str = USER) -> Identity:
    return Identity(user, "d-1", computer)


def ask(sandbox: RunningSandbox, *purges: Identity, adopt: str = "", is_activity_needed: bool = True) -> Evidence:
    token = new_token(sandbox)
    sandbox.clear_requests()
    account = Account(Client(sandbox.url, Token(token)), concurrency=4)
    return look_up(
        purges, [binding(adopt)] if adopt else [], account, sandbox.clock().now, is_activity_needed=is_activity_needed
    )


def about(sandbox: RunningSandbox, purge: Identity) -> UserEvidence:
    return ask(sandbox, purge).of_user(purge.user)


def test_a_purge_is_known_by_activity_size_and_copies(sandbox: RunningSandbox) -> None:
    purge = binding("pc")
    found = ask(sandbox, purge)
    pair, seen = found.of_user(USER).pairs[purge.id], found.observation(purge)
    assert pair is not None
    assert seen is not None
    assert (pair.computer_name, seen.is_running, seen.copies, seen.stored_bytes) == ("PC", False, 1, 110)
    assert seen.last_backup is not None
    age = sandbox.clock().now - seen.last_backup
    assert datetime.timedelta(days=9.9) < age < datetime.timedelta(days=10.1)
    day = datetime.timedelta(hours=14)
    assert (seen.not_before, seen.not_after) == (seen.last_backup - day, seen.last_backup + day)
    assert found.stored_bytes([purge]) == 110


def test_each_question_is_asked_once_a_user(sandbox: RunningSandbox) -> None:
    sandbox.add(OTHER, "d-1", "PC")
    ask(sandbox, binding("PC"), binding("OTHER"), binding("PC", OTHER), adopt="OTHER")
    asked = sorted((one.method, one.path) for one in sandbox.requests())
    of_users = [("GET", f"/api/Users/{user}/Computers") for user in (USER, OTHER)] + 2 * [
        ("PUT", "/api/Billing/Details")
    ]
    assert asked == sorted([("GET", "/api/Monitoring"), *of_users])


def test_where_no_rule_needs_it_it_is_unknown_and_no_error_that_monitoring_does_not_answer(
    sandbox: RunningSandbox,
) -> None:
    sandbox.inject("status", path_prefix="/api/Monitoring", status=403, count=None)
    for is_needed in (False, True):
        about = ask(sandbox, binding("PC"), is_activity_needed=is_needed).of_user(USER)
        assert (about.error is not None) is is_needed
        assert [seen.is_running for seen in about.observations.values()] == ([] if is_needed else [None])


def test_of_what_is_adopted_nothing_but_the_listing_is_asked(sandbox: RunningSandbox) -> None:
    ask(sandbox, adopt="PC")
    assert [one.path for one in sandbox.requests()] == [f"/api/Users/{USER}/Computers"]


def test_bytes_that_are_not_attributed_count_in_full(sandbox: RunningSandbox) -> None:
    sandbox.change_settings(billing_computers="totals")
    assert ask(sandbox, purge := binding("PC")).stored_bytes([purge]) == 1110


@pytest.mark.parametrize("listing", ["null", "[]", "400", "404"])
def test_an_unknown_user_is_told_from_one_without_data(sandbox: RunningSandbox, listing: str) -> None:
    sandbox.change_settings(unknown_user_listing=listing)
    nobody = binding("PC", "nobody")
    found = about(sandbox, nobody)
    assert (found.is_known, found.observations[nobody.id].is_listed) == (False, None)
    assert found.pairs[nobody.id] is not None, "purged as adopted, where that is permitted"
    gone = binding("GONE")
    found = about(sandbox, gone)
    assert (found.is_known, found.pairs[gone.id], found.observations[gone.id].is_listed) == (True, None, False)


def test_a_deleted_user_whose_data_is_listed_is_purged_as_listed(sandbox: RunningSandbox) -> None:
    sandbox.delete_user(USER)
    found = about(sandbox, purge := binding("pc"))
    pair = found.pairs[purge.id]
    assert (found.is_known, pair and pair.computer_name) == (True, "PC")


@pytest.mark.parametrize("path", ["/api/Users", "/api/Monitoring"])
def test_an_answer_that_a_rule_needs_and_does_not_get_makes_the_account_unreadable(
    sandbox: RunningSandbox, path: str
) -> None:
    sandbox.inject("status", path_prefix=path, status=200, body="<html>", content_type="text/html", count=None)
    found = about(sandbox, binding("PC"))
    assert found.error is not None
    assert (found.pairs, found.observations) == ({}, {})


def test_billing_that_says_nothing_is_an_error_of_billing(sandbox: RunningSandbox) -> None:
    sandbox.inject("status", path_prefix="/api/Billing", status=200, body="null", count=None)
    found = about(sandbox, binding("PC"))
    assert found.stored is None
    assert str(found.billing_error) == (
        "PUT /api/Billing/Details does not say what is stored of user user-1; unset maxPurgeBytes, or purge it in the"
        " MBS console"
    )


@pytest.mark.parametrize("body", ["null", "{}", '[{"ComputerName": 7}]'])
def test_monitoring_that_says_nothing_makes_every_user_unreadable(sandbox: RunningSandbox, body: str) -> None:
    sandbox.inject("status", path_prefix="/api/Monitoring", status=200, body=body, count=None)
    assert about(sandbox, binding("PC")).error is not None


def test_what_the_total_has_beyond_its_rows_is_stored_data(sandbox: RunningSandbox) -> None:
    body = json.dumps({"TotalBackupBytes": 900, "UserDetailList": [{"Computer": "PC", "SizeBackup": 100}]})
    sandbox.inject("status", path_prefix="/api/Billing", status=200, body=body, count=None)
    assert about(sandbox, binding("PC")).stored == {"pc": 100, None: 800}


@pytest.mark.parametrize("start", [None, "", "0001-01-01T00:00:00", "9999-12-31T23:59:59.999", "0002-06-01T00:00:00"])
@pytest.mark.parametrize("status", [0, 3, "3", "success", None])
def test_a_run_whose_start_or_status_is_no_answer_is_not_known(
    sandbox: RunningSandbox, start: str | None, status: object
) -> None:
    runs = [{"UserID": USER, "ComputerName": "PC", "LastStart": start, "Status": status}]
    sandbox.inject("status", path_prefix="/api/Monitoring", status=200, body=json.dumps(runs), count=None)
    seen = ask(sandbox, purge := binding("PC")).observation(purge)
    assert seen is not None
    assert (seen.not_before, seen.not_after, seen.last_backup) == (None, None, None)
    assert seen.is_running is {0: False, 3: True, "3": True}.get(status)


def test_a_failure_is_of_the_user_that_it_is_about(sandbox: RunningSandbox) -> None:
    sandbox.add(OTHER, "d-1", "PC")
    sandbox.inject("status", path_prefix=f"/api/Users/{OTHER}", status=500, count=None)
    found = ask(sandbox, binding("PC"), binding("PC", OTHER))
    assert (found.of_user(USER).error, found.of_user(OTHER).error is not None) == (None, True)


def test_billing_that_fails_leaves_the_rest_known(sandbox: RunningSandbox) -> None:
    sandbox.inject("status", path_prefix="/api/Billing", status=500, count=None)
    found = about(sandbox, purge := binding("PC"))
    assert (found.error, found.billing_error is not None, found.stored) == (None, True, None)
    assert (found.observations[purge.id].is_listed, found.observations[purge.id].stored_bytes) == (True, None)


def test_an_unlisted_adoption_is_refused_and_names_the_nearest(sandbox: RunningSandbox) -> None:
    (refusal,) = ask(sandbox, adopt="OTHERS").of_user(USER).refusals
    assert "the nearest listed: 'OTHER' on d-1" in str(refusal)


ROWS = [
    ({"DestinationId": "d-1", "ComputerName": None}, {"GONE"}),
    ({"DestinationId": "D-1"}, {"GONE"}),
    ({"DestinationId": "d-2", "ComputerName": ""}, set()),
    ({"ComputerName": "gone"}, {"GONE"}),
    ({"DestinationId": "", "ComputerName": "another"}, set()),
    ({}, {"GONE"}),
]


@pytest.mark.parametrize(("row", "blocked"), ROWS, ids=[str(row) for row, _ in ROWS])
def test_a_row_without_a_name_or_a_destination_blocks_what_it_could_be_and_nothing_else(
    sandbox: RunningSandbox, row: dict[str, object], blocked: set[str]
) -> None:
    listed = [{"DestinationId": "d-1", "ComputerName": "PC"}, row]
    path = f"/api/Users/{USER}/Computers"
    sandbox.inject("status", path_prefix=path, status=200, body=json.dumps(listed), count=None)
    found = ask(sandbox, binding("PC"), binding("GONE"), adopt="GONE").of_user(USER)
    assert found.error is None
    assert found.pairs[binding("PC").id] is not None
    assert (binding("GONE").id not in found.pairs) is bool(blocked)
    rules = [refusal.rule for refusal in found.refusals]
    assert rules == (["ambiguous", "ambiguous"] if blocked else ["not-listed"])


def runs(sandbox: RunningSandbox, *told: dict[str, object]) -> Observation:
    sandbox.clear_faults()
    sandbox.inject("status", path_prefix="/api/Monitoring", status=200, body=json.dumps(told), count=None)
    seen = ask(sandbox, purge := binding("PC")).observation(purge)
    assert seen is not None
    return seen


@pytest.mark.parametrize("missing", [{"ComputerName": None}, {"UserID": None}], ids=str)
@pytest.mark.parametrize("is_running", [True, False])
def test_a_run_that_does_not_say_whose_it_is_may_be_of_a_computer_and_makes_nothing_known_of_it(
    sandbox: RunningSandbox, missing: dict[str, object], is_running: bool
) -> None:
    own = {"UserID": USER, "ComputerName": "PC", "LastStart": "2026-01-01T12:00:00", "Status": 0}
    other = {**own, "LastStart": "2026-02-01T12:00:00", "Status": 3 if is_running else 0, **missing}
    seen = runs(sandbox, other)
    assert (seen.not_before, seen.last_backup) == (None, None)
    assert seen.not_after is not None
    assert seen.is_running is (None if is_running else False)
    both = runs(sandbox, own, other)
    assert both.not_before == datetime.datetime(2025, 12, 31, 22, tzinfo=datetime.UTC)
    assert both.not_after == seen.not_after
    assert both.is_running is (None if is_running else False)
    assert runs(sandbox, {**own, "Status": 3}, other).is_running is True
