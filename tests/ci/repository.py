"""An MSP's repository, made of this project as a template: a git checkout, a stack of the real engine, a sandbox."""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from erasure.ledger import Kind, Ledger
from sandbox.running import RunningSandbox
from sandbox.workspace import PROJECT, Workspace
from tests.engine.rehearsal import CHARLIE, DESTINATION, STACK

COMPUTERS = ("CHARLIE-LAPTOP", "Front Desk", "Büro PC", "Archive", "Spare")

_LINKED = (".gitlab", "ci", "engine", "Makefile")
_ENVIRONMENT = ("PATH", "PULUMI_HOME", "PULUMI_SKIP_UPDATE_CHECK", "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION")


class Repository:
    """A checkout on the branch main, with five computers in the account and in the inventory.

    `secrets` are what an MSP gives its pipeline; `env` is what a runner has without them. The folder may hold a copy of
    another one's.
    """

    def __init__(self, folder: Path, pulumi: Path, sandbox: RunningSandbox, ledger: str) -> None:
        self.sandbox = sandbox
        self.folder = folder / "checkout"
        self.workspace = Workspace(self.folder, pulumi)
        self._settle()
        self.secrets = {
            "MBS_LEDGER": ledger,
            "MBS_LOGIN": sandbox.login,
            "MBS_PASSWORD": sandbox.password,
            "PULUMI_BACKEND_URL": self.workspace.env["PULUMI_BACKEND_URL"],
            "PULUMI_CONFIG_PASSPHRASE": self.workspace.env["PULUMI_CONFIG_PASSPHRASE"],
        }
        self.bin = folder / "bin"
        self.temporary = folder / "runner"
        for made in (self.bin, self.temporary, folder / "home"):
            made.mkdir()
        own = {name: self.workspace.env[name] for name in _ENVIRONMENT}
        self.env = own | {
            "CI": "true",
            "HOME": str(folder / "home"),
            "LANG": "C.UTF-8",
            "PATH": f"{self.bin}{os.pathsep}{own['PATH']}",
            "MBS_RETRIES": "0",
        }
        for name in COMPUTERS:
            sandbox.add(CHARLIE, DESTINATION, name)
        if (self.folder / ".git").exists():
            self.workspace.run(
                "stack", "select", STACK
            ).require()  # the engine keeps the selection by the folder's path
        else:
            self._begin()

    def copy(self, folder: Path, ledger: str) -> "Repository":
        """Return the same at another place, with a ledger of its own, which has to be a copy too."""
        made_anew = shutil.ignore_patterns(".venv", *_LINKED)
        shutil.copytree(self.folder, folder / "checkout", symlinks=True, ignore=made_anew)
        return Repository(folder, self.workspace.pulumi, self.sandbox, ledger)

    def _begin(self) -> None:
        linked = [file.name for file in self.folder.iterdir() if file.is_symlink()]
        ignored = [*linked, ".venv", "state", "home", "erasure.yml", "plan.md", "due.md", "verify.json"]
        (self.folder / ".gitignore").write_text("\n".join(f"/{name}" for name in ignored))
        self.workspace.init(STACK)
        self.workspace.config_set("endpoint", self.sandbox.url)
        self.git("init", "--quiet", "--initial-branch", "main")
        self.git("config", "user.email", "dana@msp.example")
        self.git("config", "user.name", "Dana")
        self.commit("Begin")
        self.want(*COMPUTERS)

    def _settle(self) -> None:
        for name in _LINKED:
            (self.folder / name).symlink_to(PROJECT / name)
        # Of our own, so that no `make` of a pipeline makes the checkout's anew.
        environment = self.folder / ".venv"
        environment.unlink()
        environment.mkdir()
        for name in ("bin", "lib"):
            (environment / name).symlink_to(PROJECT / ".venv" / name)
        shutil.copy(PROJECT / ".venv/pyvenv.cfg", environment)
        (self.folder / "requirements.txt").touch()
        (environment / ".complete-python3").touch()

    def git(self, *arguments: str) -> str:
        """Run git, and return what it said."""
        done = subprocess.run(["git", *arguments], cwd=self.folder, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    def commit(self, message: str) -> str:
        """Commit everything, and return the commit."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)
        return self.git("rev-parse", "HEAD")

    def want(self, *computers: str) -> str:
        """Commit an inventory of these computers, and return the commit."""
        file = self.folder / "inventory" / f"{STACK}.yaml"
        file.parent.mkdir(exist_ok=True)
        entries = [{"name": name, "destinations": [DESTINATION]} for name in computers]
        users = [{"id": CHARLIE, "computers": entries}] if entries else []
        file.write_text(json.dumps({"version": 1, "users": users}), encoding="utf-8")  # JSON is YAML
        return self.commit(f"Want {', '.join(computers)}")

    def program(self, name: str, *command: str, env: Mapping[str, str]) -> None:
        """Put a program on the runner's PATH that is another one here."""
        settings = "\n".join(f"export {key}='{value}'" for key, value in env.items())
        words = " ".join(f"'{word}'" for word in command)
        file = self.bin / name
        file.write_text(f'#!/bin/sh\n{settings}\nexec {words} "$@"\n')
        file.chmod(0o755)

    def purged(self) -> list[str]:
        """Return the computers of every DELETE that the account received."""
        return sorted(pair["ComputerName"] for one in self.sandbox.requests("DELETE") for pair in one.body)

    def intentions(self) -> list[dict[str, Any]]:
        """Return what the ledger says of each purge that began."""
        ledger = Ledger(self.secrets["MBS_LEDGER"], f"mbs-erasure/{STACK}", self.folder)
        events = [record.event for record, _ in ledger.records(ledger.chain)]
        ledger.close()
        return [dict(one.data) for one in events if one.kind is Kind.INTENDED]

    def bound(self) -> list[str]:
        """Return the computers in the stack's state."""
        resources: list[dict[str, Any]] = self.workspace.state()["deployment"].get("resources", [])
        return sorted(one["outputs"]["computer"] for one in resources if one["type"].endswith(":Binding"))
