"""The pipelines as files: what GitHub and GitLab would say to them, what is unsafe in them, and what they promise."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox.workspace import PROJECT
from tests.ci.workflow import WORKFLOWS, jobs, read

TASKS = ("plan", "up", "verify")
SECRETS = re.compile(r"secrets\.(\w+)")
_BIN = Path(sys.executable).parent


def check(*command: str, text: str | None = None) -> str:
    done = subprocess.run(command, cwd=PROJECT, input=text, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def steps() -> Iterator[tuple[str, dict[str, Any]]]:
    for workflow, name, job in jobs():
        for step in job["steps"]:
            yield f"{workflow}/{name}", step


def gitlab_pipeline(task: str, stacks: str = '["acme", "other"]') -> dict[str, Any]:
    """Put a pipeline together as the job `stacks` does."""
    half = "".join((PROJECT / f".gitlab/{name}.yml").read_text(encoding="utf-8") for name in ("common", task))
    each = f'\n.each-stack:\n  parallel:\n    matrix: [{{"STACK": {stacks}}}]\n'
    document: dict[str, Any] = yaml.safe_load(half + each)
    return document


def test_actionlint_finds_nothing_in_the_workflows(go_tools: Path) -> None:
    files = [str(file) for file in sorted(WORKFLOWS.glob("*.yml"))]
    assert len(files) == len(TASKS)
    check(str(go_tools / "actionlint"), f"-shellcheck={_BIN / 'shellcheck'}", *files)


def test_zizmor_finds_nothing_in_the_workflows_however_strict() -> None:
    check(str(_BIN / "zizmor"), "--offline", "--quiet", "--no-progress", "--persona=auditor", ".github")


def test_the_workflows_and_the_pipelines_have_their_forges_schemas(tmp_path: Path) -> None:
    command = [str(_BIN / "check-jsonschema"), "--builtin-schema"]
    check(*command, "vendor.github-workflows", *map(str, WORKFLOWS.glob("*.yml")))
    check(*command, "vendor.github-actions", ".github/actions/prepare/action.yml")
    files = [PROJECT / ".gitlab-ci.yml"]
    for task in TASKS:
        files.append(tmp_path / f"{task}.json")
        files[-1].write_text(json.dumps(gitlab_pipeline(task)))
    check(*command, "vendor.gitlab-ci", *map(str, files))


def test_shellcheck_finds_nothing_in_the_steps_of_gitlab() -> None:
    pipelines = [yaml.safe_load((PROJECT / ".gitlab-ci.yml").read_text()), *map(gitlab_pipeline, TASKS)]
    found = [job for one in pipelines for job in one.values() if isinstance(job, dict) and "script" in job]
    scripts = ["\n".join([*job.get("before_script", []), *job["script"]]) for job in found]
    assert len(scripts) == len(TASKS) + 2
    for script in scripts:
        check(str(_BIN / "shellcheck"), "--shell=bash", "--severity=style", "-", text=script)


def test_every_action_of_others_is_pinned_to_a_commit_and_says_its_version() -> None:
    used = [
        line.strip()
        for file in (PROJECT / ".github").rglob("*.yml")
        for line in file.read_text().splitlines()
        if "uses:" in line and "./.github/" not in line
    ]
    assert len(used) > 5
    for line in used:
        assert re.fullmatch(r"- uses: actions/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line), line


def test_no_workflow_has_a_permission_that_its_job_does_not_name() -> None:
    for workflow in ("erasure-plan", "erasure-up", "erasure-verify"):
        assert read(workflow)["permissions"] == {}
    asked = {(workflow, name): job["permissions"] for workflow, name, job in jobs()}
    writes = {key: [right for right, level in rights.items() if level == "write"] for key, rights in asked.items()}
    assert {key: rights for key, rights in writes.items() if rights} == {("erasure-plan", "plan"): ["pull-requests"]}


def test_no_checkout_leaves_its_token_behind() -> None:
    checkouts = [step for _, step in steps() if step.get("uses", "").startswith("actions/checkout@")]
    assert len(checkouts) == 6
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)


def test_a_secret_reaches_only_the_steps_that_need_it() -> None:
    with_secrets = {(job, step["name"]) for job, step in steps() if SECRETS.search(json.dumps(step))}
    assert with_secrets == {
        ("erasure-plan/plan", "Plan"),
        ("erasure-up/up", "Preview"),
        ("erasure-up/up", "Up"),
        ("erasure-verify/verify", "Verify"),
        ("erasure-verify/verify", "Due"),
    }
    for workflow, name, job in jobs():
        rest = {key: value for key, value in job.items() if key != "steps"}
        assert not SECRETS.search(json.dumps(rest)), (workflow, name)


def test_nothing_runs_in_a_clone_that_names_no_stacks() -> None:
    for workflow, name, job in jobs():
        condition = str(job.get("if", ""))
        assert "vars.MBS_STACKS != ''" in condition or "needs.stacks.outputs.stacks != '[]'" in condition, (
            workflow,
            name,
        )
    rules = yaml.safe_load((PROJECT / ".gitlab-ci.yml").read_text())["workflow"]["rules"]
    assert rules[0] == {"if": '$MBS_STACKS == null || $MBS_STACKS == ""', "when": "never"}


def test_a_forks_pull_request_reaches_no_secret() -> None:
    assert set(read("erasure-plan")[True]) == {"pull_request"}
    own = "github.event.pull_request.head.repo.full_name == github.repository"
    assert own in read("erasure-plan")["jobs"]["plan"]["if"]
    rules = yaml.safe_load((PROJECT / ".gitlab-ci.yml").read_text())["workflow"]["rules"]
    assert "$CI_MERGE_REQUEST_SOURCE_PROJECT_ID != $CI_MERGE_REQUEST_PROJECT_ID" in rules[1]["if"]
    assert rules[1]["variables"] == {"ERASURE_TASK": "fork"}


def test_one_update_of_a_stack_runs_at_a_time_and_none_is_cut_off() -> None:
    up = read("erasure-up")["jobs"]["up"]
    assert up["concurrency"] == {"group": "erasure-up-${{ matrix.stack }}", "cancel-in-progress": False}
    assert up["environment"] == "erasure"
    pipeline = gitlab_pipeline("up")
    assert pipeline["up"]["resource_group"] == "erasure-up-$STACK"
    assert pipeline["up"]["environment"] == {"name": "erasure/$STACK"}
    assert pipeline["default"]["interruptible"] is False


def test_an_update_takes_main_as_it_is_now_even_when_an_old_run_starts_late() -> None:
    checkout = read("erasure-up")["jobs"]["up"]["steps"][0]
    assert checkout["with"]["ref"] == "main"
    begun = gitlab_pipeline("up")["up"]["before_script"]
    assert begun[:2] == ['git fetch --quiet origin "$CI_DEFAULT_BRANCH"', "git checkout --quiet --detach FETCH_HEAD"]


@pytest.mark.parametrize("name", ["MBS_STACKS", "MBS_LEDGER", "MBS_LOGIN", "MBS_PASSWORD", "MBS_TOKEN", "GITLAB_TOKEN"])
def test_every_setting_of_the_pipelines_is_documented(name: str) -> None:
    assert f"`{name}`" in (PROJECT / "docs/ci.md").read_text()


def test_every_secret_that_a_workflow_uses_is_documented() -> None:
    text = (PROJECT / "docs/ci.md").read_text()
    used = {name for file in WORKFLOWS.glob("*.yml") for name in SECRETS.findall(file.read_text())}
    assert {name for name in used if f"`{name}`" not in text} == set()
