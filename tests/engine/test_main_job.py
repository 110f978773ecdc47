"""Drop an entry, and its data is purged: on the real engine, against the account over HTTP."""

import contextlib
import sqlite3

from tests.engine.conftest import COMPUTERS
from tests.engine.rehearsal import CHARLIE, DESTINATION, PLAN, Rehearsal, binding


def test_adopting_sends_only_reads(empty: Rehearsal) -> None:
    empty.workspace.run("up", "--yes").require()
    sent = empty.sandbox.requests()
    assert {one.method for one in sent if one.path != "/api/Provider/Login"} == {"GET"}
    assert empty.bindings() == sorted(map(binding, COMPUTERS))


def test_a_dropped_entry_is_previewed_then_purged_exactly_once(adopted: Rehearsal) -> None:
    adopted.want("CHARLIE-LAPTOP", "Front Desk")

    before = adopted.events()
    preview = adopted.preview("--diff").require()
    assert f'+ [0]: "{binding("Büro PC")}"' in preview.stdout
    assert "1 to delete" in preview.stdout
    assert adopted.purges() == []
    assert adopted.events() == before

    adopted.workspace.run("up", "--yes").require()
    assert adopted.purges() == [(CHARLIE, [(DESTINATION, "Büro PC")])]
    assert adopted.bindings() == sorted(map(binding, ["CHARLIE-LAPTOP", "Front Desk"]))

    assert "2 to" not in adopted.preview("--expect-no-changes").require().stdout
    adopted.sandbox.clear_requests()
    adopted.workspace.run("up", "--yes", "--expect-no-changes").require()
    assert adopted.sandbox.requests() == []


def test_a_purge_names_the_computer_as_the_account_lists_it_now(adopted: Rehearsal) -> None:
    adopted.want("charlie-laptop", "front desk", user=CHARLIE.upper(), destination=DESTINATION.upper())
    adopted.sandbox.remove(CHARLIE, DESTINATION, "Büro PC")
    adopted.sandbox.add(CHARLIE, DESTINATION, "BÜRO pc")
    adopted.up().require()
    assert adopted.purges() == [(CHARLIE, [(DESTINATION, "BÜRO pc")])]


def test_spelling_order_grouping_and_labels_change_nothing(adopted: Rehearsal) -> None:
    adopted.write(f"""
        {{"version": 1, "customer": "Acme Dental, renamed", "users": [
            {{"id": "{CHARLIE.upper()}", "login": "charlie@new.example", "computers": [
                {{"name": "büro pc", "destinations": ["{DESTINATION.upper()}"]}},
                {{"name": "CHARLIE-laptop", "destinations": ["{DESTINATION}"]}}]}},
            {{"id": "{CHARLIE}", "computers": [{{"name": "front DESK", "destinations": ["{DESTINATION}"]}}]}}]}}
    """)
    adopted.workspace.run("up", "--yes", "--expect-no-changes").require()
    assert adopted.sandbox.requests() == []


def test_an_update_without_purge_or_adoption_needs_no_account(adopted: Rehearsal) -> None:
    adopted.up(
        "--expect-no-changes", env={"MBS_ENDPOINT": adopted.sandbox.url, "MBS_LOGIN": "", "MBS_PASSWORD": ""}
    ).require()
    assert adopted.sandbox.requests() == []


def test_what_is_already_gone_leaves_the_state_without_a_purge_after_a_second_look(adopted: Rehearsal) -> None:
    adopted.sandbox.remove(CHARLIE, DESTINATION, "Büro PC")
    adopted.want("CHARLIE-LAPTOP", "Front Desk")
    first = adopted.up()
    assert "not-found: computer 'Büro PC'" in first.output
    assert binding("Büro PC") in adopted.bindings()
    adopted.workspace.run("refresh", "--yes").require()
    assert binding("Büro PC") in adopted.bindings(), "which a refresh does not forget"
    with contextlib.closing(sqlite3.connect(adopted.workspace.directory / "ledger.db")) as ledger, ledger:
        ledger.execute("UPDATE events SET at = '2026-01-01T12:00:00.000000+00:00' WHERE kind = 'not found'")
    adopted.up().require()
    assert adopted.purges() == []
    assert binding("Büro PC") not in adopted.bindings()


def test_a_released_entry_leaves_the_state_and_keeps_its_data_whatever_state_comes_back(adopted: Rehearsal) -> None:
    older = adopted.state_file.read_bytes()
    adopted.write(f"""
        {{"version": 1, "users": [{{"id": "{CHARLIE}", "computers": [
            {{"name": "CHARLIE-LAPTOP", "destinations": ["{DESTINATION}"], "release": "Sold"}},
            {{"name": "Front Desk", "destinations": ["{DESTINATION}"]}},
            {{"name": "Büro PC", "destinations": ["{DESTINATION}"]}}]}}]}}
    """)
    adopted.up().require()
    assert adopted.sandbox.requests() == []
    assert adopted.bindings() == sorted(map(binding, ["Front Desk", "Büro PC"]))
    # An older state is restored, and the entry is tidied away by then.
    adopted.state_file.write_bytes(older)
    adopted.want("Front Desk", "Büro PC")
    adopted.up().require()
    assert adopted.purges() == []
    assert adopted.bindings() == sorted(map(binding, ["Front Desk", "Büro PC"]))


def test_a_purge_that_the_account_refuses_is_owed_and_done_by_the_next_update(adopted: Rehearsal) -> None:
    adopted.want("CHARLIE-LAPTOP", "Front Desk")
    adopted.sandbox.inject("status", method="DELETE", status=500)
    failed = adopted.up()
    assert failed.code != 0
    assert "answered 500" in failed.output
    assert "Traceback" not in failed.output
    assert binding("Büro PC") in adopted.bindings()
    assert "1 to delete" in adopted.preview().require().stdout

    adopted.sandbox.clear_requests()
    adopted.up().require()
    assert adopted.purges() == [(CHARLIE, [(DESTINATION, "Büro PC")])]


def test_the_plan_in_the_state_says_what_is_wanted_and_what_was_purged(adopted: Rehearsal) -> None:
    adopted.want("CHARLIE-LAPTOP", "Front Desk")
    adopted.up().require()
    (plan,) = adopted.resources(PLAN)
    assert plan["inputs"].keys() == {
        "__provider",
        "version",
        "wanted",
        "digest",
        "purges",
        "bound",
        "recent",
        "fired",
        "unjudged",
    }
    assert plan["outputs"]["purges"] == [binding("Büro PC")]
