"""Terraform's `terraform_data`, with a provisioner that calls curl when a resource is destroyed."""

import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from bench.account import Binding, documents
from bench.contenders.contender import Contender, Surroundings
from bench.meter import Command
from bench.results import Operation
from sandbox.workspace import PROJECT


def terraform_version() -> str | None:
    """Return the version of the `terraform` on PATH, None where there is none."""
    if shutil.which("terraform") is None:
        return None
    said = subprocess.run(
        ["terraform", "version", "-json"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True
    )
    return str(json.loads(said.stdout)["terraform_version"])


class TerraformData(Contender):
    """A resource and a curl a binding, default settings: ten at a time. Adopting asks the account nothing."""

    name = "terraform_data"
    about = (
        "Terraform's `terraform_data` with a destroy-time provisioner that calls curl, a resource and a call a binding"
    )
    most = 1000

    def __init__(self, folder: Path, surroundings: Surroundings) -> None:
        """Initialise a folder of Terraform; the provider is built in."""
        super().__init__(folder, surroundings)
        shutil.copyfile(PROJECT / "bench/programs/terraform/main.tf", folder / "main.tf")
        callers = {name: value for name, value in os.environ.items() if not name.startswith(("TF_", "MBS_"))}
        self._env = self._with_ways_in(
            {**callers, "TF_CLI_CONFIG_FILE": os.devnull, "CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1"}
        )
        subprocess.run(
            ["terraform", "init", "-input=false"], cwd=folder, env=self._env, capture_output=True, check=True
        )

    @classmethod
    def why_not(cls) -> str | None:
        """Need `terraform` and `curl` on PATH."""
        missing = [name for name in ("terraform", "curl") if shutil.which(name) is None]
        return f"there is no {' and no '.join(missing)} on this machine's PATH" if missing else None

    def want(self, bound: Sequence[Binding], wanted: Sequence[Binding]) -> None:  # noqa: ARG002 -- the state knows it
        """Write what the configuration reads."""
        (self.folder / "bindings.json").write_text(json.dumps(documents(wanted)), encoding="utf-8")

    def command(self, operation: Operation) -> Command:
        """Return the `terraform` command."""
        arguments = ["plan"] if operation is Operation.PREVIEW else ["apply", "-auto-approve"]
        return Command(["terraform", *arguments, "-input=false", "-no-color"], self.folder, self._env)

    def state_file(self) -> Path:
        """Return the file of the local backend."""
        return self.folder / "terraform.tfstate"

    def bound(self) -> int:
        """Count the instances."""
        state = json.loads(self.state_file().read_text(encoding="utf-8"))
        return sum(len(one["instances"]) for one in state["resources"])

    def announcement(self, purges: int) -> str:
        """Return the line of the summary."""
        return f"{purges} to destroy"
