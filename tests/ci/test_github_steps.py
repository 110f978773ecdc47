"""The shell steps of the GitHub workflows, run as they stand, on the real engine and against the sandbox."""

import json
import sys
from pathlib import Path

import pytest

from sandbox.running import RunningSandbox
from sandbox.workspace import PROJECT
from tests.ci.conftest import new_database
from tests.ci.gh import Store
from tests.ci.repository import COMPUTERS, Repository
from tests.ci.workflow import JobRun, Runner
from tests.engine.rehearsal import CHARLIE, DESTINATION, STACK
from tests.postgres import Postgres

pytestmark = pytest.mark.engine

PULL = 7
MARKER = f"<!-- mbs-erasure plan: {STACK} -->"
NO_COMMIT = "0" * 40


class GitHub:
    """A repository on GitHub: what happens in it, and the jobs that follow."""

    def __init__(self, repository: Repository, jq: Path) -> None:
        self.repository = repository
        self.store = Store(repository.folder.parent / "github.json")
        stub = [sys.executable, "-m", "tests.ci.gh"]
        repository.program("gh", *stub, env={"PYTHONPATH": str(PROJECT), **self.store.environment(jq)})
        contexts = {
            "vars.MBS_STACKS": f'["{STACK}", "other"]',
            "matrix.stack": STACK,
            "github.token": "token",
            "github.repository": "msp/backups",
            "github.server_url": "https://github.com",
            "github.run_id": "12",
            "github.event.before": NO_COMMIT,
            "github.event.pull_request.number": str(PULL),
        }
        env = {"GITHUB_ACTOR": "dana", "GITHUB_REPOSITORY": "msp/backups", "GITHUB_SHA": NO_COMMIT}
        self.runner = Runner(repository, env, contexts)

    def plan(self) -> JobRun:
        """Run the plan of a pull request."""
        return self.runner.run("erasure-plan", "plan")

    def up(self, digest: str = "") -> JobRun:
        """Run the update after a merge, or by hand with a digest."""
        return self.runner.run("erasure-up", "up", inputs__digest=digest)

    def verify(self) -> JobRun:
        """Run what runs every night."""
        return self.runner.run("erasure-verify", "verify")

    def propose(self, *computers: str) -> JobRun:
        """Push to the pull request's branch, and run its plan."""
        self.repository.git("checkout", "--quiet", "-B", "proposal")
        self.repository.want(*computers)
        planned = self.plan()
        self.repository.git("checkout", "--quiet", "main")
        return planned

    def merge(self, *computers: str) -> None:
        """Merge the pull request: main wants these computers."""
        self.store.merged(PULL, self.repository.want(*computers))


@pytest.fixture(scope="session")
def adopted(
    pulumi: Path,
    server: RunningSandbox,
    postgres: Postgres,
    go_tools: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Repository:
    """Make a repository whose stack has adopted its computers, by the workflow itself; tests copy it."""
    server.reset()
    server.clear_faults()
    repository = Repository(tmp_path_factory.mktemp("adopted"), pulumi, server, new_database(postgres))
    done = GitHub(repository, go_tools / "gojq").up().require()
    assert "acme: nothing is to be purged" in done.summary
    assert repository.bound() == sorted(COMPUTERS)
    return repository


@pytest.fixture
def github(adopted: Repository, server: RunningSandbox, postgres: Postgres, go_tools: Path, tmp_path: Path) -> GitHub:
    """Return a repository whose stack has adopted its computers; the account's log is empty."""
    server.reset()
    server.clear_faults()
    ledger = new_database(postgres, template=adopted.secrets["MBS_LEDGER"])
    return GitHub(adopted.copy(tmp_path, ledger), go_tools / "gojq")


def test_a_pull_request_gets_one_comment_and_the_merge_purges_what_it_showed(github: GitHub) -> None:
    repository = github.repository
    github.store.comment(str(PULL), f"{MARKER}\n- Digest: `sha256:{'0' * 64}`\n", author="mallory")
    github.propose(*COMPUTERS[:3])
    github.propose(*COMPUTERS[:4]).require()

    (comment,) = github.store.comments()
    assert github.store.writes() == ["POST", "PATCH"], "the second plan edits the comment of the first"
    assert comment.startswith(f"{MARKER}\n")
    assert "permitted" in comment
    assert "### Purges (1)" in comment
    assert "| `Spare` |" in comment
    assert repository.purged() == []

    github.merge(*COMPUTERS[:4])
    done = github.up().require()
    assert "1 purge of acme: exactly what the pull request showed" in done.summary
    assert repository.purged() == ["Spare"]
    assert repository.bound() == sorted(COMPUTERS[:4])
    (intended,) = repository.intentions()
    assert (intended["commit"], intended["who"]) == (repository.git("rev-parse", "HEAD"), "dana")

    settled = github.verify().require()
    assert settled.outputs["code"] == "2"
    assert "| `Spare` |" in settled.summary
    assert json.loads((repository.temporary / "verify.json").read_text())["counts"] == {"delisted": 1}
    repository.sandbox.add(CHARLIE, DESTINATION, "Spare")
    repository.sandbox.backup(CHARLIE, "Spare")
    returned = github.verify()
    assert returned.failed == "Verdict"
    assert returned.outputs["code"] == "3"
    assert "purges are overdue, contradicted or returned" in returned.log
    assert "| `Spare` |" in returned.summary


def test_a_refused_plan_fails_the_check_and_says_so_in_the_comment(github: GitHub) -> None:
    refused = github.propose(*COMPUTERS[:1])
    assert refused.failed == "Verdict"
    assert refused.outputs["code"] == "3"
    (comment,) = github.store.comments()
    assert "refused" in comment
    assert "max-percent" in comment
    assert comment in refused.summary
    github.merge(*COMPUTERS[:1])
    assert github.up().failed == "Preview"
    assert github.repository.purged() == []


def test_a_plan_that_cannot_be_made_fails_the_check_and_replaces_the_comment(github: GitHub) -> None:
    github.propose(*COMPUTERS[:4]).require()
    (github.repository.folder / "inventory/acme.yaml").write_text("version: 2")
    failed = github.plan()
    assert failed.failed == "Verdict"
    assert failed.outputs["code"] == "1"
    (comment,) = github.store.comments()
    assert comment.startswith(f"{MARKER}\n**acme: there is no plan.**")
    assert "https://github.com/msp/backups/actions/runs/12" in comment


def test_what_no_reviewer_was_shown_is_purged_only_by_its_digest(github: GitHub) -> None:
    repository = github.repository
    github.propose(*COMPUTERS[:4]).require()
    shown = github.store.comments()[0]
    github.store.comment(str(PULL), shown.replace("Spare", "Archive"), author="mallory")
    # Somebody pushes to main, past the pull request.
    github.merge(*COMPUTERS[:3], COMPUTERS[4])
    other = github.up()
    assert other.failed == "Was this reviewed?"
    assert "1 purge of acme: not what was reviewed" in other.summary
    assert "- `Archive` of user" in other.summary
    assert repository.purged() == []
    digest = other.summary.partition("with the digest `")[2][:71]
    assert github.up(digest=f"{digest[:-1]}x").failed == "Was this reviewed?"
    assert repository.purged() == []
    asked = github.up(digest=digest).require()
    assert "exactly what was asked for by its digest" in asked.summary
    assert repository.purged() == ["Archive"]


def test_an_update_that_failed_is_finished_by_the_next_whatever_started_it(github: GitHub) -> None:
    repository = github.repository
    github.propose(*COMPUTERS[:4]).require()
    github.merge(*COMPUTERS[:4])
    repository.sandbox.inject("status", method="DELETE", path_prefix="/api", status=500)
    assert github.up().failed == "Up"
    repository.want(*reversed(COMPUTERS[:4]))  # a push that no pull request brought
    assert "all begun by an earlier update" in github.up().require().summary
    assert repository.bound() == sorted(COMPUTERS[:4])


def test_only_the_stacks_that_a_pull_request_changes_are_planned(repository: Repository, go_tools: Path) -> None:
    github = GitHub(repository, go_tools / "gojq")
    assert github.runner.run("erasure-plan", "stacks").require().outputs == {"stacks": '["acme"]'}
    repository.commit("Nothing of a stack")
    assert github.runner.run("erasure-plan", "stacks").require().outputs == {"stacks": "[]"}


def test_a_push_concerns_what_changed_in_it_and_all_where_that_is_not_known(
    repository: Repository, go_tools: Path
) -> None:
    github = GitHub(repository, go_tools / "gojq")
    before = repository.git("rev-parse", "HEAD^1")

    def stacks(**contexts: str) -> str:
        return github.runner.run("erasure-up", "stacks", **contexts).require().outputs["stacks"]

    assert stacks(github__event__before=before) == '["acme"]'
    assert stacks(github__event__before=NO_COMMIT) == '["acme", "other"]'
    assert stacks(github__event__before="", inputs__stack="other") == '["other"]'
    assert github.runner.run("erasure-verify", "stacks").require().outputs["stacks"] == '["acme", "other"]'


@pytest.mark.parametrize(
    ("head", "stacks", "plans", "failed"),
    [
        ("msp/backups", '["acme"]', "success", None),
        ("msp/backups", "[]", "skipped", None),
        ("msp/backups", '["acme"]', "failure", "Result"),
        ("msp/backups", '["acme"]', "cancelled", "Result"),
        ("mallory/backups", '["acme"]', "skipped", "No plan for a fork"),
        ("mallory/backups", "[]", "skipped", None),
    ],
)
def test_the_check_fails_where_a_plan_failed_or_a_fork_changes_a_stack(
    repository: Repository, go_tools: Path, head: str, stacks: str, plans: str, failed: str | None
) -> None:
    contexts = {
        "github.event.pull_request.head.repo.full_name": head,
        "needs.stacks.outputs.stacks": stacks,
        "needs.stacks.result": "success",
        "needs.plan.result": plans,
    }
    known = {name.replace(".", "__"): value for name, value in contexts.items()}
    done = GitHub(repository, go_tools / "gojq").runner.run("erasure-plan", "result", **known)
    assert done.failed == failed
    assert ("no secret" in done.summary) == (head == "mallory/backups")
