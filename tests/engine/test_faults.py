"""Updates of many purges while the account, the network or the ledger fails, on the real engine."""

import contextlib
import os
import shutil
import sqlite3
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.client import FaultKind
from tests.engine.many import FAST, USERS, Many
from tests.engine.rehearsal import names
from tests.postgres import binaries, running

PATIENT = {**FAST, "MBS_RETRIES": "6"}
SOON = {"Retry-After": "0"}


def test_a_third_of_all_answers_failing_at_random_loses_and_repeats_nothing(many: Many) -> None:
    many.rehearsal.sandbox.inject("status", status=503, probability=0.3, count=None, headers=SOON)
    many.drop()
    many.rehearsal.up(env=PATIENT).require()
    many.require_each_purged_once()


def test_a_storm_of_too_many_requests_is_waited_for(many: Many) -> None:
    many.rehearsal.sandbox.inject("status", method="DELETE", status=429, count=40, headers={"Retry-After": "1"})
    many.drop()
    many.rehearsal.up(env=PATIENT).require()
    many.require_each_purged_once()
    refused = [one for one in many.rehearsal.sandbox.requests("DELETE") if one.status == 429]
    assert len(refused) == 40


def test_a_token_that_expires_in_the_middle_is_renewed_once_for_all(many: Many) -> None:
    many.rehearsal.sandbox.inject("expired_token", method="DELETE", after=USERS // 2)
    many.drop()
    many.rehearsal.up(env=PATIENT).require()
    many.require_each_purged_once()
    assert len(many.rehearsal.sandbox.requests("POST", "/api/Provider/Login")) == 2


@pytest.mark.parametrize("kind", ["cut_before", "cut_after"])
def test_a_connection_cut_before_or_after_the_effect_loses_and_repeats_nothing(many: Many, kind: FaultKind) -> None:
    many.rehearsal.sandbox.inject(kind, method="DELETE", count=USERS // 2)
    many.drop()
    many.rehearsal.up(env=PATIENT).require()
    many.require_each_purged_once()


def test_where_an_accepted_purge_stays_listed_only_calls_whose_answer_was_lost_are_repeated(many: Many) -> None:
    sandbox = many.rehearsal.sandbox
    sandbox.change_settings(delisted="with_data")
    sandbox.inject("cut_after", method="DELETE", count=3)
    many.drop()
    many.rehearsal.up(env=PATIENT).require()
    many.require_done()
    lost = [pair["ComputerName"] for one in sandbox.requests("DELETE") if one.fault for pair in one.body]
    twice = [name for name, times in Counter(names(many.accepted())).items() if times > 1]
    assert sorted(twice) == sorted(lost)
    assert len(lost) == 15


def test_an_account_that_answers_later_than_the_timeout_is_asked_again_and_nothing_is_lost(many: Many) -> None:
    sandbox = many.rehearsal.sandbox
    sandbox.inject("delay", method="DELETE", delay="3s", count=4)
    many.drop()
    many.rehearsal.up(env={**PATIENT, "MBS_TIMEOUT": "1s"}).require()
    many.require_done()
    many.wait_until_all_is_answered()
    late = [pair["ComputerName"] for one in sandbox.requests("DELETE") if one.fault for pair in one.body]
    twice = [name for name, times in Counter(names(many.accepted())).items() if times > 1]
    assert set(twice) <= set(late)


NO_ANSWERS: dict[str, dict[str, Any]] = {
    "garbage": {"body": "\u0000\u0001 {[", "content_type": "application/json"},
    "HTML": {"body": "<html><body>Sign in to the hotel</body></html>", "content_type": "text/html"},
    "envelope": {
        "body": '{"StatusCode": 400, "Message": "An error has occurred."}',
        "content_type": "application/json",
    },
    "50 MB": {"body": "x" * 50, "repeat": 2**20, "content_type": "application/json"},
}


def test_what_is_no_answer_to_a_purge_does_not_count_as_one(many: Many) -> None:
    for answer in NO_ANSWERS.values():
        many.rehearsal.sandbox.inject("status", method="DELETE", status=200, count=2, **answer)
    many.drop()
    failed = many.rehearsal.up("--continue-on-error", env=PATIENT)
    assert failed.code != 0
    assert "Traceback" not in failed.output
    assert len(failed.output) < 100_000
    before = len(many.rehearsal.sandbox.requests("DELETE"))
    many.finish()
    many.require_done()
    assert len(many.rehearsal.sandbox.requests("DELETE")) == before + 2 * len(NO_ANSWERS)


@pytest.mark.parametrize("answer", [NO_ANSWERS["HTML"], NO_ANSWERS["50 MB"]], ids=["HTML", "50 MB"])
def test_what_is_no_listing_purges_nothing(many: Many, answer: dict[str, object]) -> None:
    many.rehearsal.sandbox.inject("status", method="GET", path_regex="Computers", status=200, count=1, **answer)
    many.drop()
    refused = many.rehearsal.up(env=PATIENT)
    assert refused.code != 0
    assert "unreadable: " in refused.output
    assert many.accepted() == []


def test_a_full_disk_under_the_ledger_stops_the_purges_and_loses_none(many: Many, small_disk: Path) -> None:
    env = {"MBS_LEDGER": f"sqlite:///{small_disk}/ledger.db", "MBS_CONCURRENCY": "4"}
    shutil.copyfile(many.rehearsal.workspace.directory / "ledger.db", small_disk / "ledger.db")
    many.drop()
    update = many.start(env=env)
    many.wait_for_calls(4, update)
    with contextlib.suppress(OSError), (small_disk / "filler").open("wb", buffering=0) as filler:
        while True:
            filler.write(bytes(4096))
    stopped = update.end()
    assert stopped.code != 0
    assert "full" in stopped.output
    assert "Traceback" not in stopped.output
    with contextlib.closing(sqlite3.connect(small_disk / "ledger.db")) as ledger:
        sent = {binding for (binding,) in ledger.execute("SELECT binding FROM events WHERE kind = 'sent'")}
    assert {name.casefold() for name in names(many.accepted())} <= {one.rpartition("/")[2] for one in sent}
    assert len(sent) < len(many.dropped)
    (small_disk / "filler").unlink()
    many.finish(env=env)
    many.require_each_purged_once(env=env)


def test_a_ledger_that_is_locked_for_a_while_is_waited_for(many: Many) -> None:
    many.drop()
    update = many.start(env={"MBS_CONCURRENCY": "2"})
    many.wait_for_calls(1, update)
    with contextlib.closing(sqlite3.connect(many.rehearsal.workspace.directory / "ledger.db", timeout=30)) as locked:
        locked.execute("BEGIN EXCLUSIVE")
        before = len(many.rehearsal.sandbox.requests("DELETE"))
        many.wait_for(lambda: all(one.status for one in many.rehearsal.sandbox.requests("DELETE")), update)
        assert before < USERS
        locked.rollback()
    assert update.end().code == 0
    many.require_each_purged_once()


def test_a_ledger_that_stays_locked_purges_nothing(many: Many) -> None:
    many.drop()
    with contextlib.closing(sqlite3.connect(many.rehearsal.workspace.directory / "ledger.db")) as locked:
        locked.execute("BEGIN EXCLUSIVE")
        refused = many.rehearsal.up()
        locked.rollback()
    assert refused.code != 0
    assert "ledger: " in refused.output
    assert "locked" in refused.output
    assert many.rehearsal.sandbox.requests("DELETE") == []


def test_a_postgresql_that_goes_away_stops_the_purges_and_loses_none(many: Many) -> None:
    programs = binaries()
    if programs is None:
        assert not os.environ.get("CI"), "CI needs PostgreSQL: install Debian's package postgresql"
        pytest.skip("no PostgreSQL on this machine: install Debian's package postgresql")
    with running(programs) as server:
        env = {"MBS_LEDGER": server.url, "MBS_CONCURRENCY": "4"}
        many.take_the_ledger_to(server.url)
        many.drop()
        update = many.start(env=env)
        many.wait_for_calls(4, update)
        server.stop()
        stopped = update.end()
        assert stopped.code != 0
        assert server.password not in stopped.output
        assert "Traceback" not in stopped.output
        assert len(many.accepted()) < USERS
        server.start()
        many.finish(env=env)
        many.require_each_purged_once(env=env)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Mount a file system of two megabytes, where that is permitted."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)], capture_output=True, text=True, check=False
    )
    if mount.returncode != 0:
        pytest.skip(f"no file system can be mounted here: {mount.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)
