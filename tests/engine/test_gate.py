"""The gate on the real engine: each rule refuses in the preview and in the update, and what lifts it works."""

import datetime
import json
import shutil
from collections.abc import Callable

import pytest

from erasure.clock import today
from sandbox.workspace import Result
from tests.engine.conftest import COMPUTERS
from tests.engine.rehearsal import BINDING, CHARLIE, DESTINATION, STACK, Rehearsal, binding, names

PURGE = [(CHARLIE, [(DESTINATION, "Büro PC")])]


def refused(rehearsal: Rehearsal, rule: str, *arguments: str, env: dict[str, str] | None = None) -> Result:
    """Preview and update; both refuse by this rule, and nothing is purged."""
    before, bound = rehearsal.purges(), rehearsal.bindings()
    for result in (rehearsal.preview(*arguments, env=env), rehearsal.up(*arguments, env=env)):
        assert result.code != 0, result.output
        assert f"{rule}: " in result.output, result.output
        assert "Traceback" not in result.output
    assert rehearsal.purges() == before
    assert rehearsal.bindings() == bound
    return result


def entries(**fields: dict[str, str]) -> list[dict[str, object]]:
    """Return entries of the three computers, with more fields for some of them, by their first word."""
    return [
        {"name": name, "destinations": [DESTINATION], **fields.get(name.split()[0].split("-")[0].lower(), {})}
        for name in COMPUTERS
    ]


def write(rehearsal: Rehearsal, computers: list[dict[str, object]]) -> None:
    rehearsal.write(json.dumps({"version": 1, "users": [{"id": CHARLIE, "computers": computers}]}))


def kinds(rehearsal: Rehearsal, computer: str) -> list[str]:
    """Return the kinds of a binding's events in the ledger."""
    return [kind for kind, one in rehearsal.events() if one == binding(computer)]


def test_a_hold_is_lifted_in_one_update_and_the_entry_dropped_in_a_later_one(adopted: Rehearsal) -> None:
    write(adopted, entries(büro={"hold": "Litigation"}))
    adopted.up().require()
    (held,) = [one for one in adopted.resources(BINDING) if one.get("protect")]
    assert held["outputs"]["hold"] == "Litigation"

    adopted.want("CHARLIE-LAPTOP", "Front Desk")
    assert "(Litigation) on hold" in refused(adopted, "hold", "--ignore-protect").output
    write(adopted, [*entries()[:2], {**entries()[2], "release": "Sold"}])
    released = adopted.up()
    assert (released.code != 0, "hold: " in released.output, adopted.purges()) == (True, True, [])

    adopted.want(*COMPUTERS)
    adopted.up().require()
    adopted.want("CHARLIE-LAPTOP", "Front Desk")
    adopted.up().require()
    assert adopted.purges() == PURGE


def test_a_binding_that_another_inventory_wants_is_not_purged(adopted: Rehearsal) -> None:
    neighbour = adopted.file.with_name("globex.yaml")
    neighbour.write_text(adopted.file.read_text().replace("Büro PC", "BÜRO pc"), encoding="utf-8")
    adopted.want("CHARLIE-LAPTOP", "Front Desk")
    assert "in inventory/globex.yaml" in refused(adopted, "moved").output
    neighbour.write_text("not: an inventory\n")
    assert "another inventory cannot be read" in adopted.up().output
    assert adopted.purges() == []
    neighbour.write_text('{"version": 1, "users": []}')
    adopted.up().require()
    assert adopted.purges() == PURGE


def test_a_stack_that_was_adopted_elsewhere_purges_only_after_it_was_bound_here(adopted: Rehearsal) -> None:
    here = {"MBS_ENDPOINT": adopted.sandbox.url.replace("127.0.0.1", "localhost")}
    adopted.want("CHARLIE-LAPTOP", "Front Desk")
    refused(adopted, "account", env=here)
    adopted.want(*COMPUTERS)
    bound = adopted.up("--diff", env=here).require()
    assert bound.stdout.count(f'endpoint   : "{adopted.sandbox.url}" => "{here["MBS_ENDPOINT"]}"') == 3, bound.stdout
    adopted.want("CHARLIE-LAPTOP", "Front Desk")
    adopted.up(env=here).require()
    assert adopted.purges() == PURGE


def test_a_stack_is_not_bound_to_an_account_that_lacks_one_of_its_entries(adopted: Rehearsal) -> None:
    here = {"MBS_ENDPOINT": adopted.sandbox.url.replace("127.0.0.1", "localhost")}
    adopted.sandbox.remove(CHARLIE, DESTINATION, "Front Desk")
    kept = adopted.up("--expect-no-changes", env=here).require()
    assert "account: the stack stays bound to the endpoint that it was adopted from: not-listed: " in kept.output


def test_a_user_that_the_account_does_not_know_any_more_is_purged_as_adopted_once_approved(adopted: Rehearsal) -> None:
    adopted.sandbox.change_settings(deleted_user_listing="as_unknown")
    adopted.sandbox.delete_user(CHARLIE)
    adopted.want("CHARLIE-LAPTOP", "Front Desk")
    assert "unknown-user: " in adopted.up().output
    assert adopted.purges() == []
    adopted.approve()
    adopted.up().require()
    assert adopted.purges() == PURGE


def test_an_account_that_cannot_be_read_is_not_purged(adopted: Rehearsal) -> None:
    adopted.want("CHARLIE-LAPTOP", "Front Desk")
    adopted.sandbox.inject("status", path_regex="Computers", status=503, count=None)
    assert "answered 503" in refused(adopted, "unreadable").output
    adopted.sandbox.clear_faults()
    adopted.sandbox.inject("status", path_regex="Monitoring", status=503, count=None)
    assert "answered 503" in adopted.up().output
    adopted.sandbox.clear_faults()
    adopted.sandbox.inject("status", path_regex="Monitoring", status=404, count=None)
    assert "unreadable: GET /api/Monitoring tells of no backup plan at all" in adopted.up().output
    assert adopted.purges() == []
    adopted.sandbox.clear_faults()
    adopted.up().require()
    assert adopted.purges() == PURGE


def test_every_rule_that_asks_for_an_approval_refuses_and_one_approval_lifts_them_all(adopted: Rehearsal) -> None:
    adopted.sandbox.backup(CHARLIE, "Büro PC", running=True)
    adopted.workspace.config_set("maxPurges", "2")
    adopted.workspace.config_set("maxPurgeBytes", "1000")
    adopted.workspace.config_set("rules", '{"last-copy": "approve"}')
    adopted.want()
    told = refused(adopted, "emptied").output
    for finding in (
        "max-purges: 3 purges, and at most 2 are permitted in 24 hours",
        "max-percent: 3 purges of 3 bindings (100 %), and at most 30 % are permitted in 24 hours",
        "max-bytes: 3.2 GB would go",
        "emptied: nothing would be left",
        "(running now) backed up within 7 days",
        "no other destination is left of computer 'Büro PC'",
    ):
        assert finding in told
    adopted.approve()
    adopted.up().require()
    assert names(adopted.purges()) == sorted(COMPUTERS)
    assert adopted.bindings() == []


def test_without_a_ledger_that_lasts_nothing_is_purged(adopted: Rehearsal) -> None:
    adopted.want("CHARLIE-LAPTOP", "Front Desk")
    refused(adopted, "ledger", env={"CI": "true"})
    for url in ("sqlite:///nowhere/ledger.db", "sqlite:///Pulumi.yaml"):
        unwritten = adopted.up(env={"MBS_LEDGER": url})
        assert (unwritten.code != 0, "ledger: " in unwritten.output, adopted.purges()) == (True, True, [])
    kept = {"CI": "true", "MBS_LEDGER": "sqlite:///kept.db"}
    refused(adopted, "ledger", env=kept)  # it knows nothing of this stack
    shutil.copyfile(adopted.workspace.directory / "ledger.db", adopted.workspace.directory / "kept.db")
    adopted.up(env=kept).require()
    assert adopted.purges() == PURGE


def test_a_binding_that_was_moved_to_another_stack_is_not_purged_with_others(adopted: Rehearsal) -> None:
    adopted.workspace.run("stack", "init", "globex", "--copy-config-from", STACK).require()
    adopted.workspace.run(
        "state", "move", "--yes", "--include-parents", "--source", STACK, "--dest", "globex",
        adopted.urn("Binding", binding("Büro PC")),
    ).require()  # fmt: skip
    adopted.want("CHARLIE-LAPTOP")
    adopted.up().require()
    assert adopted.purges() == [(CHARLIE, [(DESTINATION, "Front Desk")])]


def test_a_binding_that_a_refresh_forgot_is_not_purged_with_others(adopted: Rehearsal) -> None:
    adopted.sandbox.remove(CHARLIE, DESTINATION, "Büro PC")
    adopted.workspace.run("refresh", "--yes").require()
    assert binding("Büro PC") not in adopted.bindings()
    adopted.want("CHARLIE-LAPTOP")
    adopted.up().require()
    assert adopted.purges() == [(CHARLIE, [(DESTINATION, "Front Desk")])]


def test_a_limit_or_a_level_in_a_reviewed_file_lifts(adopted: Rehearsal) -> None:
    adopted.workspace.config_set("maxPurgePercent", "100")
    adopted.want()
    told = adopted.preview().output
    assert ("emptied: " in told, "max-percent: " in told) == (True, False)
    adopted.workspace.config_set("rules", '{"emptied": "warn"}')
    adopted.up().require()
    assert names(adopted.purges()) == sorted(COMPUTERS)
    assert adopted.bindings() == []


def test_a_due_entry_counts_as_dropped(adopted: Rehearsal) -> None:
    def due(days: int) -> dict[str, str]:
        return {"purge_after": (today() + datetime.timedelta(days=days)).isoformat()}

    adopted.workspace.config_set("maxPurgePercent", "100")
    write(adopted, entries(charlie=due(2)))
    early = adopted.preview("--diff").require().stdout
    assert ("to delete" in early, f'"{today()}"' in early) == (False, False), "the day alone is no change"
    write(adopted, entries(büro=due(-1), front=due(0), charlie=due(2)))
    preview = adopted.preview("--diff").require().stdout
    assert ("2 to delete" in preview, f'"{today()}"' in preview) == (True, True)
    adopted.up().require()
    assert names(adopted.purges()) == ["Büro PC", "Front Desk"]


def test_a_purge_whose_answer_was_lost_is_looked_up_and_not_sent_again(adopted: Rehearsal) -> None:
    adopted.sandbox.change_settings(delisted="at_once")
    adopted.sandbox.inject("cut_after", method="DELETE")
    adopted.want("CHARLIE-LAPTOP", "Front Desk")
    lost = adopted.up()
    assert lost.code != 0
    assert "connection broke before its answer was read" in lost.output
    assert kinds(adopted, "Büro PC") == ["adopted", "intended", "sent"]
    adopted.up().require()
    assert adopted.purges() == PURGE
    assert kinds(adopted, "Büro PC")[3:] == ["intended", "already absent"]


def test_a_purge_that_did_not_arrive_is_looked_up_and_sent_again(adopted: Rehearsal) -> None:
    adopted.sandbox.inject("cut_before", method="DELETE")
    adopted.want("CHARLIE-LAPTOP", "Front Desk")
    assert adopted.up().code != 0
    adopted.up().require()
    assert adopted.purges() == PURGE * 2
    assert kinds(adopted, "Büro PC") == ["adopted", "intended", "sent", "intended", "sent", "accepted"]


def test_an_entry_restored_after_its_purge_was_sent_begins_a_new_life_and_is_purged_again(adopted: Rehearsal) -> None:
    adopted.workspace.config_set("rules", '{"alive": "off", "max-percent": "off"}')
    adopted.sandbox.inject("cut_after", method="DELETE")
    adopted.want("CHARLIE-LAPTOP", "Front Desk")
    assert adopted.up().code != 0
    adopted.want(*COMPUTERS)
    assert "not-listed: " in adopted.up().output, "its data is gone"
    adopted.sandbox.backup(CHARLIE, "Büro PC", DESTINATION)
    renewed = adopted.up().require()
    assert "~  " + BINDING in renewed.stdout
    adopted.want("CHARLIE-LAPTOP", "Front Desk")
    adopted.up().require()
    assert adopted.purges() == PURGE * 2
    assert kinds(adopted, "Büro PC") == ["adopted", "intended", "sent", "adopted", "intended", "sent", "accepted"]


SURGERIES: dict[str, Callable[[Rehearsal], Result]] = {
    "replace plan": lambda stack: stack.up("--replace", stack.urn("PurgePlan", "plan")),
    "target plan": lambda stack: stack.up("--target", stack.urn("PurgePlan", "plan")),
    "target-replace plan": lambda stack: stack.up("--target-replace", stack.urn("PurgePlan", "plan")),
    "destroy plan": lambda stack: stack.workspace.run("destroy", "--yes", "--target", stack.urn("PurgePlan", "plan")),
    "refresh by program": lambda stack: stack.workspace.run("refresh", "--yes", "--run-program"),
    "rename": lambda stack: stack.workspace.run(
        "state", "rename", "--yes", stack.urn("Binding", binding("Front Desk")), "other"
    ),
    "taint": lambda stack: stack.workspace.run("state", "taint", "--yes", stack.urn("Binding", binding("Front Desk"))),
}


@pytest.mark.parametrize("surgery", SURGERIES.values(), ids=SURGERIES.keys())
def test_after_state_surgery_exactly_the_dropped_entry_is_purged(
    adopted: Rehearsal, surgery: Callable[[Rehearsal], Result]
) -> None:
    surgery(adopted).require()
    assert adopted.purges() == []
    adopted.want("CHARLIE-LAPTOP", "Front Desk")
    adopted.up().require()
    assert adopted.purges() == PURGE
    assert adopted.bindings() == sorted(map(binding, ["CHARLIE-LAPTOP", "Front Desk"]))


def test_after_a_failed_adoption_exactly_the_dropped_entry_is_purged(adopted: Rehearsal) -> None:
    adopted.want("CHARLIE-LAPTOP", "Front Desk", "NOT-THERE")
    assert adopted.up().code != 0
    assert adopted.purges() == []
    adopted.want("CHARLIE-LAPTOP", "Front Desk")
    adopted.up().require()
    assert adopted.purges() == PURGE


def test_a_binding_removed_from_the_state_by_hand_is_not_purged(adopted: Rehearsal) -> None:
    adopted.workspace.run("state", "delete", "--yes", adopted.urn("Binding", binding("Büro PC"))).require()
    adopted.want("CHARLIE-LAPTOP", "Front Desk")
    adopted.up().require()
    assert adopted.purges() == []


def test_a_binding_protected_in_the_state_is_not_purged_nor_are_others_with_it(adopted: Rehearsal) -> None:
    adopted.workspace.run("state", "protect", "--yes", adopted.urn("Binding", binding("Büro PC"))).require()
    adopted.workspace.config_set("maxPurgePercent", "100")
    adopted.want("CHARLIE-LAPTOP")
    kept = adopted.up()
    assert (kept.code != 0, "hold: " in kept.output, adopted.purges()) == (True, True, [])


def test_an_excluded_binding_is_not_purged(adopted: Rehearsal) -> None:
    adopted.workspace.config_set("maxPurgePercent", "100")
    adopted.want("CHARLIE-LAPTOP")
    adopted.up("--exclude", adopted.urn("Binding", binding("Büro PC"))).require()
    assert adopted.purges() == [(CHARLIE, [(DESTINATION, "Front Desk")])]
    assert adopted.bindings() == sorted(map(binding, ["CHARLIE-LAPTOP", "Büro PC"]))
    adopted.up().require()
    assert adopted.purges()[1:] == PURGE


def test_a_replaced_default_provider_purges_nothing_and_is_healed_by_listing_again(adopted: Rehearsal) -> None:
    adopted.want("CHARLIE-LAPTOP", "Front Desk")
    provider = f"urn:pulumi:{STACK}::mbs-erasure::pulumi:providers:pulumi-python::default"
    result = adopted.up("--replace", provider)
    assert adopted.purges() == []
    assert result.code != 0
    adopted.want(*COMPUTERS)
    adopted.up().require()
    adopted.want("CHARLIE-LAPTOP", "Front Desk")
    adopted.up().require()
    assert adopted.purges() == PURGE


def test_two_listed_names_that_only_unicode_folding_merges_are_told_apart_by_refusing(adopted: Rehearsal) -> None:
    adopted.sandbox.add(CHARLIE, DESTINATION, "STRASSE")
    adopted.sandbox.add(CHARLIE, DESTINATION, "straße")
    adopted.want(*COMPUTERS, "straße")
    result = adopted.up()
    assert (result.code != 0, "ambiguous: " in result.output) == (True, True)
    assert len(adopted.bindings()) == len(COMPUTERS)
