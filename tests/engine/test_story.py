"""Two days in the life of two purges, on the real engine: what is said of them at each hour, and in each receipt."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.engine.conftest import COMPUTERS
from tests.engine.rehearsal import CHARLIE, DESTINATION, Rehearsal
from tests.engine.story import Story, telling

VAULT = "d-locked"
ERASED, LOCKED = "Büro PC", "Vault PC"


def verdicts(story: Story, code: int) -> dict[str, str]:
    """Verify, and return each computer's verdict."""
    found = json.loads(story.says("verify", "--format", "json", code=code))
    return {one["computer"]: one["verdict"] for one in found["erasures"]}


def receipts(story: Story) -> dict[str, dict[str, Any]]:
    """Return what a receipt tells of each computer, after a check that its copy is whole."""
    text = story.says("receipt", "--format", "json", "--request", "DSR-7", code=0)
    copy = story.rehearsal.workspace.directory / "receipt.json"
    copy.write_text(text, encoding="utf-8")
    story.says("receipt", "--check", str(copy), code=0)
    return {one["computer"]: one for one in json.loads(text)["purges"]}


@pytest.fixture
def story(adopted: Rehearsal) -> Iterator[Story]:
    adopted.sandbox.change_settings(purge_delay="24h")
    adopted.sandbox.add(CHARLIE, VAULT, LOCKED)
    adopted.sandbox.lock(VAULT, "72h")
    wanted = [*((name, [DESTINATION]) for name in COMPUTERS), (LOCKED, [VAULT])]
    adopted.want_all({CHARLIE: wanted})
    adopted.up().require()
    adopted.want_all({CHARLIE: [one for one in wanted if one[0] not in (ERASED, LOCKED)]})
    with telling(adopted) as story:
        yield story


def test_two_days_of_an_erasure_and_of_one_under_object_lock(story: Story) -> None:
    refused = json.loads(story.says("plan", "--format", "json", code=3))
    assert [one["rule"] for one in refused["rules"] if one["is_in_the_way"]] == ["max-percent"]
    approve = ["--reason", "Contract ended", "--expires", "2099-12-31", "--by", "dana@msp.example"]
    story.says("approve", *approve, "--request", "DSR-7", "--due", "2099-12-31", code=0)
    assert json.loads(story.says("plan", "--format", "json", code=2))["digest"] == refused["digest"]
    story.rehearsal.up().require()
    assert receipts(story)[ERASED]["unverified"] == ["Nobody has looked at the account since."]

    story.goes_on_until(1)
    assert verdicts(story, code=2) == {ERASED: "pending", LOCKED: "pending"}
    story.goes_on_until(25)
    assert verdicts(story, code=3) == {ERASED: "delisted", LOCKED: "overdue"}
    assert receipts(story)[ERASED]["verdict"] == "delisted"
    story.goes_on_until(26)
    assert verdicts(story, code=3) == {ERASED: "erased", LOCKED: "overdue"}
    told = receipts(story)
    assert (told[ERASED]["verdict"], told[ERASED]["due_met"], told[ERASED]["unverified"]) == ("erased", "met", [])
    assert (told[LOCKED]["verdict"], told[LOCKED]["due_met"]) == ("overdue", "open")
    assert told[LOCKED]["unverified"] == ["That the data is erased: still listed past the deadline."]

    story.rehearsal.sandbox.backup(CHARLIE, ERASED)
    story.goes_on_until(48)
    assert verdicts(story, code=3) == {ERASED: "returned", LOCKED: "overdue"}
    told = receipts(story)
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
    assert receipts(story)[ERASED]["managed_again_at"] is not None
    assert verdicts(story, code=3) == {LOCKED: "overdue"}
