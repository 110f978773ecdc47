"""DELETE api/Users/{userId}/Computers: what it does."""

from datetime import timedelta

import pytest

from sandbox.messages import StoredBinding
from sandbox.running import RunningSandbox
from tests.sandbox.conftest import COMPUTER, DESTINATION, USER, Api


@pytest.fixture(autouse=True)
def _two_computers(sandbox: RunningSandbox) -> None:
    sizes = {COMPUTER: 1000, "DESKTOP": 200}
    computers = [{"name": name, "destinations": [DESTINATION], "stored_bytes": sizes[name]} for name in sizes]
    sandbox.seed([{"id": USER, "computers": computers}])


def stored(sandbox: RunningSandbox, computer: str = COMPUTER, destination: str = DESTINATION) -> StoredBinding:
    binding = sandbox.state().binding(USER, destination, computer)
    assert binding is not None
    return binding


def test_success_is_200_with_an_empty_body(api: Api) -> None:
    answer = api.purge(COMPUTER)
    assert (answer.status_code, answer.content) == (200, b"")


def test_purge_is_accepted_at_once_and_takes_effect_after_the_delay(sandbox: RunningSandbox, api: Api) -> None:
    api.purge(COMPUTER)
    sandbox.move_clock("23h59m")
    assert api.names() == [COMPUTER, "DESKTOP"]
    assert stored(sandbox).stored_bytes == 1000
    sandbox.move_clock("1m")
    assert api.names() == ["DESKTOP"]
    assert (stored(sandbox).listed, stored(sandbox).stored_bytes) == (False, 0)
    assert stored(sandbox, "DESKTOP").stored_bytes == 200


def test_purge_shows_when_it_is_due_and_when_it_was_done(sandbox: RunningSandbox, api: Api) -> None:
    sandbox.change_settings(purge_delay="90s")
    api.purge(COMPUTER)
    [purge] = sandbox.state().purges
    assert (purge.user, purge.destination, purge.computer) == (USER, DESTINATION, COMPUTER)
    assert purge.due_at - purge.accepted_at == timedelta(seconds=90)
    assert purge.done_at is None
    sandbox.move_clock("1h")
    assert sandbox.state().purges[0].done_at == purge.due_at


def test_change_of_the_delay_leaves_accepted_purges_alone(sandbox: RunningSandbox, api: Api) -> None:
    api.purge(COMPUTER)
    sandbox.change_settings(purge_delay="0ms")
    assert api.names() == [COMPUTER, "DESKTOP"]
    api.purge("DESKTOP")
    assert api.names() == [COMPUTER]


def test_batch_purges_all_that_it_names(sandbox: RunningSandbox, api: Api) -> None:
    api.purge(COMPUTER, "DESKTOP")
    sandbox.move_clock("24h")
    assert api.listing() == []


def test_only_the_named_destination_is_purged(sandbox: RunningSandbox, api: Api) -> None:
    sandbox.add(USER, "d2", COMPUTER)
    api.purge(COMPUTER)
    sandbox.move_clock("24h")
    assert {"DestinationId": "d2", "ComputerName": COMPUTER} in api.listing()
    assert {"DestinationId": DESTINATION, "ComputerName": COMPUTER} not in api.listing()


def test_pair_of_another_user_is_out_of_reach(sandbox: RunningSandbox, api: Api) -> None:
    sandbox.add("another", DESTINATION, "THEIRS")
    assert api.purge("THEIRS").status_code == 200
    sandbox.move_clock("24h")
    assert api.names("another") == ["THEIRS"]


def test_ids_match_whatever_their_case(sandbox: RunningSandbox, api: Api) -> None:
    api.purge(COMPUTER, destination=DESTINATION.upper(), user=USER.swapcase())
    sandbox.move_clock("24h")
    assert api.names() == ["DESKTOP"]


@pytest.mark.parametrize(("case", "left"), [("exact", [COMPUTER, "DESKTOP", "Laptop"]), ("ignored", ["DESKTOP"])])
def test_case_of_a_computer_name_is_a_switch(sandbox: RunningSandbox, api: Api, case: str, left: list[str]) -> None:
    sandbox.add(USER, DESTINATION, "Laptop")
    sandbox.change_settings(computer_name_case=case)
    api.purge("laptop")
    sandbox.move_clock("24h")
    assert api.names() == left


@pytest.mark.parametrize(
    ("answer", "status", "left"),
    [("ignored", 200, ["DESKTOP"]), ("refused", 400, [COMPUTER, "DESKTOP"]), ("partial", 400, ["DESKTOP"])],
)
def test_unknown_pair_is_a_switch(sandbox: RunningSandbox, api: Api, answer: str, status: int, left: list[str]) -> None:
    sandbox.change_settings(unknown_pair=answer)
    got = api.purge(COMPUTER, "NOBODYS")
    assert got.status_code == status
    assert status == 200 or "NOBODYS" in got.json()["Message"]
    sandbox.move_clock("24h")
    assert api.names() == left


def test_what_was_purged_is_an_unknown_pair_afterwards(sandbox: RunningSandbox, api: Api) -> None:
    sandbox.change_settings(unknown_pair="refused")
    api.purge(COMPUTER)
    assert api.purge(COMPUTER).status_code == 200
    sandbox.move_clock("24h")
    assert api.purge(COMPUTER).status_code == 400


def test_pair_named_twice_is_purged_once(sandbox: RunningSandbox, api: Api) -> None:
    names = [DESTINATION.upper(), DESTINATION.lower(), DESTINATION.lower()]
    twice = [{"DestinationId": name, "ComputerName": COMPUTER} for name in names]
    api.request("DELETE", f"Users/{USER}/Computers", json=twice)
    assert len(sandbox.state().purges) == 1


def test_pair_that_left_the_listing_at_once_is_known_as_long_as_it_has_data(sandbox: RunningSandbox, api: Api) -> None:
    sandbox.change_settings(delisted="at_once", unknown_pair="refused")
    api.purge(COMPUTER)
    assert api.purge(COMPUTER).status_code == 200


def test_pair_can_leave_the_listing_at_once_while_its_data_stays(sandbox: RunningSandbox, api: Api) -> None:
    sandbox.change_settings(delisted="at_once")
    api.purge(COMPUTER)
    assert api.names() == ["DESKTOP"]
    assert stored(sandbox).stored_bytes == 1000
    sandbox.move_clock("24h")
    assert stored(sandbox).stored_bytes == 0


def test_unknown_user_is_refused(sandbox: RunningSandbox, api: Api) -> None:
    answer = api.purge(COMPUTER, user="unknown")
    assert answer.status_code == 400
    assert list(answer.json()) == ["Message"]
    assert sandbox.state().purges == []


@pytest.mark.parametrize("listing", ["answered", "as_unknown"])
def test_purge_works_after_the_user_was_deleted(sandbox: RunningSandbox, api: Api, listing: str) -> None:
    sandbox.change_settings(deleted_user_listing=listing)
    sandbox.delete_user(USER)
    assert api.purge(COMPUTER).status_code == 200
    sandbox.move_clock("24h")
    assert stored(sandbox).stored_bytes == 0


def test_locked_data_survives_a_purge_until_the_lock_ends(sandbox: RunningSandbox, api: Api) -> None:
    sandbox.lock(DESTINATION, "48h")
    assert api.purge(COMPUTER).status_code == 200
    sandbox.move_clock("47h")
    assert stored(sandbox).stored_bytes == 1000
    assert COMPUTER in api.names()
    sandbox.move_clock("1h")
    assert api.names() == ["DESKTOP"]
    assert stored(sandbox).stored_bytes == 0
    [purge] = sandbox.state().purges
    assert purge.done_at is not None
    assert purge.done_at > purge.due_at


def test_lock_that_comes_after_the_effect_brings_nothing_back(sandbox: RunningSandbox, api: Api) -> None:
    api.purge(COMPUTER)
    sandbox.move_clock("25h")
    sandbox.lock(DESTINATION, "48h")
    assert stored(sandbox).stored_bytes == 0


def test_lock_that_is_taken_off_lets_the_purge_happen(sandbox: RunningSandbox, api: Api) -> None:
    sandbox.lock(DESTINATION, "48h")
    api.purge(COMPUTER)
    sandbox.move_clock("25h")
    sandbox.unlock(DESTINATION)
    assert api.names() == ["DESKTOP"]


def test_locked_pair_can_be_refused_with_all_of_its_batch(sandbox: RunningSandbox, api: Api) -> None:
    sandbox.add(USER, "d2", COMPUTER)
    sandbox.lock("d2", "48h")
    sandbox.change_settings(locked_pair="refused")
    both = [{"DestinationId": one, "ComputerName": COMPUTER} for one in (DESTINATION, "d2")]
    answer = api.request("DELETE", f"Users/{USER}/Computers", json=both)
    assert (answer.status_code, list(answer.json())) == (400, ["Message"])
    assert sandbox.state().purges == []
    assert api.purge(COMPUTER).status_code == 200


def test_purge_of_a_locked_pair_can_remove_the_metadata_alone(sandbox: RunningSandbox, api: Api) -> None:
    sandbox.change_settings(locked_pair="metadata")
    sandbox.lock(DESTINATION, "48h")
    assert api.purge(COMPUTER).status_code == 200
    assert COMPUTER in api.names()
    sandbox.move_clock("24h")
    assert api.names() == ["DESKTOP"]
    billed = api.request("PUT", "Billing/Details", json={"UserID": USER, "Date": "2026-11-01"}).json()
    assert [row["Computer"] for row in billed["UserDetailList"]] == ["DESKTOP"]
    assert stored(sandbox).stored_bytes == 1000, "the data is there all the same"
    sandbox.move_clock("24h")
    assert stored(sandbox).stored_bytes == 0


def test_computer_that_backs_up_again_comes_back(sandbox: RunningSandbox, api: Api) -> None:
    api.purge(COMPUTER)
    sandbox.move_clock("24h")
    assert api.names() == ["DESKTOP"]
    sandbox.backup(USER, COMPUTER)
    assert COMPUTER in api.names()
    assert stored(sandbox).stored_bytes == 1000


@pytest.mark.parametrize(("fate", "left"), [("purged", 0), ("kept", 70)])
def test_fate_of_a_backup_between_acceptance_and_effect_is_a_switch(
    sandbox: RunningSandbox, api: Api, fate: str, left: int
) -> None:
    sandbox.change_settings(backup_during_purge=fate, delisted="at_once")
    api.purge(COMPUTER)
    sandbox.backup(USER, COMPUTER, stored_bytes=70)
    assert COMPUTER in api.names()
    sandbox.move_clock("24h")
    assert stored(sandbox).stored_bytes == left
    assert (COMPUTER in api.names()) == (left > 0)


def test_clock_that_is_put_back_undoes_nothing(sandbox: RunningSandbox, api: Api) -> None:
    before = sandbox.clock().now
    api.purge(COMPUTER)
    sandbox.move_clock("24h")
    assert api.names() == ["DESKTOP"]
    sandbox.set_clock(before)
    assert api.names() == ["DESKTOP"]
