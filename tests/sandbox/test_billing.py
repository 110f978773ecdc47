"""PUT api/Billing/Details."""

from typing import Any

import pytest
import requests

from sandbox.running import RunningSandbox
from tests.sandbox.conftest import COMPUTER, DESTINATION, USER, Api


@pytest.fixture(autouse=True)
def _computers(sandbox: RunningSandbox) -> None:
    sizes = {(COMPUTER, DESTINATION): 1000, ("DESKTOP", DESTINATION): 200, (COMPUTER, "d2"): 30}
    computers = [{"name": one[0], "destinations": [one[1]], "stored_bytes": sizes[one]} for one in sizes]
    sandbox.seed([{"id": USER, "computers": computers}])


def ask(api: Api, **body: Any) -> requests.Response:  # noqa: ANN401 -- any JSON
    return api.request("PUT", "Billing/Details", json={"UserID": USER, "Date": "2026-11-24T00:00:00", **body})


def sizes(api: Api) -> dict[tuple[str | None, str], int]:
    return {(one["Computer"], one["Destination"]): one["SizeBackup"] for one in ask(api).json()["UserDetailList"]}


def test_details_name_each_computer_at_each_destination(api: Api) -> None:
    details = ask(api).json()
    assert list(details) == ["TotalBackupBytes", "TotalRestoreBytes", "UserID", "UserDetailList"]
    assert (details["UserID"], details["TotalBackupBytes"]) == (USER, 1230)
    assert list(details["UserDetailList"][0]) == [
        "Computer", "SizeBackup", "SizeRestore", "Prefix", "AccountID", "Destination",
    ]  # fmt: skip
    assert sizes(api) == {
        (COMPUTER, "Sandbox Storage (bucket-d1)"): 1000,
        ("DESKTOP", "Sandbox Storage (bucket-d1)"): 200,
        (COMPUTER, "Sandbox Storage (bucket-d2)"): 30,
    }


def test_details_can_be_totals_of_destinations(sandbox: RunningSandbox, api: Api) -> None:
    sandbox.change_settings(billing_computers="totals")
    assert sizes(api) == {(None, "Sandbox Storage (bucket-d1)"): 1200, (None, "Sandbox Storage (bucket-d2)"): 30}


def test_purged_bytes_are_gone_after_the_delay(sandbox: RunningSandbox, api: Api) -> None:
    api.purge(COMPUTER)
    assert ask(api).json()["TotalBackupBytes"] == 1230
    sandbox.move_clock("24h")
    assert ask(api).json()["TotalBackupBytes"] == 230


def test_unlisted_data_is_still_billed(sandbox: RunningSandbox, api: Api) -> None:
    sandbox.change_settings(delisted="at_once")
    api.purge(COMPUTER)
    assert ask(api).json()["TotalBackupBytes"] == 1230


@pytest.mark.parametrize(("answer", "status"), [("null", 200), ("400", 400), ("404", 404)])
def test_unknown_user_is_a_switch(sandbox: RunningSandbox, api: Api, answer: str, status: int) -> None:
    sandbox.change_settings(unknown_id=answer)
    got = ask(api, UserID="unknown")
    assert got.status_code == status
    assert status != 200 or got.text == "null"


@pytest.mark.parametrize(("listing", "known"), [("answered", True), ("as_unknown", False)])
def test_deleted_users_data_is_measured_as_it_is_listed(
    sandbox: RunningSandbox, api: Api, listing: str, known: bool
) -> None:
    sandbox.delete_user(USER)
    sandbox.change_settings(deleted_user_listing=listing)
    assert (ask(api).json() is not None) == known


@pytest.mark.parametrize("body", [{"Date": "soon"}, {"UserID": None}, {"Date": None}])
def test_invalid_question_is_refused_with_its_reasons(api: Api, body: dict[str, Any]) -> None:
    answer = ask(api, **body)
    assert answer.status_code == 400
    assert answer.json()["Message"] == "The request is invalid."
    assert {key.partition(".")[0] for key in answer.json()["ModelState"]} == set(body)
