"""One stack of the real project on the real engine, against the sandbox."""

import contextlib
import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
from click.testing import CliRunner

from erasure.console.main import main
from erasure.identity import Identity
from sandbox.messages import LoggedRequest
from sandbox.running import RunningSandbox
from sandbox.workspace import Result, Workspace

STACK = "acme"
BINDING = "pulumi-python:dynamic/mbs:Binding"
PLAN = "pulumi-python:dynamic/mbs:PurgePlan"
CHARLIE = "6970973d-e245-4bbf-a766-dc65a96549c9"
DESTINATION = "74c0060b-1ca5-4342-9d02-2a7f57e378c4"


@dataclass
class Rehearsal:
    """A stack `acme`, its inventory file, and the account behind it."""

    workspace: Workspace
    sandbox: RunningSandbox

    @property
    def file(self) -> Path:
        """The inventory file."""
        return self.workspace.directory / "inventory" / f"{STACK}.yaml"

    @property
    def state_file(self) -> Path:
        """The file in which the engine keeps the state."""
        return self.workspace.directory / "state/.pulumi/stacks/mbs-erasure" / f"{STACK}.json"

    def write(self, text: str) -> None:
        """Write the inventory file as it is given."""
        self.file.parent.mkdir(exist_ok=True)
        self.file.write_text(text, encoding="utf-8")

    def want(self, *computers: str, user: str = CHARLIE, destination: str = DESTINATION) -> None:
        """Write an inventory of one user's computers on one destination; without a name, of nothing at all."""
        self.want_all({user: [(name, [destination]) for name in computers]} if computers else {})

    def want_all(self, users: Mapping[str, Sequence[tuple[str, Sequence[str]]]]) -> None:
        """Write an inventory of these users, each with computers and their destinations."""
        entries = [
            {"id": user, "computers": [{"name": name, "destinations": list(on)} for name, on in computers]}
            for user, computers in users.items()
        ]
        self.write(json.dumps({"version": 1, "users": entries}))  # JSON is YAML

    def up(self, *arguments: str, env: Mapping[str, str] | None = None) -> Result:
        """Run `pulumi up` without its preview."""
        return self.workspace.run("up", "--yes", "--skip-preview", *arguments, env=env)

    def preview(self, *arguments: str, env: Mapping[str, str] | None = None) -> Result:
        """Run `pulumi preview`."""
        return self.workspace.run("preview", *arguments, env=env)

    def approve(self) -> None:
        """Approve what is planned."""
        arguments = ["--reason", "Contract ended", "--expires", "2099-12-31", "--by", "dana@msp.example"]
        self.says("approve", *arguments, code=0)

    def says(self, *arguments: str, code: int, env: Mapping[str, str] | None = None) -> str:
        """Run a command of the console in this process, which is quicker; it has to exit with this code."""
        with contextlib.chdir(self.workspace.directory):
            own = {**self.workspace.env, **(env or {})}
            result = CliRunner().invoke(main, arguments, env=own, standalone_mode=False)
        assert result.exception is None, f"{result.exception!r} {result.output}"
        assert result.return_value == code, result.output
        return result.stdout

    def urn(self, name: str, binding: str) -> str:
        """Return the URN of one of this project's resources, by its class and its name."""
        return f"urn:pulumi:{STACK}::mbs-erasure::pulumi-python:dynamic/mbs:{name}::{binding}"

    def events(self) -> list[tuple[str, str]]:
        """Return the ledger's events in their order: what happened, and to which binding."""
        with contextlib.closing(sqlite3.connect(self.workspace.directory / "ledger.db")) as ledger:
            return ledger.execute("SELECT kind, binding FROM events ORDER BY sequence").fetchall()

    def bindings(self) -> list[str]:
        """Return the ids of the bindings in the state, in order."""
        return sorted(one["id"] for one in self.resources(BINDING))

    def resources(self, kind: str) -> list[dict[str, Any]]:
        """Return the resources of a type in the state: from its file, as an export would cost each test an engine."""
        state = json.loads(self.state_file.read_text(encoding="utf-8"))
        return [found for found in state["checkpoint"]["latest"].get("resources", []) if found["type"] == kind]

    def purges(self) -> list[tuple[str, list[tuple[str, str]]]]:
        """Return every DELETE that the account received: the user's ID in the path, and the pairs of the body."""
        return pairs_of(self.sandbox.requests("DELETE"))


def rehearsal(folder: Path, pulumi: Path, server: RunningSandbox) -> Rehearsal:
    """Lay out a folder for the stack, which may have been one already."""
    environment = {
        "MBS_ENDPOINT": server.url,
        "MBS_LOGIN": server.login,
        "MBS_PASSWORD": server.password,
        "MBS_RETRIES": "0",  # a test that breaks something wants to see it broken
        "PULUMI_STACK": STACK,  # the engine keeps which stack is selected by the folder's path
    }
    return Rehearsal(Workspace(folder, pulumi, env=environment), server)


def pairs_of(requests: Iterable[LoggedRequest]) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return the user's ID and the pairs of each purge that the account received."""
    return [
        (one.path.split("/")[3], [(pair["DestinationId"], pair["ComputerName"]) for pair in one.body])
        for one in requests
    ]


def names(purges: list[tuple[str, list[tuple[str, str]]]]) -> list[str]:
    """Return the names of all computers in these purges, in order."""
    return sorted(name for _, pairs in purges for _, name in pairs)


def new_token(sandbox: RunningSandbox) -> str:
    """Log in as a person would, and return the token."""
    body = {"UserName": sandbox.login, "Password": sandbox.password}
    answer = requests.post(f"{sandbox.url}/api/Provider/Login", json=body, timeout=30)
    return str(answer.json()["access_token"])


def binding(computer: str, user: str = CHARLIE, destination: str = DESTINATION) -> str:
    """Return a binding's id."""
    return Identity(user, destination, computer).id
