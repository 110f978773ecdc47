"""What must purge nothing: no DELETE, an exit that is not zero, and every binding still in the state."""

import pytest

from sandbox.workspace import Result
from tests.engine.conftest import COMPUTERS
from tests.engine.rehearsal import BINDING, CHARLIE, DESTINATION, PLAN, STACK, Rehearsal, binding

KEPT = sorted(map(binding, COMPUTERS))


def assert_nothing_purged(rehearsal: Rehearsal, result: Result) -> None:
    assert result.code != 0, result.output
    assert rehearsal.purges() == []
    assert rehearsal.bindings() == KEPT
    assert "Traceback" not in result.output


def replace_program(rehearsal: Rehearsal, old: str, new: str) -> None:
    """Give the workspace a program of its own, with one piece changed."""
    program = rehearsal.workspace.directory / "__main__.py"
    text = program.read_text()
    assert old in text
    program.unlink()
    program.write_text(text.replace(old, new))


def urn(kind: str, name: str) -> str:
    return f"urn:pulumi:{STACK}::mbs-erasure::{kind}::{name}"


def assert_purges_exactly_one_more(rehearsal: Rehearsal) -> None:
    rehearsal.want("CHARLIE-LAPTOP", "Front Desk")
    rehearsal.up().require()
    assert rehearsal.purges() == [(CHARLIE, [(DESTINATION, "Büro PC")])]
    rehearsal.up("--expect-no-changes").require()
    assert len(rehearsal.purges()) == 1


def test_destroy_purges_nothing_and_the_next_drop_purges_exactly_that(adopted: Rehearsal) -> None:
    result = adopted.workspace.run("destroy", "--yes")
    assert_nothing_purged(adopted, result)
    assert "not-permitted: computer 'Front Desk' of user" in result.output
    assert "drop its entry and run `pulumi up`" in result.output
    assert_purges_exactly_one_more(adopted)


def test_destroy_that_runs_the_program_purges_nothing(adopted: Rehearsal) -> None:
    assert_nothing_purged(adopted, adopted.workspace.run("destroy", "--yes", "--run-program"))


def test_destroy_that_goes_on_past_errors_purges_nothing(adopted: Rehearsal) -> None:
    assert_nothing_purged(adopted, adopted.workspace.run("destroy", "--yes", "--skip-preview", "--continue-on-error"))


def test_a_plan_deleted_from_the_state_is_no_matter(adopted: Rehearsal) -> None:
    adopted.workspace.run("state", "delete", "--yes", urn(PLAN, "plan")).require()
    assert_purges_exactly_one_more(adopted)


@pytest.mark.parametrize("with_plan", [False, True], ids=["alone", "with the plan"])
def test_a_target_purges_nothing(adopted: Rehearsal, with_plan: bool) -> None:
    adopted.want("CHARLIE-LAPTOP", "Front Desk")
    targets = ["--target", urn(BINDING, binding("Büro PC"))]
    result = adopted.up(*targets, *(["--target", urn(PLAN, "plan")] if with_plan else []))
    assert_nothing_purged(adopted, result)


def test_an_emptied_inventory_purges_nothing(adopted: Rehearsal) -> None:
    adopted.want()
    for result in (adopted.preview(), adopted.up("--continue-on-error")):
        assert_nothing_purged(adopted, result)
        assert "emptied: nothing would be left" in result.output


@pytest.mark.parametrize("text", [None, "", "version: 1\nusers:\n"], ids=str)
def test_a_missing_or_empty_inventory_purges_nothing(adopted: Rehearsal, text: str | None) -> None:
    if text is None:
        adopted.file.unlink()
    else:
        adopted.write(text)
    result = adopted.up()
    assert_nothing_purged(adopted, result)
    assert f"inventory/{STACK}.yaml:" in result.output
    assert adopted.sandbox.requests() == []


def test_a_program_that_raises_after_half_of_the_bindings_purges_nothing(adopted: Rehearsal) -> None:
    adopted.want("CHARLIE-LAPTOP", "Front Desk")
    replace_program(adopted, "wanted, Binding)", "wanted, lambda one: (Binding(one), 1 / 0)[0])")
    result = adopted.up()
    assert result.code != 0
    assert "ZeroDivisionError" in result.output
    assert adopted.purges() == []
    assert adopted.bindings() == KEPT


def test_a_program_that_silently_declares_half_purges_nothing(adopted: Rehearsal) -> None:
    adopted.want("CHARLIE-LAPTOP", "Front Desk")
    replace_program(adopted, "(request.wanted, Binding)", "(request.wanted[:1], Binding)")
    result = adopted.up()
    assert_nothing_purged(adopted, result)
    assert "1 wanted bindings were not declared" in result.output


def test_a_program_that_declares_no_plan_purges_nothing(adopted: Rehearsal) -> None:
    adopted.want("CHARLIE-LAPTOP", "Front Desk")
    replace_program(adopted, "plan.urn.apply(lambda _: ", "(")
    replace_program(adopted, "    plan = PurgePlan(request)\n", "")
    assert_nothing_purged(adopted, adopted.up())


ENDED_EARLY = {
    "before the plan": ("    request = plan_request(export)\n", "    raise SystemExit(0)\n"),
    "after the plan": ("declare_in_waves(request.wanted, Binding)", "__import__('os')._exit(0)"),
    "half-way": ("wanted, Binding)", "wanted, lambda one: (Binding(one), __import__('os')._exit(0))[0])"),
    "with nothing to wait for": ("plan.urn.apply(", "("),
}


@pytest.mark.parametrize("change", ENDED_EARLY.values(), ids=ENDED_EARLY.keys())
def test_a_program_that_ends_early_as_if_all_was_well_purges_nothing(
    adopted: Rehearsal, change: tuple[str, str]
) -> None:
    """As in the engine's issues 7050, 14838 and 20821: to the engine, what was not declared is to be deleted."""
    adopted.want("CHARLIE-LAPTOP", "Front Desk")
    replace_program(adopted, *change)
    result = adopted.up("--continue-on-error")
    assert adopted.purges() == []
    assert adopted.bindings() == KEPT
    assert result.code != 0


def test_a_replaced_binding_that_is_wanted_is_not_purged(adopted: Rehearsal) -> None:
    adopted.up("--replace", urn(BINDING, binding("Büro PC"))).require()
    assert adopted.purges() == []
    assert adopted.bindings() == KEPT


def test_a_refused_plan_prints_one_line_a_rule_and_no_traceback(adopted: Rehearsal) -> None:
    adopted.want("CHARLIE-LAPTOP")
    result = adopted.preview()
    assert_nothing_purged(adopted, result)
    assert "max-percent: 2 purges of 3 bindings (67 %), and at most 30 % are permitted in 24 hours; " in result.output
    assert "KeyboardInterrupt" not in result.output
    assert '"user"' not in result.output


def test_a_state_that_cannot_be_read_purges_nothing(adopted: Rehearsal) -> None:
    adopted.want("CHARLIE-LAPTOP", "Front Desk")
    replace_program(
        adopted, "import pulumi\n", "import os, pulumi\nos.environ['PULUMI_BACKEND_URL'] = 'file:///nowhere'\n"
    )
    result = adopted.up()
    assert_nothing_purged(adopted, result)
    assert "state: this stack's state cannot be read" in result.output
