"""The pipelines of GitLab: the note that shows a plan, and the shell steps as they stand, on the real engine."""

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from ci.gitlab import GitLab
from sandbox.workspace import PROJECT
from tests.ci.forge import BOT, TOKEN, GitLabStandIn, standing_in
from tests.ci.repository import COMPUTERS, Repository
from tests.ci.test_templates import gitlab_pipeline
from tests.engine.rehearsal import STACK

MARKER = f"<!-- mbs-erasure plan: {STACK} -->"
REQUEST = "7"
OTHER = 99


@pytest.fixture
def gitlab() -> Iterator[GitLabStandIn]:
    """Run a stand-in of GitLab."""
    with standing_in() as server:
        yield server


def project(gitlab: GitLabStandIn, token: str = TOKEN) -> GitLab:
    return GitLab(gitlab.env["CI_API_V4_URL"], "12", token)


def test_a_note_is_written_once_and_edited_in_place_and_others_are_left_alone(gitlab: GitLabStandIn) -> None:
    for text in ("Looks good", f"{MARKER}\nforged", "Thanks"):
        gitlab.note(REQUEST, text, OTHER)
    project(gitlab).put(REQUEST, f"{MARKER}\nfirst")
    project(gitlab).put(REQUEST, f"{MARKER}\nsecond")
    project(gitlab).put(REQUEST, "<!-- mbs-erasure plan: other -->\nanother stack's")
    assert gitlab.writes == ["POST", "PUT", "POST"]
    assert gitlab.ours(REQUEST) == [f"{MARKER}\nsecond", "<!-- mbs-erasure plan: other -->\nanother stack's"]
    assert gitlab.notes[REQUEST][1]["body"] == f"{MARKER}\nforged"


def test_what_a_merged_request_showed_is_found_by_its_commit(gitlab: GitLabStandIn) -> None:
    gitlab.note(REQUEST, f"{MARKER}\nforged", OTHER)
    gitlab.note(REQUEST, f"{MARKER}\nshown", BOT)
    gitlab.note("8", f"{MARKER}\nnever merged", BOT)
    gitlab.brought["abc"] = [{"iid": 8, "state": "opened"}, {"iid": 7, "state": "merged"}]
    assert list(project(gitlab).shown("abc", MARKER)) == [f"{MARKER}\nshown"]
    assert list(project(gitlab).shown("def", MARKER)) == []


def test_a_refused_token_is_told_without_it(gitlab: GitLabStandIn) -> None:
    with pytest.raises(click.ClickException, match="answered 401") as told:
        project(gitlab, "glpat-wrong").put(REQUEST, f"{MARKER}\n")
    assert "glpat" not in told.value.message
    assert gitlab.writes == []


def test_an_unreachable_gitlab_is_told(gitlab: GitLabStandIn) -> None:
    api = gitlab.env["CI_API_V4_URL"]
    gitlab.server_close()
    gitlab.shutdown()
    with pytest.raises(click.ClickException, match="ConnectionError"):
        GitLab(api, "12", TOKEN).put(REQUEST, f"{MARKER}\n")


def test_a_job_without_its_token_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CI_API_V4_URL", "CI_PROJECT_ID"):
        monkeypatch.setenv(name, "x")
    monkeypatch.delenv("GITLAB_TOKEN", raising=False)
    with pytest.raises(click.ClickException, match="GITLAB_TOKEN is not set"):
        GitLab.of_job()


@dataclass
class Project:
    """A repository on GitLab, and the jobs that follow what happens in it."""

    repository: Repository
    gitlab: GitLabStandIn

    def job(self, task: str, **env: str) -> "subprocess.CompletedProcess[str]":
        """Run a job's script as a runner would."""
        described = gitlab_pipeline(task)[task]
        lines = [*described.get("before_script", ["make setup"]), *described["script"]]
        return self._bash("\n".join(lines), {**self.repository.secrets, **described.get("variables", {}), **env})

    def stacks(self, task: str, **env: str) -> dict[str, Any]:
        """Run the job `stacks`, and return the pipeline that it wrote."""
        lines = yaml.safe_load((PROJECT / ".gitlab-ci.yml").read_text())["stacks"]["script"]
        given = {"MBS_STACKS": f'["{STACK}", "other"]', "ERASURE_TASK": task, **env}
        done = self._bash("\n".join(lines), given)
        assert done.returncode == 0, done.stderr
        written: dict[str, Any] = yaml.safe_load((self.repository.folder / "erasure.yml").read_text())
        return written

    def merge(self, *computers: str) -> None:
        """Merge the request: the branch main of the origin wants these computers."""
        commit = self.repository.want(*computers)
        self.gitlab.brought[commit] = [{"iid": int(REQUEST), "state": "merged"}]

    def _bash(self, script: str, env: dict[str, str]) -> "subprocess.CompletedProcess[str]":
        job = {"CI_DEFAULT_BRANCH": "main", "CI_MERGE_REQUEST_IID": REQUEST, "CI_JOB_URL": "https://gitlab/jobs/1"}
        return subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
            cwd=self.repository.folder,
            env={**self.repository.env, **self.gitlab.env, **job, "STACK": STACK, **env},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture
def msp(repository: Repository, gitlab: GitLabStandIn) -> Project:
    """Return a project whose runner fetches from itself."""
    repository.git("remote", "add", "origin", str(repository.folder))
    return Project(repository, gitlab)


@pytest.mark.engine
def test_the_first_job_writes_the_pipeline_of_the_stacks_that_changed(msp: Project) -> None:
    written = msp.stacks("plan", ERASURE_SINCE="HEAD^1")
    assert written == gitlab_pipeline("plan", '["acme"]')
    (msp.repository.folder / "notes.txt").touch()
    msp.repository.commit("Nothing of a stack")
    assert set(msp.stacks("plan", ERASURE_SINCE="HEAD^1")) == {"nothing"}
    assert msp.stacks("verify") == gitlab_pipeline("verify")
    assert msp.stacks("up", ERASURE_STACK="other") == gitlab_pipeline("up", '["other"]')


@pytest.mark.engine
def test_a_merge_request_gets_one_note_and_the_merge_purges_what_it_showed(msp: Project, gitlab: GitLabStandIn) -> None:
    repository = msp.repository
    adopted = msp.job("up")
    assert adopted.returncode == 0, adopted.stdout + adopted.stderr
    assert repository.bound() == sorted(COMPUTERS)
    gitlab.note(REQUEST, f"{MARKER}\nforged", OTHER)

    repository.git("checkout", "--quiet", "-B", "proposal")
    repository.want(*COMPUTERS[:1])
    assert msp.job("plan").returncode == 1, "refused: too many at a time"
    assert "refused" in gitlab.ours(REQUEST)[0]
    repository.want(*COMPUTERS[:4])
    planned = msp.job("plan")
    assert planned.returncode == 0, planned.stdout + planned.stderr
    (note,) = gitlab.ours(REQUEST)
    assert note.startswith(f"{MARKER}\n")
    assert "### Purges (1)" in note

    repository.git("checkout", "--quiet", "main")
    repository.want(*COMPUTERS[:3], COMPUTERS[4])
    other = msp.job("up")
    assert other.returncode == 3
    assert "not what was reviewed" in other.stdout
    assert repository.purged() == []

    repository.git("checkout", "--quiet", "main")
    msp.merge(*COMPUTERS[:4])
    done = msp.job("up")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "exactly what the pull request showed" in done.stdout
    assert repository.purged() == ["Spare"]

    verified = msp.job("verify")
    assert verified.returncode == 0, verified.stdout + verified.stderr
    assert "| `Spare` |" in verified.stdout
    assert "some purges are still pending" in verified.stdout
    assert Path(repository.folder, "verify.json").stat().st_size > 0
