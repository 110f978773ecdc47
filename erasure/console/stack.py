"""A stack, as the console asks the engine about it: with `pulumi`'s backend, configuration and environment."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import click
import yaml

from erasure.configuration import Configuration, of_project, read_configuration
from erasure.console.shared import working
from erasure.ledger import Ledger
from erasure.reports.plan import PLAN_FILE, PlanReport

_NO_QUESTION_WHERE_NOTHING_CHANGED: Final = {"PULUMI_ENABLE_LEGACY_DIFF": "true"}  # a third of a large preview
_BINDING: Final = "pulumi-python:dynamic/mbs:Binding"
_OPTIONS: Final = ("PULUMI_OPTION_CWD", "PULUMI_OPTION_FILE", "PULUMI_OPTION_VERSION")  # meant for another command
_SHOWN: Final = 4000  # characters of what the engine said, from its end


class ConsoleError(click.ClickException):
    """Anything that ends a command with exit status 1 and a sentence."""


class Stack:
    """One stack of the project that the working directory is in; without a name, the selected one."""

    def __init__(self, name: str | None) -> None:
        self.root = _root()
        self._project = _project(self.root)
        self._pulumi = _pulumi(self.root)
        self.name = name or self._said("stack", "--show-name").strip()

    def configuration(self) -> Configuration:
        """Return the stack's configuration. Raises Problems."""
        text = self._said("config", "--show-secrets", "--json", "--stack", self.name)
        known = of_project(json.loads(text), self._project)
        # As the engine hands them to the program: a mapping as JSON.
        values = {
            key: json.dumps(value["objectValue"]) if "objectValue" in value else str(value.get("value", ""))
            for key, value in known.items()
        }
        secret = frozenset(key for key, value in known.items() if value.get("secret"))
        return read_configuration(values, os.environ, secret)

    def ledger(self, configuration: Configuration) -> Ledger:
        """Return the ledger, with the stack's chain. Raises LedgerError for a URL that is none."""
        return Ledger(configuration.ledger.get_secret_value(), f"{self._project}/{self.name}", self.root)

    def lives(self) -> frozenset[str] | None:
        """Return the lives that the stack's state has bound; None where nothing was ever updated."""
        try:
            resources = json.loads(self._said("stack", "export", "--stack", self.name))["deployment"].get("resources")
            lives = frozenset(one["outputs"]["life"] for one in resources or () if one["type"] == _BINDING)
        except (ValueError, KeyError, TypeError):
            raise ConsoleError(f"the state of {self.name} has another shape than this program reads") from None
        return lives if resources else None

    def plan(self) -> PlanReport:
        """Preview the stack, and return the plan as the rules judged it."""
        with tempfile.TemporaryDirectory() as folder, working(f"previewing {self.name}"):
            file = Path(folder) / "plan.json"
            settings = {PLAN_FILE: str(file), **_NO_QUESTION_WHERE_NOTHING_CHANGED}
            done = self._run("preview", "--stack", self.name, "--color", "never", env=settings)
            if not file.exists():
                raise ConsoleError(f"the preview did not come to a plan:\n{_end_of(done)}")
            plan = PlanReport.model_validate_json(file.read_text(encoding="utf-8"))
            if done.returncode != 0 and plan.outcome != "refused":
                raise ConsoleError(f"the rules permit it, and the preview failed:\n{_end_of(done)}")
            return plan

    def _said(self, *arguments: str) -> str:
        done = self._run(*arguments)
        if done.returncode != 0:
            raise ConsoleError(f"`pulumi {' '.join(arguments)}` failed: {done.stderr[-_SHOWN:].strip()}")
        return done.stdout

    def _run(self, *arguments: str, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        # In this folder, as `pulumi` itself: a backend can be told from it.
        return subprocess.run(
            [self._pulumi, *arguments, "--non-interactive"],
            env={key: value for key, value in {**os.environ, **(env or {})}.items() if key not in _OPTIONS},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )


def known_lives(asked: Stack, ledger: Ledger) -> frozenset[str]:
    """Return the lives that a stack's state has bound. Raises ConsoleError for a ledger that is not this stack's."""
    lives = asked.lives()
    bound = lives or frozenset()
    if (bound and not ledger.lives(bound)) or (lives is not None and not ledger.history(bound)):
        finding = f"the ledger knows nothing of stack {asked.name}, which was updated"
        remedy = "set `ledger` to the one that it used, or rename the stack back if it was renamed after all of it was"
        raise ConsoleError(f"{finding}; {remedy} purged: `ledger check` lists the names")
    return bound


def _end_of(done: subprocess.CompletedProcess[str]) -> str:
    return (done.stdout + done.stderr)[-_SHOWN:].strip()


def _root() -> Path:
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / "Pulumi.yaml").is_file():
            return folder
    raise ConsoleError("no Pulumi.yaml here nor above; run this in the project's folder")


def _project(root: Path) -> str:
    """Return the project's name: the namespace of its configuration, and of its chains in the ledger."""
    try:
        project = yaml.safe_load((root / "Pulumi.yaml").read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise ConsoleError(f"Pulumi.yaml cannot be read: {error}") from None
    name = project.get("name") if isinstance(project, dict) else None
    if not isinstance(name, str) or not name:
        raise ConsoleError("Pulumi.yaml has no `name`; write the project's name into it")
    return name


def _pulumi(root: Path) -> str:
    found = shutil.which("pulumi")
    if found is not None:
        return found
    command = [sys.executable, str(root / "engine/ensure")]
    ensure = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if ensure.returncode != 0:
        raise ConsoleError("no `pulumi` on PATH, and engine/ensure found none; run `make setup`")
    return ensure.stdout.strip()
