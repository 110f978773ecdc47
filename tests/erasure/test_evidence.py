"""What the account's answers come to."""

import datetime

import pytest

from erasure.account import Account
from erasure.evidence import Evidence, Questions, look_up
from erasure.plan import Bound, Wanted
from mbs.client import Client
from mbs.credentials import Token
from sandbox.running import RunningSandbox
from tests.engine.rehearsal import new_token

USER, OTHER = "user-1", "user-2"
EVERYTHING = Questions(activity=True, stored_bytes=True, bytes_needed=True)


@pytest.fixture
def sandbox(server: RunningSandbox) -> RunningSandbox:
    server.reset()
    server.clear_faults()
    server.add(USER, "d-1", "PC", stored_bytes=100, last_backup_ago="10d")
    server.add(USER, "d-2", "PC", stored_bytes=10, last_backup_ago="20d")
    server.add(USER, "d-1", "OTHER", stored_bytes=1000, last_backup_ago="1h")
    return server


def bound(sandbox: RunningSandbox, computer: str, user: str = USER, destination: str = "d-1") -> Bound:
    one = Bound(id="", user=user, destination=destination, computer=computer, endpoint=sandbox.url, life="1")
    return one.model_copy(update={"id": one.identity.id})


def ask(sandbox: RunningSandbox, *purges: Bound, adopt: str = "", questions: Questions = EVERYTHING) -> Evidence:
    token = new_token(sandbox)
    sandbox.clear_requests()
    account = Account(Client(sandbox.url, Token(token)), concurrency=4)
    adoptions = [Wanted(user=USER, destination="d-1", computer=adopt)] if adopt else []
    return look_up(purges, adoptions, questions, account)


def test_a_purge_is_known_by_activity_size_and_copies(sandbox: RunningSandbox) -> None:
    purge = bound(sandbox, "pc")
    found = ask(sandbox, purge)
    facts = found.facts[purge.id]
    assert facts.pair is not None
    assert (facts.pair.computer_name, facts.is_running, facts.copies, facts.stored_bytes) == (
        "PC",
        False,
        frozenset(["d-2"]),
        110,
    )
    assert facts.last_backup is not None
    age = sandbox.clock().now - facts.last_backup
    assert datetime.timedelta(days=9.9) < age < datetime.timedelta(days=10.1)
    assert facts.alive_at == facts.last_backup + datetime.timedelta(hours=14)
    assert found.stored_bytes([purge]) == 110


def test_each_question_is_asked_once_a_user(sandbox: RunningSandbox) -> None:
    sandbox.add(OTHER, "d-1", "PC")
    ask(sandbox, bound(sandbox, "PC"), bound(sandbox, "OTHER"), bound(sandbox, "PC", OTHER), adopt="OTHER")
    asked = sorted((one.method, one.path) for one in sandbox.requests())
    assert asked == sorted(
        (method, path)
        for user in (USER, OTHER)
        for method, path in (
            ("GET", f"/api/Users/{user}/Computers"),
            ("GET", f"/api/Monitoring/{user}"),
            ("PUT", "/api/Billing/Details"),
        )
    )


def test_what_no_rule_needs_is_not_asked(sandbox: RunningSandbox) -> None:
    ask(sandbox, bound(sandbox, "PC"), questions=Questions(activity=False, stored_bytes=False, bytes_needed=False))
    assert [one.path for one in sandbox.requests()] == [f"/api/Users/{USER}/Computers"]


def test_bytes_that_are_not_attributed_count_in_full(sandbox: RunningSandbox) -> None:
    sandbox.change_settings(billing_computers="totals")
    assert ask(sandbox, purge := bound(sandbox, "PC")).stored_bytes([purge]) == 1110


@pytest.mark.parametrize("listing", ["null", "[]", "400", "404"])
def test_an_unknown_user_is_told_from_one_without_data(sandbox: RunningSandbox, listing: str) -> None:
    sandbox.change_settings(unknown_user_listing=listing)
    nobody = bound(sandbox, "PC", "nobody")
    found = ask(sandbox, nobody)
    assert found.unknown_users == {"nobody"}
    assert found.facts[nobody.id].pair is not None, "purged as adopted, where that is permitted"
    gone = bound(sandbox, "GONE")
    found = ask(sandbox, gone)
    assert (found.unknown_users, found.facts[gone.id].pair) == (frozenset(), None)


def test_a_deleted_user_whose_data_is_listed_is_purged_as_listed(sandbox: RunningSandbox) -> None:
    sandbox.delete_user(USER)
    found = ask(sandbox, purge := bound(sandbox, "pc"))
    pair = found.facts[purge.id].pair
    assert (found.unknown_users, pair and pair.computer_name) == (frozenset(), "PC")


@pytest.mark.parametrize("path", ["/api/Users", "/api/Monitoring"])
def test_an_answer_that_a_rule_needs_and_does_not_get_makes_the_account_unreadable(
    sandbox: RunningSandbox, path: str
) -> None:
    sandbox.inject("status", path_prefix=path, status=200, body="<html>", content_type="text/html", count=None)
    found = ask(sandbox, bound(sandbox, "PC"))
    assert len(found.unreadable) == 1
    assert found.facts == {}


@pytest.mark.parametrize("needed", [True, False])
def test_billing_counts_only_where_a_limit_needs_it(sandbox: RunningSandbox, needed: bool) -> None:
    sandbox.inject("status", path_prefix="/api/Billing", status=500, count=None)
    found = ask(sandbox, bound(sandbox, "PC"), questions=Questions(True, True, needed))
    assert (len(found.unreadable), len(found.unread)) == ((1, 0) if needed else (0, 1))


def test_an_unlisted_adoption_is_an_obstacle_that_names_the_nearest(sandbox: RunningSandbox) -> None:
    (obstacle,) = ask(sandbox, adopt="OTHERS").obstacles
    assert "the nearest listed: 'OTHER' on d-1" in str(obstacle)
