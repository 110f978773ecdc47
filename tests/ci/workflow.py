"""Runs the shell steps of a workflow's job as a runner of GitHub would: each `run` in bash, with its own `env`."""

import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from sandbox.workspace import PROJECT
from tests.ci.repository import Repository

WORKFLOWS = PROJECT / ".github/workflows"

_BASH = ("bash", "--noprofile", "--norc", "-eo", "pipefail")
_EXPRESSION = re.compile(r"\$\{\{\s*(.+?)\s*\}\}")


def read(name: str) -> dict[Any, Any]:
    """Return a workflow. YAML 1.1 reads the key `on` as true."""
    document: dict[Any, Any] = yaml.safe_load((WORKFLOWS / f"{name}.yml").read_text(encoding="utf-8"))
    return document


def jobs() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Return every job: its workflow, its name, and what it is."""
    for file in sorted(WORKFLOWS.glob("*.yml")):
        for name, job in read(file.stem)["jobs"].items():
            yield file.stem, name, job


@dataclass
class JobRun:
    """How the steps of a job went: up to the first that failed, as on a runner."""

    summary: str = ""
    outputs: dict[str, str] = field(default_factory=dict)
    failed: str | None = None
    log: str = ""

    def require(self) -> "JobRun":
        """Return it; it has to have succeeded."""
        assert self.failed is None, f"{self.failed} failed:\n{self.log}"
        return self


class Runner:
    """Runs jobs of the workflows in a repository. `contexts` holds what an expression may name: `github.ref`."""

    def __init__(self, repository: Repository, env: Mapping[str, str], contexts: Mapping[str, str]) -> None:
        self._repository = repository
        self._env = {**repository.env, "RUNNER_TEMP": str(repository.temporary), **env}
        secrets = {f"secrets.{name}": value for name, value in repository.secrets.items()}
        self._contexts = {**secrets, "runner.temp": str(repository.temporary), **contexts}

    def run(self, workflow: str, job: str, **contexts: str) -> JobRun:
        """Run a job's shell steps. A keyword is an expression's name with __ for the dots: matrix__stack="acme"."""
        known = {**self._contexts, **{name.replace("__", "."): value for name, value in contexts.items()}}
        described = read(workflow)["jobs"][job]
        done = JobRun()
        files = {name: self._repository.temporary / name for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
        for one in files.values():
            one.write_text("")
        for step in described["steps"]:
            if "run" not in step or not _applies(step, known):
                continue
            given = {**described.get("env", {}), **step.get("env", {})}
            env = {name: _resolved(str(value), known) for name, value in given.items()}
            ended = subprocess.run(
                [*_BASH, "-c", step["run"]],
                cwd=self._repository.folder,
                env={**self._env, **env, **{name: str(file) for name, file in files.items()}},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
            )
            done.log += f"--- {step['name']}\n{ended.stdout}{ended.stderr}"
            if ended.returncode != 0:
                done.failed = step["name"]
                break
            if "id" in step:
                said = dict(line.split("=", 1) for line in files["GITHUB_OUTPUT"].read_text().splitlines())
                done.outputs |= said
                known |= {f"steps.{step['id']}.outputs.{name}": value for name, value in said.items()}
        done.summary = files["GITHUB_STEP_SUMMARY"].read_text(encoding="utf-8")
        return done


def _applies(step: Mapping[str, Any], known: Mapping[str, str]) -> bool:
    """Evaluate the one form of condition that our steps have: `this != that`."""
    if "if" not in step:
        return True
    left, right = (known[name] for name in step["if"].split(" != "))
    return left != right


def _resolved(text: str, known: Mapping[str, str]) -> str:
    def value(found: re.Match[str]) -> str:
        # A secret or an input that nobody set is empty; anything else has to be known.
        optional = found[1].startswith(("secrets.", "inputs."))
        return known.get(found[1], "") if optional else known[found[1]]

    return _EXPRESSION.sub(value, text)
