"""What an earlier version wrote, in the files beside this one, is served as that version would serve it.

The state, the ledger and the receipt were written by the first version 1 of each, against a stand-in at the address
below: a stack that has purged `Büro PC`, and then one that could not purge `OWED`, since the answer was 500.
"""

import contextlib
import fcntl
import json
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from sandbox.running import RunningSandbox
from tests.engine.rehearsal import CHARLIE, DESTINATION, STACK, Rehearsal, names, rehearsal
from tests.reports.samples import refused

WRITTEN = Path(__file__).parent / "version1"
PORT = 28787  # the ledger's hashes are over the endpoint
HELD = {"name": "HELD", "destinations": [DESTINATION], "hold": "Litigation 2026-114"}


@pytest.fixture(scope="module")
def account() -> Iterator[RunningSandbox]:
    """Serve the account at the address that the files name, which one process of tests can have at a time."""
    with (Path(tempfile.gettempdir()) / f"mbs-erasure-{PORT}.lock").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        with RunningSandbox(purge_delay="0s", port=PORT) as running:
            yield running


@pytest.fixture
def stack(account: RunningSandbox, pulumi: Path, tmp_path: Path) -> Rehearsal:
    """Return an empty stack, and the account as it was."""
    account.reset()
    for computer in ("KEPT", "OWED", "HELD"):
        account.add(CHARLIE, DESTINATION, computer, stored_bytes=1000, last_backup_ago="90d")
    made = rehearsal(tmp_path, pulumi, account)
    made.workspace.init(STACK)
    made.workspace.config_set("rules", '{"max-percent": "off"}')
    return made


def restore(stack: Rehearsal, which: str, *computers: str) -> None:
    """Take over a state and a ledger, and want these computers and the held one."""
    stack.workspace.run("stack", "import", "--file", str(WRITTEN / f"{which}.state.json")).require()
    with contextlib.closing(sqlite3.connect(stack.workspace.directory / "ledger.db")) as ledger:
        ledger.executescript((WRITTEN / f"{which}.ledger.sql").read_text(encoding="utf-8"))
    entries = [{"name": name, "destinations": [DESTINATION]} for name in computers]
    users = [{"id": CHARLIE, "computers": [*entries, HELD]}]
    stack.write(json.dumps({"version": 1, "customer": "Acme Dental", "users": users}))


def report(stack: Rehearsal, *command: str) -> dict[str, Any]:
    """Return the JSON report of a command, which has to be of the form that version 1 describes."""
    done = stack.workspace.python("-m", "erasure", *command, "--format", "json")
    document: dict[str, Any] = json.loads(done.stdout)
    name = "verification" if command[0] == "verify" else command[0]
    schema = json.loads((WRITTEN / f"{name}.schema.json").read_text(encoding="utf-8"))
    jsonschema.validate(document, schema, format_checker=jsonschema.FormatChecker())
    return document


def test_a_state_of_version_1_shows_no_change(stack: Rehearsal) -> None:
    restore(stack, "settled", "KEPT", "OWED")
    stack.up("--expect-no-changes").require()
    assert stack.purges() == []
    assert stack.workspace.python("-m", "erasure", "receipt", "--check", str(WRITTEN / "receipt.json")).code == 0


def test_a_purge_that_version_1_owes_is_finished_exactly_once(stack: Rehearsal) -> None:
    restore(stack, "owed", "KEPT")
    (owed,) = report(stack, "plan")["purges"]
    assert (owed["computer"], owed["is_owed"]) == ("OWED", True)
    stack.up().require()
    stack.up("--expect-no-changes").require()
    assert names(stack.purges()) == ["OWED"]
    assert [kind for kind, binding in stack.events() if binding.endswith("/owed")][-2:] == ["sent", "accepted"]
    verified = {found["computer"]: found["verdict"] for found in report(stack, "verify")["erasures"]}
    assert verified.keys() == {"Büro PC", "OWED"}
    told = {purge["computer"]: purge["answer"] for purge in report(stack, "receipt")["purges"]}
    assert told == {"Büro PC": "accepted", "OWED": "accepted"}
    check = stack.workspace.python("-m", "erasure", "receipt", "--check", str(WRITTEN / "receipt.json"))
    assert (check.code, check.stdout.startswith("whole: ")) == (0, True)
    assert "its first 10 events, which are unchanged" in check.stdout
    assert "its wording is that of version 1," in check.stdout


def test_a_plan_with_every_part_is_of_the_form_of_version_1() -> None:
    schema = json.loads((WRITTEN / "plan.schema.json").read_text(encoding="utf-8"))
    jsonschema.validate(json.loads(refused().text()), schema, format_checker=jsonschema.FormatChecker())
