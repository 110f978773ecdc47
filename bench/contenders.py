"""What is measured: this project, and each way that one would go in its place."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from bench.account import Binding, inventory
from bench.results import Operation
from sandbox.workspace import PROJECT, Workspace

WITHOUT_CHECKPOINTS: Final = {"PULUMI_SKIP_CHECKPOINTS": "true"}

_STACK: Final = "measured"
_ALONE: Final = {"PULUMI_STACK": _STACK}  # the engine keeps which stack is selected by the folder's path
_PROGRAMS: Final = PROJECT / "bench" / "programs"
_LIMITS: Final = {"maxPurges": "1000000", "maxPurgePercent": "100", "rules": '{"emptied": "warn"}'}


@dataclass(frozen=True)
class Contender:
    """One way to purge. Its folder holds all its state, and what is wanted in each form that a contender reads.

    `name` is what results call it, `about` what it is in a few words. `commands` are those of the operations that it is
    measured with. `set_up` is given the empty folder, the engine, and the account's address and ways in as environment
    variables, and returns the environment of the commands; `env` comes on top of it.
    `state` is where in the folder its state is kept, if it has one, as JSON in which `count` finds the number of
    bindings; `announcement` is what its preview says of so many purges. Beyond `most` bindings, if that is a number,
    only `beyond` is measured, because of `reason`. It needs the programs of `needs` on PATH.
    """

    name: str
    about: str
    commands: Mapping[Operation, Sequence[str]]
    set_up: Callable[[Path, Path, Mapping[str, str]], Mapping[str, str]]
    env: Mapping[str, str] = field(default_factory=dict)
    state: str | None = None
    count: Callable[[Any], int] = len
    announcement: str = ""
    most: int | None = None
    beyond: Sequence[Operation] = ()
    reason: str = "not measured beyond 1,000 bindings, because it would take too long"
    needs: Sequence[str] = ()

    def operations_at(self, bindings: int) -> tuple[Sequence[Operation], str | None]:
        """Return what is measured here at a size, and why that is not all that it is measured with elsewhere."""
        if missing := [name for name in self.needs if shutil.which(name) is None]:
            return (), f"there is no {' and no '.join(missing)} on this machine's PATH"
        is_whole = self.most is None or bindings <= self.most
        return (tuple(self.commands), None) if is_whole else (self.beyond, self.reason)


def want(folder: Path, bound: Sequence[Binding], wanted: Sequence[Binding]) -> None:
    """Write down what is wanted from now on, where `bound` is what was adopted.

    This project reads the inventory, its rivals the bindings, and the scripts, which find out nothing, the purges.
    """
    staying = set(wanted)
    documents = {"bindings": wanted, "purges": [binding for binding in bound if binding not in staying]}
    for name, some in documents.items():
        (folder / f"{name}.json").write_text(json.dumps([asdict(binding) for binding in some]), encoding="utf-8")
    file = folder / "inventory" / f"{_STACK}.yaml"
    file.parent.mkdir(exist_ok=True)
    file.write_text(inventory(wanted), encoding="utf-8")


def _set_up_project(folder: Path, pulumi: Path, account: Mapping[str, str]) -> Mapping[str, str]:
    """Make a stack that logs in by itself, with limits that let large purges pass."""
    login = {name: value for name, value in account.items() if name != "MBS_TOKEN"}
    workspace = Workspace(folder, pulumi, env={**login, **_ALONE})
    workspace.init(_STACK)
    for key, value in _LIMITS.items():
        workspace.config_set(key, value)
    return workspace.env


def _set_up_stock(folder: Path, pulumi: Path, account: Mapping[str, str]) -> Mapping[str, str]:
    workspace = Workspace(folder, pulumi, project=_PROGRAMS / "stock", env={**account, **_ALONE})
    for name in (".venv", "bench"):
        (folder / name).symlink_to(PROJECT / name)
    workspace.init(_STACK)
    return workspace.env


def _set_up_terraform(folder: Path, _pulumi: Path, account: Mapping[str, str]) -> Mapping[str, str]:
    """Initialise the folder; the provider is built in."""
    shutil.copyfile(_PROGRAMS / "terraform" / "main.tf", folder / "main.tf")
    callers = {name: value for name, value in os.environ.items() if not name.startswith("TF_")}
    own = {"TF_CLI_CONFIG_FILE": os.devnull, "CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1"}
    env = {**callers, **own, **account}
    subprocess.run(["terraform", "init", "-input=false"], cwd=folder, env=env, capture_output=True, check=True)
    return env


def _bound_by_pulumi(state: Any) -> int:  # noqa: ANN401 -- JSON
    resources = state["checkpoint"]["latest"].get("resources") or ()
    return sum(resource["type"].endswith(":Binding") for resource in resources)


def _commands(preview: str, update: str) -> Mapping[Operation, Sequence[str]]:
    """Return a command for each operation. The preview is one of its own, so that no update makes one as well."""
    return {operation: (preview if operation is Operation.PREVIEW else update).split() for operation in Operation}


def _script(name: str) -> Mapping[Operation, Sequence[str]]:
    command = [sys.executable, str(_PROGRAMS / name)]
    return {Operation.PURGE_TENTH: command, Operation.PURGE_ALL: command}


OURS: Final = Contender(
    name="mbs-erasure",
    about="this project, as `make up` runs it",
    commands=_commands("pulumi preview", "pulumi up --yes --skip-preview"),
    set_up=_set_up_project,
    env={**WITHOUT_CHECKPOINTS, "PULUMI_ENABLE_LEGACY_DIFF": "true"},
    state=f"state/.pulumi/stacks/mbs-erasure/{_STACK}.json",
    count=_bound_by_pulumi,
    announcement="{} to delete",
)
STOCK: Final = replace(
    OURS,
    name="stock provider",
    about="a Pulumi dynamic provider as one writes it first: a resource and a call a binding, default settings",
    set_up=_set_up_stock,
    env={},
    state=f"state/.pulumi/stacks/stock/{_STACK}.json",
    most=1000,
    beyond=(Operation.NO_OP,),
    reason="beyond 1,000 bindings only the no-op is measured, "
    "after an adoption without checkpoints: with them it would take hours",
)
TERRAFORM: Final = Contender(
    name="terraform_data",
    about="Terraform's `terraform_data` with a destroy-time provisioner that calls curl, "
    "a resource and a call a binding",
    commands=_commands("terraform plan -input=false -no-color", "terraform apply -auto-approve -input=false -no-color"),
    set_up=_set_up_terraform,
    state="terraform.tfstate",
    count=lambda state: sum(len(resource["instances"]) for resource in state["resources"]),
    announcement="{} to destroy",
    most=1000,
    needs=("terraform", "curl"),
)
_THREADS: Final = Contender(
    name="threaded script",
    about="a script with 16 threads and a call a user: nothing can be much quicker, and nothing is checked or kept",
    commands=_script("purge_by_user.py"),
    set_up=lambda _folder, _pulumi, account: {**os.environ, **account},
)
CONTENDERS: Final[Mapping[str, Contender]] = {
    "project": OURS,
    "checkpoints": replace(
        OURS,
        name="mbs-erasure, checkpoints",
        about="this project, as plain `pulumi up` runs it, with a checkpoint before and after each step",
        env={},
        most=1000,
    ),
    "stock": STOCK,
    "terraform": TERRAFORM,
    "script": replace(
        _THREADS,
        name="plain script",
        about="a script of 15 lines: a call a binding, one after the other",
        commands=_script("purge_one_by_one.py"),
        most=1000,
    ),
    "threads": _THREADS,
}
"""In the order in which they are measured and shown, by the word that a command line selects them with."""
