"""Refused, approved, purged: with the console, on the real engine."""

import datetime
import json
import sqlite3
from pathlib import Path

import pytest

from erasure.clock import today
from sandbox.workspace import Result
from tests.engine.conftest import COMPUTERS
from tests.engine.rehearsal import CHARLIE, DESTINATION, STACK, Rehearsal, names

TOMORROW = (today() + datetime.timedelta(days=1)).isoformat()


def approve(rehearsal: Rehearsal, *more: str, expires: str = TOMORROW) -> Result:
    arguments = ["--reason", "Contract ended", "--expires", expires, "--by", "dana@msp.example", *more]
    return rehearsal.workspace.python("-m", "erasure", "approve", *arguments)


def approvals(rehearsal: Rehearsal) -> Path:
    return rehearsal.workspace.directory / "approvals" / f"{STACK}.yaml"


def test_an_approved_set_is_purged_exactly_and_one_more_is_refused_again(adopted: Rehearsal) -> None:
    adopted.want("CHARLIE-LAPTOP")
    approved = approve(adopted, "--request", "DSR-17", "--due", "2030-01-01")
    assert approved.require().stdout.startswith(f"approvals/{STACK}.yaml: 2 purges approved until {TOMORROW}, sha256:")
    assert adopted.purges() == []

    adopted.want()
    grown = adopted.up()
    assert grown.code != 0
    assert "emptied: " in grown.output
    assert "not lifted: the approval sha256:" in grown.output
    assert "is of another set: 2 purges, not these 3" in grown.output
    assert adopted.purges() == []

    adopted.want("CHARLIE-LAPTOP")
    adopted.up().require()
    assert names(adopted.purges()) == ["Büro PC", "Front Desk"]

    adopted.want()
    again = adopted.preview()
    assert again.code != 0
    assert "emptied: " in again.output

    with sqlite3.connect(adopted.workspace.directory / "ledger.db") as ledger:
        rows = ledger.execute("SELECT data FROM events WHERE kind = 'intended'").fetchall()
    ledger.close()
    data = [json.loads(row[0]) for row in rows]
    assert {(one["approved_by"], one["request"], one["due"]) for one in data} == {
        ("dana@msp.example", "DSR-17", "2030-01-01")
    }


def test_a_saved_plan_is_applied_and_refused_once_the_inventory_changed(adopted: Rehearsal) -> None:
    experimental = {"PULUMI_EXPERIMENTAL": "true"}
    adopted.want("CHARLIE-LAPTOP", "Front Desk")
    adopted.preview("--save-plan", "plan.json", env=experimental).require()
    adopted.want("CHARLIE-LAPTOP", "Büro PC")
    changed = adopted.up("--plan", "plan.json", env=experimental)
    assert changed.code != 0
    assert adopted.purges() == []
    adopted.want("CHARLIE-LAPTOP", "Front Desk")
    adopted.up("--plan", "plan.json", env=experimental).require()
    assert adopted.purges() == [(CHARLIE, [(DESTINATION, "Büro PC")])]


def test_what_no_approval_lifts_is_not_approved(adopted: Rehearsal) -> None:
    adopted.want("CHARLIE-LAPTOP")
    adopted.workspace.config_set("rules", '{"max-percent": "refuse"}')
    refused = approve(adopted)
    assert refused.code == 3
    assert refused.stderr.startswith("max-percent: ")
    assert not approvals(adopted).exists()


def test_approving_needs_purges_a_name_and_a_date_to_come(adopted: Rehearsal) -> None:
    nothing = approve(adopted)
    assert (nothing.code, "nothing is to be purged" in nothing.stderr) == (1, True)
    over = approve(adopted, expires="2026-01-01")
    assert (over.code, "is over" in over.stderr) == (1, True)
    wrong = approve(adopted, expires="soon")
    assert (wrong.code, "is not a date like" in wrong.stderr) == (1, True)
    missing = adopted.workspace.python("-m", "erasure", "approve", "--reason", "x")
    assert (missing.code, "--expires" in missing.stderr) == (1, True)
    anonymous = adopted.workspace.python(
        "-m", "erasure", "approve", "--reason", "x", "--expires", TOMORROW,
        env={"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null", "HOME": "/nonexistent"},
    )  # fmt: skip
    assert (anonymous.code, "pass --by" in anonymous.stderr) == (1, True)


def test_a_mistake_in_the_approvals_fails_the_preview(adopted: Rehearsal) -> None:
    approvals(adopted).parent.mkdir()
    approvals(adopted).write_text("version: 1\napprovals:\n  - digest: x\n")
    result = adopted.preview()
    assert result.code != 0
    assert f"approvals/{STACK}.yaml:3: 'digest'" in result.output
    assert adopted.sandbox.requests() == []


def test_the_console_checks_the_ledger(adopted: Rehearsal) -> None:
    whole = adopted.workspace.python("-m", "erasure", "ledger", "check").require()
    assert whole.stdout.endswith("whole\n")
    assert f"mbs-erasure/{STACK}: {len(COMPUTERS)} events" in whole.stdout
    for command in (("ledger", "check"), ("verify",), ("receipt",)):
        with pytest.raises(
            AssertionError, match=f"ConsoleError.*the ledger knows nothing of stack {STACK}, which was upd"
        ):
            adopted.says(*command, code=1, env={"MBS_LEDGER": "sqlite:///another.db"})
    with sqlite3.connect(adopted.workspace.directory / "ledger.db") as ledger:
        ledger.execute("UPDATE events SET binding = 'x' WHERE sequence = 2")
    ledger.close()
    broken = adopted.workspace.python("-m", "erasure", "ledger", "check", "--stack", STACK)
    assert broken.code == 3
    assert "event 2: it is not as it was written" in broken.stdout
