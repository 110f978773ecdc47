"""GET api/Monitoring."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from sandbox.running import RunningSandbox
from tests.sandbox.conftest import COMPUTER, DESTINATION, USER, Api

KEYS = [
    "PlanName", "CompanyName", "UserName", "UserID", "ComputerName", "BuildVersion", "StorageType", "LastStart",
    "NextStart", "Status", "ErrorMessage", "FilesCopied", "FilesFailed", "DataCopied", "Duration", "DataToBackup",
    "TotalData", "FilesScanned", "FilesToBackup", "PlanId", "PlanType", "DetailedReportLink",
]  # fmt: skip


def run_of(api: Api) -> dict[str, Any]:
    [run] = api.get(f"Monitoring/{USER}").json()
    assert isinstance(run, dict)
    return run


def test_run_has_the_vendors_keys_and_a_time_without_a_zone(sandbox: RunningSandbox, api: Api) -> None:
    sandbox.add(USER, DESTINATION, COMPUTER, login="zoe@acme.example", last_backup_ago="3h", status=7)
    run = run_of(api)
    assert list(run) == KEYS
    assert [run[key] for key in ("UserID", "UserName", "ComputerName", "CompanyName", "Status")] == [
        USER, "zoe@acme.example", COMPUTER, None, 7,
    ]  # fmt: skip
    started = datetime.fromisoformat(run["LastStart"])
    assert started.tzinfo is None
    binding = sandbox.state().binding(USER, DESTINATION, COMPUTER)
    assert binding is not None
    assert binding.last_backup is not None
    assert abs(started - binding.last_backup.replace(tzinfo=None)) < timedelta(milliseconds=1)


def test_zone_of_the_times_is_a_switch(sandbox: RunningSandbox, api: Api) -> None:
    sandbox.add(USER, DESTINATION, COMPUTER)
    before = datetime.fromisoformat(run_of(api)["LastStart"])
    sandbox.change_settings(monitoring_utc_offset_minutes=-14 * 60)
    assert before - datetime.fromisoformat(run_of(api)["LastStart"]) == timedelta(hours=14)


def test_computer_that_never_backed_up_has_no_start(sandbox: RunningSandbox, api: Api) -> None:
    sandbox.add(USER, DESTINATION, COMPUTER, last_backup_ago=None)
    assert (run_of(api)["LastStart"], run_of(api)["NextStart"]) == (None, None)


@pytest.mark.parametrize(("running", "status"), [(False, 0), (True, 3)])
def test_backup_moves_the_last_start(sandbox: RunningSandbox, api: Api, running: bool, status: int) -> None:
    sandbox.add(USER, DESTINATION, COMPUTER, last_backup_ago="10d", status=2)
    before = datetime.fromisoformat(run_of(api)["LastStart"])
    sandbox.backup(USER, COMPUTER, running=running)
    run = run_of(api)
    assert datetime.fromisoformat(run["LastStart"]) - before >= timedelta(days=10)
    assert run["Status"] == status


def test_monitoring_tells_a_computers_destinations_apart_by_nothing_but_the_plan(
    sandbox: RunningSandbox, api: Api
) -> None:
    sandbox.add(USER, DESTINATION, COMPUTER)
    sandbox.add(USER, "d2", COMPUTER)
    runs = api.get(f"Monitoring/{USER}").json()
    assert len({run["PlanId"] for run in runs}) == 2
    assert [run["ComputerName"] for run in runs] == [COMPUTER, COMPUTER]
    assert not {DESTINATION, "d2"} & {str(value) for run in runs for value in run.values()}


def test_purged_computer_is_still_monitored(sandbox: RunningSandbox, api: Api) -> None:
    sandbox.change_settings(purge_delay="0s")
    sandbox.add(USER, DESTINATION, COMPUTER)
    api.purge(COMPUTER)
    assert api.listing() == []
    assert run_of(api)["ComputerName"] == COMPUTER


def test_monitoring_shows_every_user_but_the_deleted(sandbox: RunningSandbox, api: Api) -> None:
    for user in ("a", "b", "c"):
        sandbox.add(user, DESTINATION, COMPUTER)
    sandbox.delete_user("b")
    assert [run["UserID"] for run in api.get("Monitoring").json()] == ["a", "c"]
