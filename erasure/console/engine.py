"""The engine, as the console asks it: with the same backend, configuration and environment as `pulumi`."""

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

from erasure.configuration import Configuration, read_configuration
from erasure.console.progress import working
from erasure.ledger import Ledger
from erasure.reports.plan import PLAN_FILE, PlanReport

_NO_QUESTION_WHERE_NOTHING_CHANGED: Final = {"PULUMI_ENABLE_LEGACY_DIFF": "true"}  # a third of a large preview
_SHOWN: Final = 4000  # characters of what the engine said, from its end


class ConsoleError(click.ClickException):
    """Anything that ends a command with exit status 1 and a sentence."""


class Engine:
    """The engine for one stack of the project that the working directory is in; None: the selected stack."""

    def __init__(self, stack: str | None) -> None:
        self.root = _root()
        self._pulumi = _pulumi(self.root)
        self.stack = stack or self._said("stack", "--show-name").strip()

    def configuration(self) -> Configuration:
        """Return the stack's configuration. Raises Problems."""
        text = self._said("config", "--show-secrets", "--json", "--stack", self.stack)
        prefix = f"{self.project}:"
        known = {key.removeprefix(prefix): one for key, one in json.loads(text).items() if key.startswith(prefix)}
        values = {key: _as_text(one) for key, one in known.items()}
        secret = frozenset(key for key, one in known.items() if one.get("secret"))
        return read_configuration(values, os.environ, secret)

    def ledger(self, configuration: Configuration) -> Ledger:
        """Return the ledger, with the stack's chain. Raises LedgerError for a URL that is none."""
        return Ledger(configuration.ledger.get_secret_value(), f"{self.project}/{self.stack}", self.root)

    @property
    def project(self) -> str:
        """The project's name: the namespace of its configuration."""
        return "mbs-erasure"

    def plan(self) -> PlanReport:
        """Preview the stack, and return the plan as the rules judged it."""
        with tempfile.TemporaryDirectory() as folder, working(f"previewing {self.stack}"):
            file = Path(folder) / "plan.json"
            settings = {PLAN_FILE: str(file), **_NO_QUESTION_WHERE_NOTHING_CHANGED}
            done = self._run("preview", "--stack", self.stack, "--color", "never", env=settings)
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
        command = [self._pulumi, *arguments, "--non-interactive"]
        environment = {**os.environ, **(env or {})}
        return subprocess.run(
            command,
            cwd=self.root,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )


def _end_of(done: subprocess.CompletedProcess[str]) -> str:
    return (done.stdout + done.stderr)[-_SHOWN:].strip()


def _root() -> Path:
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / "Pulumi.yaml").is_file():
            return folder
    raise ConsoleError("no Pulumi.yaml here nor above; run this in the project's folder")


def _pulumi(root: Path) -> str:
    found = shutil.which("pulumi")
    if found is not None:
        return found
    ensure = subprocess.run(
        [sys.executable, str(root / "engine/ensure")], stdout=subprocess.PIPE, text=True, check=False
    )
    if ensure.returncode != 0:
        raise ConsoleError("no `pulumi` on PATH, and engine/ensure found none; run `make setup`")
    return ensure.stdout.strip()


def _as_text(value: Mapping[str, object]) -> str:
    """Return a value as the engine hands it to the program: a mapping as JSON."""
    if "objectValue" in value:
        return json.dumps(value["objectValue"])
    return str(value.get("value", ""))
