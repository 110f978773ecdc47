"""One whole run: every contender at every size, on one sandbox, one after the other."""

import datetime
import json
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil
import requests
from rich.console import Console
from rich.status import Status

from bench import account
from bench.account import LATENCY_SECONDS, Binding
from bench.contenders import CONTENDERS, WITHOUT_CHECKPOINTS, Contender, want
from bench.inventory_load import measure_inventory
from bench.meter import Run, measure
from bench.results import Machine, Measurement, Operation, Results, Skipped, StateSize
from sandbox.messages import LoggedRequest
from sandbox.running import RunningSandbox
from sandbox.workspace import ready_engine

SIZES: Final = (100, 1000, 10_000)

_LIMIT: Final = 900.0  # seconds for an operation
_SHOWN: Final = 500  # characters of what a failed command said


def measure_all(sizes: Sequence[int], names: Sequence[str], console: Console, *, with_inventory: bool) -> Results:
    """Measure numbers of bindings with the contenders of these names, and say on the console how it goes.

    What fails is in the results, with the reason.
    """
    contenders = [CONTENDERS[name] for name in names]
    pulumi = ready_engine()
    results = Results(
        day=datetime.datetime.now(datetime.UTC).date().isoformat(),
        machine=_machine(pulumi),
        latency_seconds=LATENCY_SECONDS,
        sizes=[*sizes],
        contenders=[contender.name for contender in contenders],
        is_complete=with_inventory and sorted(sizes) == [*SIZES] and [*names] == [*CONTENDERS],
    )
    with console.status("setting up") as status:
        with RunningSandbox() as sandbox:
            ways_in = _ways_in(sandbox)
            for size in results.sizes:
                for contender in contenders:
                    _Course(contender, account.bindings(size), sandbox, results, status).run(pulumi, ways_in)
        status.update("a large inventory")
        return results.model_copy(update={"inventory": measure_inventory()}) if with_inventory else results


@dataclass(frozen=True)
class _Course:
    """One contender at one size: adopts, changes nothing, previews, purges a tenth, and from the start again all."""

    contender: Contender
    everything: Sequence[Binding]
    sandbox: RunningSandbox
    results: Results
    status: Status

    def run(self, pulumi: Path, ways_in: Mapping[str, str]) -> None:
        """Do it in a folder of its own, and add to the results what it takes."""
        operations, reason = self.contender.operations_at(len(self.everything))
        if reason:
            self._skip(reason)
        if not operations:
            return
        self.status.update(f"{self._what}: setting up")
        with tempfile.TemporaryDirectory(prefix="mbs-bench-") as parent:
            folder, adopted = Path(parent, "contender"), Path(parent, "adopted")
            folder.mkdir()
            env = {**self.contender.set_up(folder, pulumi, ways_in), **self.contender.env}
            for measurement in self._measurements(operations, folder, adopted, env):
                self.results.measurements.append(measurement)
                self._say(f"{measurement.operation}: {measurement.usage.seconds:.1f} s")
                if measurement.problem:
                    self._say(measurement.problem)
                    self._skip(f"ended early: {measurement.operation}: {measurement.problem.partition(':')[0]}")
                    return
            if self.contender.state:
                size = (adopted / self.contender.state).stat().st_size
                name, number = self.contender.name, len(self.everything)
                self.results.states.append(StateSize(contender=name, bindings=number, state_bytes=size))

    def _measurements(
        self, operations: Sequence[Operation], folder: Path, adopted: Path, env: Mapping[str, str]
    ) -> Iterator[Measurement]:
        """Yield what each operation takes. The state after the adoption is kept in `adopted`, to begin from again.

        An adoption that is not to be measured is made without checkpoints, and yielded only where it went wrong.
        """
        account.fill(self.sandbox, self.everything)
        want(folder, (), self.everything)
        if Operation.ADOPT in operations:
            yield self._measured(Operation.ADOPT, folder, env, self.everything)
        elif self.contender.state:
            self.sandbox.change_settings(latency="0s")
            adoption = self._measured(Operation.ADOPT, folder, {**env, **WITHOUT_CHECKPOINTS}, self.everything)
            self.sandbox.change_settings(latency=f"{LATENCY_SECONDS}s")
            if adoption.problem:
                yield adoption
        shutil.copytree(folder, adopted, symlinks=True)
        without_a_tenth = account.without_a_tenth(self.everything)
        wanted = {Operation.NO_OP: self.everything, Operation.PURGE_ALL: ()}
        for operation in operations:
            if operation is Operation.PURGE_ALL:
                shutil.rmtree(folder)
                shutil.copytree(adopted, folder, symlinks=True)
                account.fill(self.sandbox, self.everything)
            if operation is not Operation.ADOPT:
                staying = wanted.get(operation, without_a_tenth)
                want(folder, self.everything, staying)
                yield self._measured(operation, folder, env, staying)

    def _measured(
        self, operation: Operation, folder: Path, env: Mapping[str, str], staying: Sequence[Binding]
    ) -> Measurement:
        self.status.update(f"{self._what}: {operation}")
        self.sandbox.clear_requests()
        run = measure(self.contender.commands[operation], folder, env, _LIMIT)
        requests = self.sandbox.requests()
        return Measurement(
            contender=self.contender.name,
            bindings=len(self.everything),
            operation=operation,
            usage=run.usage,
            calls=account.calls_by_method(requests),
            in_flight=account.in_flight_by_method(requests, LATENCY_SECONDS),
            problem=next(self._problems(operation, folder, set(staying), run, requests), None),
        )

    def _problems(
        self, operation: Operation, folder: Path, staying: set[Binding], run: Run, requests: Sequence[LoggedRequest]
    ) -> Iterator[str]:
        """Yield what is wrong with an operation, with one that says itself that it went well too."""
        if run.code is None:
            yield f"it was ended after {run.usage.seconds:.0f} s"
        if run.code:
            yield f"it exited with {run.code}: {run.output.strip()[-_SHOWN:]}"
        if operation is Operation.PREVIEW:
            announcement = self.contender.announcement.format(len(self.everything) - len(staying))
            if announcement not in run.output:
                yield f"it does not say {announcement!r}"
            staying = set(self.everything)
        if operation is Operation.NO_OP and requests:
            yield f"it made {len(requests)} calls, and had nothing to ask"
        if self.contender.state:
            bound = self.contender.count(json.loads((folder / self.contender.state).read_text(encoding="utf-8")))
            if bound != len(staying):
                yield f"its state has {bound} bindings, not {len(staying)}"
        yield from account.complaints(self.sandbox, requests, set(self.everything) - staying, staying)

    @property
    def _what(self) -> str:
        return f"{len(self.everything):,} bindings, {self.contender.name}"

    def _skip(self, reason: str) -> None:
        skipped = Skipped(contender=self.contender.name, bindings=len(self.everything), reason=reason)
        self.results.skipped.append(skipped)
        self._say(reason)

    def _say(self, text: str) -> None:
        self.status.console.print(f"{self._what}: {text}", markup=False)


def _ways_in(sandbox: RunningSandbox) -> Mapping[str, str]:
    """Return its address, a login, and a token, which outlives the sandbox's beginnings anew, as environment."""
    with requests.Session() as session:
        session.trust_env = False
        body = {"UserName": sandbox.login, "Password": sandbox.password}
        answer = session.post(f"{sandbox.url}/api/Provider/Login", json=body, timeout=30)
    answer.raise_for_status()
    login = {"MBS_LOGIN": sandbox.login, "MBS_PASSWORD": sandbox.password}
    return {"MBS_ENDPOINT": sandbox.url, **login, "MBS_TOKEN": answer.json()["access_token"]}


def _machine(pulumi: Path) -> Machine:
    has_terraform = shutil.which("terraform") is not None
    return Machine(
        cores=psutil.cpu_count() or 1,
        memory_bytes=psutil.virtual_memory().total,
        system=f"{platform.system()} {platform.machine()}",
        python=platform.python_version(),
        engine=_said_by(str(pulumi), "version").strip().removeprefix("v"),
        terraform=json.loads(_said_by("terraform", "version", "-json"))["terraform_version"] if has_terraform else None,
    )


def _said_by(*command: str) -> str:
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True).stdout
