"""What is owed is told, what was purged is followed under every name of its stack, and a person can end the watch."""

import json

from tests.engine.conftest import COMPUTERS
from tests.engine.rehearsal import CHARLIE, DESTINATION, Rehearsal, binding, names

LOOK = ("verify", "--format", "json")


def test_what_is_owed_or_purged_is_followed_until_it_ends_and_by_every_name_of_the_stack(adopted: Rehearsal) -> None:
    adopted.sandbox.change_settings(purge_delay="24h")
    adopted.sandbox.inject("status", method="DELETE", status=400)
    adopted.want("CHARLIE-LAPTOP", "Front Desk")
    assert adopted.up().code != 0
    (owed,) = json.loads(adopted.says(*LOOK, code=2))["owed"]
    assert (owed["computer"], owed["because"].startswith("refused: ")) == ("Büro PC", True)
    adopted.up().require()

    renamed = {"PULUMI_STACK": "acme-dental"}
    adopted.workspace.run("stack", "rename", "acme-dental").require()
    adopted.file.rename(adopted.file.with_stem("acme-dental"))
    found = json.loads(adopted.says(*LOOK, code=2, env=renamed))
    assert ([one["verdict"] for one in found["erasures"]], "owed" in found) == (["pending"], False)
    adopted.workspace.run("config", "set", "maxPurges", "1", env=renamed).require()
    adopted.want("CHARLIE-LAPTOP")
    adopted.file.rename(adopted.file.with_stem("acme-dental"))
    assert "max-purges: " in adopted.preview(env=renamed).output, "the purge of the other name counts"

    adopted.says("close", "Büro PC", "--reason", "The vendor deleted it, ticket 7", code=0, env=renamed)
    assert "ticket 7" in adopted.says("verify", code=0, env=renamed)
    assert "ticket 7" in adopted.says("receipt", code=0, env=renamed)
    assert names(adopted.purges()) == ["Büro PC", "Büro PC"]


def test_an_adoption_that_the_engine_was_told_to_leave_aside_ends_no_erasure(adopted: Rehearsal) -> None:
    adopted.sandbox.change_settings(delisted="at_once")
    adopted.want("CHARLIE-LAPTOP", "Front Desk")
    adopted.up().require()
    adopted.sandbox.backup(CHARLIE, "Büro PC", DESTINATION)
    adopted.want(*COMPUTERS)
    adopted.up("--exclude", adopted.urn("Binding", binding("Büro PC"))).require()
    assert ("adopted", binding("Büro PC")) not in adopted.events()[3:]
    (found,) = json.loads(adopted.says(*LOOK, code=2))["erasures"]
    assert (found["computer"], found["verdict"]) == ("Büro PC", "pending")
