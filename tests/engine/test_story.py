"""Two days in the life of two purges, on the real engine: what is said of them at each hour, and in each receipt."""

import datetime
import json
from dataclasses import dataclass
from typing import Any

import pytest
from click.testing import CliRunner

from erasure import clock
from erasure.console.main import main
from tests.engine.conftest import COMPUTERS
from tests.engine.rehearsal import CHARLIE, DESTINATION, Rehearsal

VAULT = "d-locked"
ERASED, LOCKED = "Büro PC", "Vault PC"


@dataclass
class Story:
    """A stack and its console, whose clock goes with the sandbox's."""

    rehearsal: Rehearsal
    monkeypatch: pytest.MonkeyPatch
    hours: float = 0

    def __post_init__(self) -> None:
        self.monkeypatch.chdir(self.rehearsal.workspace.directory)
        real = clock.now
        self.monkeypatch.setattr(clock, "now", lambda: real() + datetime.timedelta(hours=self.hours))

    def goes_on_until(self, hours: float) -> None:
        self.rehearsal.sandbox.move_clock(datetime.timedelta(hours=hours - self.hours))
        self.hours = hours

    def says(self, *arguments: str, code: int) -> str:
        """Run a command of the console, which has to exit with this code, and return its report."""
        result = CliRunner().invoke(main, arguments, env=self.rehearsal.workspace.env, standalone_mode=False)
        assert result.exception is None, result.output
        assert result.return_value == code, result.output
        return result.stdout

    def verdicts(self, code: int) -> dict[str, str]:
        """Verify, and return each computer's verdict."""
        found = json.loads(self.says("verify", "--format", "json", code=code))
        return {one["computer"]: one["verdict"] for one in found["erasures"]}

    def receipts(self) -> dict[str, dict[str, Any]]:
        """Return what a receipt tells of each computer, after a check that its copy is whole."""
        text = self.says("receipt", "--format", "json", "--request", "DSR-7", code=0)
        copy = self.rehearsal.workspace.directory / "receipt.json"
        copy.write_text(text, encoding="utf-8")
        self.says("receipt", "--check", str(copy), code=0)
        return {one["computer"]: one for one in json.loads(text)["purges"]}


@pytest.fixture
def story(adopted: Rehearsal, monkeypatch: pytest.MonkeyPatch) -> Story:
    adopted.sandbox.change_settings(purge_delay="24h")
    adopted.sandbox.add(CHARLIE, VAULT, LOCKED)
    adopted.sandbox.lock(VAULT, "72h")
    wanted = [*((name, [DESTINATION]) for name in COMPUTERS), (LOCKED, [VAULT])]
    adopted.want_all({CHARLIE: wanted})
    adopted.up().require()
    adopted.want_all({CHARLIE: [one for one in wanted if one[0] not in (ERASED, LOCKED)]})
    return Story(adopted, monkeypatch)


def test_two_days_of_an_erasure_and_of_one_under_object_lock(story: Story) -> None:
    refused = json.loads(story.says("plan", "--format", "json", code=3))
    assert [one["rule"] for one in refused["rules"] if one["is_in_the_way"]] == ["max-percent"]
    approve = ["--reason", "Contract ended", "--expires", "2099-12-31", "--by", "dana@msp.example"]
    story.says("approve", *approve, "--request", "DSR-7", "--due", "2099-12-31", code=0)
    assert json.loads(story.says("plan", "--format", "json", code=2))["digest"] == refused["digest"]
    story.rehearsal.up().require()
    assert story.receipts()[ERASED]["unverified"] == ["Nobody has looked at the account since."]

    story.goes_on_until(1)
    assert story.verdicts(code=2) == {ERASED: "pending", LOCKED: "pending"}
    story.goes_on_until(25)
    assert story.verdicts(code=3) == {ERASED: "delisted", LOCKED: "overdue"}
    assert story.receipts()[ERASED]["verdict"] == "delisted"
    story.goes_on_until(26)
    assert story.verdicts(code=3) == {ERASED: "erased", LOCKED: "overdue"}
    told = story.receipts()
    assert (told[ERASED]["verdict"], told[ERASED]["due_met"], told[ERASED]["unverified"]) == ("erased", "met", [])
    assert (told[LOCKED]["verdict"], told[LOCKED]["due_met"]) == ("overdue", "open")
    assert told[LOCKED]["unverified"] == ["That the data is erased: still listed past the deadline."]

    story.rehearsal.sandbox.backup(CHARLIE, ERASED)
    story.goes_on_until(48)
    assert story.verdicts(code=3) == {ERASED: "returned", LOCKED: "overdue"}
    told = story.receipts()
    assert [one["verdict"] for one in told[ERASED]["verdicts"]] == ["pending", "delisted", "erased", "returned"]
    assert [one["verdict"] for one in told[LOCKED]["verdicts"]] == ["pending", "overdue"]
    assert told[ERASED]["approved_by"] == "dana@msp.example"

    _is_managed_again_only_for_a_reason(story)


def _is_managed_again_only_for_a_reason(story: Story) -> None:
    entry: dict[str, object] = {"name": ERASED, "destinations": [DESTINATION]}
    kept = [{"name": name, "destinations": [DESTINATION]} for name in COMPUTERS if name != ERASED]
    for reason in (None, "The customer came back"):
        wanted = {**entry, **({"readopt": reason} if reason else {})}
        users = [{"id": CHARLIE, "computers": [*kept, wanted]}]
        story.rehearsal.write(json.dumps({"version": 1, "users": users}))
        result = story.rehearsal.up()
        assert (result.code == 0) == (reason is not None), result.output
        if reason is None:
            assert "returned: computer 'Büro PC' of user" in result.output
    assert story.receipts()[ERASED]["managed_again_at"] is not None
    assert story.verdicts(code=3) == {LOCKED: "overdue"}
