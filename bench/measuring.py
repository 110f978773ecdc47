"""One whole run: every contender at every size, on one sandbox, one after the other."""

import datetime
import platform
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import psutil
import requests

from bench.account import LATENCY_SECONDS, bindings
from bench.board import Board
from bench.contenders.contender import Contender, Surroundings
from bench.contenders.field import CONTENDERS
from bench.contenders.on_terraform import terraform_version
from bench.course import Course, CourseEnded
from bench.inventory_load import measure_inventory
from bench.results import Machine, Measurement, Results, Skipped, StateSize
from sandbox.running import RunningSandbox
from sandbox.workspace import ready_engine

SIZES: Final = (100, 1000, 10_000)


class Measuring:
    """A run over `sizes` (numbers of bindings) and `contenders` (words of bench.contenders.field)."""

    def __init__(self, sizes: Sequence[int], contenders: Sequence[str], board: Board) -> None:
        self._sizes = sorted(sizes)
        self._contenders = [CONTENDERS[one] for one in contenders]
        self._board = board
        self._measurements: list[Measurement] = []
        self._states: list[StateSize] = []
        self._skipped: list[Skipped] = []

    def run(self, *, with_inventory: bool = True) -> Results:
        """Measure it all. What fails is in the results, with the reason."""
        day = datetime.datetime.now(datetime.UTC).date().isoformat()
        pulumi = ready_engine()
        with RunningSandbox() as sandbox:
            surroundings = Surroundings(pulumi, sandbox.url, sandbox.login, sandbox.password, _token(sandbox))
            for size in self._sizes:
                for kind in self._contenders:
                    self._measure(kind, size, sandbox, surroundings)
        if with_inventory:
            self._board.say("a large inventory")
        return Results(
            day=day,
            machine=_machine(pulumi),
            latency_seconds=LATENCY_SECONDS,
            sizes=self._sizes,
            contenders=[one.name for one in self._contenders],
            is_complete=with_inventory and self._sizes == [*SIZES] and self._contenders == [*CONTENDERS.values()],
            measurements=self._measurements,
            states=self._states,
            skipped=self._skipped,
            inventory=measure_inventory() if with_inventory else None,
        )

    def _measure(self, kind: type[Contender], size: int, sandbox: RunningSandbox, surroundings: Surroundings) -> None:
        operations, reason = kind.operations_at(size)
        reason = kind.why_not() or reason
        if reason:
            self._skip(kind.name, size, reason)
        if not operations or kind.why_not():
            return
        self._board.begin(size, kind.name, "setting up")
        with tempfile.TemporaryDirectory(prefix="mbs-bench-") as folder:
            own = Path(folder) / "contender"
            own.mkdir()
            course = Course(
                kind(own, surroundings),
                sandbox,
                bindings(size),
                operations,
                begun=lambda operation: self._board.begin(size, kind.name, operation),
                done=self._keep,
            )
            try:
                state = course.run()
            except CourseEnded as ended:
                self._skip(kind.name, size, f"ended early: {ended}")
                return
        if state is not None:
            self._states.append(state)
            self._board.stored(state)

    def _keep(self, measurement: Measurement) -> None:
        self._measurements.append(measurement)
        self._board.measured(measurement)

    def _skip(self, contender: str, size: int, reason: str) -> None:
        self._skipped.append(Skipped(contender=contender, bindings=size, reason=reason))
        self._board.skipped(self._skipped[-1])


def _token(sandbox: RunningSandbox) -> str:
    """Log in for those who are given a token. It outlives the sandbox's beginnings anew."""
    session = requests.Session()
    session.trust_env = False
    with session:
        body = {"UserName": sandbox.login, "Password": sandbox.password}
        answer = session.post(f"{sandbox.url}/api/Provider/Login", json=body, timeout=30)
    answer.raise_for_status()
    return str(answer.json()["access_token"])


def _machine(pulumi: Path) -> Machine:
    version = subprocess.run([str(pulumi), "version"], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
    return Machine(
        cores=psutil.cpu_count() or 1,
        memory_bytes=psutil.virtual_memory().total,
        system=f"{platform.system()} {platform.machine()}",
        python=platform.python_version(),
        engine=version.removeprefix("v"),
        terraform=terraform_version(),
    )
