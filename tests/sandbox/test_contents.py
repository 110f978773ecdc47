"""Putting things into the account, and taking them out."""

import pytest
import requests

from sandbox.client import ControlRefused
from sandbox.running import RunningSandbox
from tests.sandbox.conftest import COMPUTER, DESTINATION, USER, Api


def test_added_binding_brings_its_user_and_destination(sandbox: RunningSandbox, api: Api) -> None:
    added = sandbox.add(USER, DESTINATION, COMPUTER, login="zoe@acme.example", company="Acme", stored_bytes=5)
    assert (added.listed, added.stored_bytes) == (True, 5)
    state = sandbox.state()
    assert [(user.id, user.login, user.company) for user in state.users] == [(USER, "zoe@acme.example", "Acme")]
    assert [destination.id for destination in state.destinations] == [DESTINATION]
    assert state.bindings == [added]
    assert api.names() == [COMPUTER]


def test_adding_again_changes_only_what_is_given(sandbox: RunningSandbox) -> None:
    sandbox.add(USER, DESTINATION, COMPUTER, login="zoe@acme.example", company="Acme")
    sandbox.add(USER.lower(), DESTINATION.upper(), COMPUTER, company="Other", stored_bytes=7)
    state = sandbox.state()
    assert [(user.id, user.login, user.company) for user in state.users] == [(USER, "zoe@acme.example", "Other")]
    assert [(binding.destination, binding.stored_bytes) for binding in state.bindings] == [(DESTINATION, 7)]


def test_deleted_user_stays_deleted_when_a_binding_is_added(sandbox: RunningSandbox) -> None:
    sandbox.add(USER, DESTINATION, COMPUTER)
    sandbox.delete_user(USER)
    sandbox.add(USER, DESTINATION, "ANOTHER")
    assert sandbox.state().users[0].deleted_at is not None


def test_removed_binding_is_gone_at_once_and_its_purge_stays_on_record(sandbox: RunningSandbox, api: Api) -> None:
    sandbox.add(USER, DESTINATION, COMPUTER)
    api.purge(COMPUTER)
    sandbox.remove(USER, DESTINATION, COMPUTER)
    assert api.listing() == []
    assert api.get(f"Monitoring/{USER}").json() == []
    assert sandbox.state().bindings == []
    sandbox.move_clock("24h")
    assert [(purge.computer, purge.done_at is not None) for purge in sandbox.state().purges] == [(COMPUTER, True)]


def test_purge_of_a_removed_binding_does_not_strike_its_successor(sandbox: RunningSandbox, api: Api) -> None:
    sandbox.add(USER, DESTINATION, COMPUTER)
    api.purge(COMPUTER)
    sandbox.remove(USER, DESTINATION, COMPUTER)
    sandbox.add(USER, DESTINATION, COMPUTER)
    sandbox.move_clock("24h")
    assert api.names() == [COMPUTER]


def test_seed_adds_users_with_computers_on_several_destinations(sandbox: RunningSandbox, api: Api) -> None:
    computers = [
        {"name": "SERVER", "destinations": ["d1", "d2"], "stored_bytes": 10, "last_backup_ago": "2h"},
        {"name": "LAPTOP", "destinations": ["d1"]},
    ]
    counts = sandbox.seed(
        [
            {"id": USER, "login": "zoe@acme.example", "computers": computers},
            {"id": "gone", "deleted": True, "computers": computers},
        ]
    )
    assert (counts.users, counts.destinations, counts.bindings) == (2, 2, 6)
    assert api.names() == ["SERVER", "SERVER", "LAPTOP"]
    assert api.get("Users/gone").text == "null"
    assert sandbox.state().stored_bytes("gone") == 2 * 10 + 2**30


def test_ten_thousand_bindings_are_seeded_at_once(sandbox: RunningSandbox) -> None:
    computers = [{"name": f"PC-{number}", "destinations": ["d1"]} for number in range(10)]
    counts = sandbox.seed([{"id": f"user-{number}", "computers": computers} for number in range(1000)])
    assert (counts.users, counts.bindings) == (1000, 10_000)


@pytest.mark.parametrize(
    "users",
    [
        {},
        [{}],
        [{"id": ""}],
        [{"id": "u", "computer": []}],
        [{"id": "u", "computers": [{"name": "A"}]}],
        [{"id": "u", "computers": [{"name": "A", "destinations": []}]}],
        [{"id": "u", "computers": [{"name": "A", "destinations": ["d"], "stored_bytes": -1}]}],
    ],
)
def test_seed_that_cannot_be_meant_adds_nothing(sandbox: RunningSandbox, users: object) -> None:
    assert requests.post(f"{sandbox.url}/_sandbox/seed", json=users, timeout=30).status_code == 422
    assert sandbox.state().users == []


def test_backup_reaches_one_destination_or_all(sandbox: RunningSandbox) -> None:
    sandbox.add(USER, "d1", COMPUTER)
    sandbox.add(USER, "d2", COMPUTER)
    sandbox.backup(USER, COMPUTER, "D2", stored_bytes=1)
    assert [binding.stored_bytes for binding in sandbox.state().bindings] == [2**30, 1]
    sandbox.backup(USER, COMPUTER, stored_bytes=2)
    assert [binding.stored_bytes for binding in sandbox.state().bindings] == [2, 2]


def test_names_that_nothing_has_are_refused(sandbox: RunningSandbox) -> None:
    with pytest.raises(ControlRefused, match="no such binding"):
        sandbox.remove(USER, DESTINATION, COMPUTER)
    with pytest.raises(ControlRefused, match="no such binding"):
        sandbox.backup(USER, COMPUTER)
    with pytest.raises(ControlRefused, match="no such destination"):
        sandbox.lock(DESTINATION, "1h")


def test_reset_forgets_everything(sandbox: RunningSandbox, api: Api) -> None:
    sandbox.add(USER, DESTINATION, COMPUTER)
    api.purge(COMPUTER)
    sandbox.inject("status", status=500)
    sandbox.change_settings(unknown_id="404")
    sandbox.move_clock("2h")
    sandbox.reset()
    assert sandbox.requests() == []
    assert sandbox.faults() == []
    assert sandbox.settings().unknown_id == "null"
    state = sandbox.state()
    assert (state.users, state.destinations, state.bindings, state.purges) == ([], [], [], [])
    assert (sandbox.clock().now - sandbox.clock().real).total_seconds() < 60


def test_reset_leaves_the_tokens_good(sandbox: RunningSandbox, own_api: Api) -> None:
    sandbox.reset()
    assert own_api.get("Users").status_code == 200


def test_purge_accepted_before_a_reset_has_no_effect_after_it(sandbox: RunningSandbox, api: Api) -> None:
    sandbox.add(USER, DESTINATION, COMPUTER)
    api.purge(COMPUTER)
    sandbox.reset()
    sandbox.add(USER, DESTINATION, COMPUTER)
    sandbox.move_clock("24h")
    binding = sandbox.state().binding(USER, DESTINATION, COMPUTER)
    assert binding is not None
    assert binding.listed
