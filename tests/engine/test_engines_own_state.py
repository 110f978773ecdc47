"""The state that is read is that of the engine that runs, wherever it stands and whatever it is called."""

import contextlib
import json
import shutil
from pathlib import Path

import psutil
from click.testing import CliRunner

from erasure.console.main import main
from sandbox.workspace import Workspace
from tests.engine.many import FAST, USERS, Many
from tests.engine.rehearsal import CHARLIE, DESTINATION, Rehearsal, binding
from tests.engine.test_nothing_is_purged import replace_program


def test_the_state_is_exported_where_the_engine_stands_and_by_none_of_its_options(adopted: Rehearsal) -> None:
    """Its folder has a state that lacks what a copy in the project's folder has, and what an export writes over."""
    below = adopted.workspace.directory / "below"
    shutil.copytree(adopted.workspace.directory / "state", below / "state")
    there = {"PULUMI_BACKEND_URL": "file://./state"}
    apart = Workspace(adopted.workspace.directory, adopted.workspace.pulumi, env={**adopted.workspace.env, **there})
    options = {"PULUMI_OPTION_CWD": str(below), "PULUMI_OPTION_FILE": str(below / "kept"), "PULUMI_OPTION_VERSION": "1"}
    (below / "kept").write_text("as it was")
    lost = adopted.urn("Binding", binding("Büro PC"))
    apart.run("--cwd", str(below), "state", "delete", "--yes", lost).require()
    adopted.want("CHARLIE-LAPTOP")
    with contextlib.chdir(below):
        shown = CliRunner().invoke(main, ["plan", "--format", "json"], env=apart.env, standalone_mode=False)
    assert [one["computer"] for one in json.loads(shown.stdout)["purges"]] == ["Front Desk"]
    apart.run("up", "--yes", "--skip-preview", env=options).require()
    assert adopted.purges() == [(CHARLIE, [(DESTINATION, "Front Desk")])]
    assert (below / "kept").read_text() == "as it was"


def test_a_state_that_is_not_the_running_engines_purges_nothing(adopted: Rehearsal) -> None:
    copy = adopted.workspace.directory / "copy"
    shutil.copytree(adopted.workspace.directory / "state", copy)
    adopted.workspace.run("state", "delete", "--yes", adopted.urn("Binding", binding("Büro PC"))).require()
    elsewhere = f"import os, pulumi\nos.environ['PULUMI_BACKEND_URL'] = 'file://{copy}'\n"
    replace_program(adopted, "import pulumi\n", elsewhere)
    adopted.want("CHARLIE-LAPTOP")
    result = adopted.up()
    assert "state: the exported state is not the one that the running engine works on: " in result.output
    assert "the export alone has " in result.output
    assert adopted.purges() == []
    assert adopted.bindings() == sorted(map(binding, ["CHARLIE-LAPTOP", "Front Desk"]))


def test_the_plugin_of_a_killed_engine_ends_whatever_the_engine_is_called(many: Many, tmp_path: Path) -> None:
    workspace = many.rehearsal.workspace
    wrapped = tmp_path / ".pulumi-wrapped"
    wrapped.symlink_to(workspace.pulumi)
    many.rehearsal.sandbox.change_settings(latency="1s")
    many.drop()
    workspace.pulumi, pulumi = wrapped, workspace.pulumi
    update = many.start(env={**FAST, "MBS_CONCURRENCY": "2"})
    workspace.pulumi = pulumi
    many.wait_for_calls(USERS // 4, update)
    assert psutil.Process(update.process.pid).name() == ".pulumi-wrapped"
    update.kill("engine")
    assert update.left() == []
    many.rehearsal.sandbox.change_settings(latency="0ms")
    many.wait_until_all_is_answered()
    many.finish()
    many.require_each_purged_once()
