"""The contenders that Pulumi runs: this project, with and without checkpoints, and a stock dynamic provider."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar, Final

from bench.account import Binding, documents, inventory
from bench.contenders.contender import Contender, Surroundings
from bench.meter import Command
from bench.results import Operation
from sandbox.workspace import PROJECT, Workspace

_STACK: Final = "measured"
_ALONE: Final = {"PULUMI_STACK": _STACK}  # the engine keeps which stack is selected by the folder's path
_WITHOUT_CHECKPOINTS: Final = {"PULUMI_SKIP_CHECKPOINTS": "true"}
_AS_MAKE_UP: Final = {**_WITHOUT_CHECKPOINTS, "PULUMI_ENABLE_LEGACY_DIFF": "true"}
_STOCK: Final = PROJECT / "bench" / "programs" / "stock"
_MOST_WITH_CHECKPOINTS: Final = 1000


class _OnPulumi(Contender):
    project: ClassVar[str]
    resource: ClassVar[str]
    settings: ClassVar[Mapping[str, str]] = {}

    workspace: Workspace

    def command(self, operation: Operation) -> Command:
        """Return the `pulumi` command. The preview is an operation of its own, so that no update makes one as well."""
        arguments = ["preview"] if operation is Operation.PREVIEW else ["up", "--yes", "--skip-preview"]
        return self._pulumi(arguments, self.settings)

    def quick_adoption(self) -> Command:
        """Adopt without checkpoints."""
        return self._pulumi(["up", "--yes", "--skip-preview"], _WITHOUT_CHECKPOINTS)

    def state_file(self) -> Path:
        """Return the file of the file backend."""
        return self.workspace.directory / "state" / ".pulumi" / "stacks" / self.project / f"{_STACK}.json"

    def bound(self) -> int:
        """Count the resources of a binding."""
        state = json.loads(self.state_file().read_text(encoding="utf-8"))
        return sum(one["type"] == self.resource for one in state["checkpoint"]["latest"].get("resources") or ())

    def announcement(self, purges: int) -> str:
        """Return the line of the summary."""
        return f"{purges} to delete"

    def _pulumi(self, arguments: Sequence[str], env: Mapping[str, str]) -> Command:
        return Command(
            [str(self.workspace.pulumi), *arguments], self.workspace.directory, {**self.workspace.env, **env}
        )


class ThisProject(_OnPulumi):
    """The project as `make up` runs it, with its ledger, evidence and retries, and limits that let large purges pass.

    Each operation logs in anew, and asks the account about each user of whom something is adopted or purged.
    """

    name = "mbs-erasure"
    about = "this project, as `make up` runs it"
    project = "mbs-erasure"
    resource = "pulumi-python:dynamic/mbs:Binding"
    settings: ClassVar[Mapping[str, str]] = _AS_MAKE_UP

    def __init__(self, folder: Path, surroundings: Surroundings) -> None:
        """Make a stack of the project."""
        super().__init__(folder, surroundings)
        environment = {
            "MBS_ENDPOINT": surroundings.url,
            "MBS_LOGIN": surroundings.login,
            "MBS_PASSWORD": surroundings.password,
            **_ALONE,
        }
        self.workspace = Workspace(folder, surroundings.pulumi, env=environment)
        self.workspace.init(_STACK)
        for key, value in {"maxPurges": "1000000", "maxPurgePercent": "100", "rules": '{"emptied": "warn"}'}.items():
            self.workspace.config_set(key, value)

    def want(self, bound: Sequence[Binding], wanted: Sequence[Binding]) -> None:  # noqa: ARG002 -- the state knows it
        """Write the inventory."""
        file = self.workspace.directory / "inventory" / f"{_STACK}.yaml"
        file.parent.mkdir(exist_ok=True)
        file.write_text(inventory(wanted), encoding="utf-8")


class ThisProjectWithCheckpoints(ThisProject):
    """The project as plain `pulumi up` runs it, which saves the state twice a step."""

    name = "mbs-erasure, checkpoints"
    about = "this project, as plain `pulumi up` runs it, with a checkpoint before and after each step"
    most = _MOST_WITH_CHECKPOINTS
    settings: ClassVar[Mapping[str, str]] = {}


class Stock(_OnPulumi):
    """A stock dynamic provider: a resource and a call a binding, default settings."""

    name = "stock provider"
    about = "a Pulumi dynamic provider as one writes it first: a resource and a call a binding, default settings"
    most = _MOST_WITH_CHECKPOINTS
    project = "stock"
    resource = "pulumi-python:dynamic/stock:Binding"

    def __init__(self, folder: Path, surroundings: Surroundings) -> None:
        """Make a stack of the stock program."""
        super().__init__(folder, surroundings)
        self.workspace = Workspace(folder, surroundings.pulumi, project=_STOCK, env=self._with_ways_in(_ALONE))
        for name in (".venv", "bench"):
            (folder / name).symlink_to(PROJECT / name)
        self.workspace.init(_STACK)

    @classmethod
    def operations_at(cls, bindings: int) -> tuple[tuple[Operation, ...], str | None]:
        """Beyond 1,000 bindings leave all but the no-op aside."""
        if bindings <= _MOST_WITH_CHECKPOINTS:
            return cls.operations, None
        reason = f"beyond {_MOST_WITH_CHECKPOINTS:,} bindings only the no-op is measured, after an adoption without"
        return (Operation.NO_OP,), f"{reason} checkpoints: with them it would take hours"

    def want(self, bound: Sequence[Binding], wanted: Sequence[Binding]) -> None:  # noqa: ARG002 -- the state knows it
        """Write what the program reads."""
        (self.folder / "bindings.json").write_text(json.dumps(documents(wanted)), encoding="utf-8")
