"""Which stacks a change concerns."""

import subprocess
import sys
from pathlib import Path

import pytest

from ci.stacks import ListError, concerned, listed, unlisted
from sandbox.workspace import PROJECT

STACKS = ["acme", "beta", "gamma-2"]


@pytest.mark.parametrize(
    ("file", "found"),
    [
        ("inventory/acme.yaml", ["acme"]),
        ("approvals/beta.yaml", ["beta"]),
        ("Pulumi.gamma-2.yaml", ["gamma-2"]),
        ("Pulumi.yaml", STACKS),
        ("inventory/delta.yaml", []),
        ("inventory/schema.json", []),
        ("inventory/old/acme.yaml", []),
        ("docs/inventory/acme.yaml", []),
        ("providers/binding.py", []),
    ],
)
def test_a_file_concerns_its_own_stack_and_the_projects_file_all(file: str, found: list[str]) -> None:
    assert concerned(STACKS, [file]) == found


def test_an_inventory_that_no_listed_stack_has_is_told() -> None:
    assert unlisted(STACKS, ["inventory/delta.yaml", "inventory/acme.yaml", "approvals/delta.yaml"]) == [
        "inventory/delta.yaml"
    ]


def test_names_are_sorted_and_told_once() -> None:
    assert listed('["b", "a", "b"]') == ["a", "b"]
    assert listed("") == []


@pytest.mark.parametrize("text", ["acme", '"acme"', '{"acme": 1}', "[1]", '["a b"]', '["a/b"]', '["$(x)"]', '[""]'])
def test_what_is_no_list_of_names_is_refused(text: str) -> None:
    with pytest.raises(ListError, match="has to be a JSON list of stacks"):
        listed(text)


def test_it_runs_on_any_python_before_there_is_a_virtualenv(tmp_path: Path) -> None:
    def run(*arguments: str, stacks: str = '["acme", "beta"]') -> tuple[int, str, str]:
        command = [sys.executable, "-I", "-S", str(PROJECT / "ci/stacks.py"), *arguments]
        env = {"MBS_STACKS": stacks, "PATH": "/usr/bin:/bin"}
        done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout, done.stderr

    assert run() == (0, '["acme", "beta"]\n', "")
    assert run("--since", "HEAD^1") == (0, '["acme", "beta"]\n', ""), "no repository: nothing is known of the change"
    assert run("--only", "beta") == (0, '["beta"]\n', "")
    assert run("--only", "delta") == (1, "", "ci/stacks.py: MBS_STACKS does not list 'delta'\n")
    assert run(stacks="acme")[0] == 1
    assert run("--since", "--output=/tmp/x")[0] != 1


def test_git_tells_what_changed_since_a_revision(tmp_path: Path) -> None:
    def git(*arguments: str) -> None:
        settings = ["-c", "user.name=Dana", "-c", "user.email=dana@msp.example"]
        subprocess.run(["git", *settings, *arguments], cwd=tmp_path, check=True, capture_output=True)

    git("init", "--quiet")
    (tmp_path / "inventory").mkdir()
    (tmp_path / "inventory/acme.yaml").write_text("users: []\n")
    git("add", "--all")
    git("commit", "--quiet", "--message", "Begin")
    git("mv", "inventory/acme.yaml", "inventory/beta.yaml")
    git("commit", "--quiet", "--message", "Rename")
    command = [sys.executable, str(PROJECT / "ci/stacks.py"), "--since", "HEAD^1"]
    env = {"MBS_STACKS": '["acme", "gamma"]', "PATH": "/usr/bin:/bin"}
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=True)
    assert done.stdout == '["acme"]\n', "a file that was renamed away changed, too"
    assert "inventory/beta.yaml changed, but MBS_STACKS does not list its stack" in done.stderr
