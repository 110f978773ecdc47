"""One contender at one size: adopts, changes nothing, previews, purges a tenth, and from the start again purges all."""

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from bench.account import LATENCY_SECONDS, Binding, complaint_about, fill, without_a_tenth
from bench.calls import calls_by_method, in_flight_by_method
from bench.contenders.contender import Contender
from bench.meter import Run, measure
from bench.results import Measurement, Operation, StateSize
from sandbox.client import SandboxControl
from sandbox.messages import LoggedRequest

_LIMIT: Final = 900.0  # seconds for an operation that is measured
_ADOPTION_LIMIT: Final = 600.0  # seconds for an adoption that is only made for what comes after it; 200 on 2 idle cores
_SHOWN: Final = 500  # characters of what a failed command said


class CourseEnded(Exception):
    """The contender cannot go on; the text says why, without what its command said."""


class Course:
    """A contender's way through its operations. `begun` and `done` are told of each; `operations` are those to measure.

    `folder` is the contender's own; beside it the state after the adoption is kept.
    """

    def __init__(
        self,
        contender: Contender,
        sandbox: SandboxControl,
        everything: Sequence[Binding],
        operations: Sequence[Operation],
        *,
        begun: Callable[[Operation], None],
        done: Callable[[Measurement], None],
    ) -> None:
        self._contender = contender
        self._sandbox = sandbox
        self._everything = everything
        self._operations = operations
        self._begun = begun
        self._done = done
        self._kept = contender.folder.with_name(contender.folder.name + "-adopted")

    def run(self) -> StateSize | None:
        """Do it all, and return the size of the state. Raises CourseEnded."""
        contender, everything = self._contender, self._everything
        fill(self._sandbox, everything)
        contender.want((), everything)
        self._adopt()
        size = self._state_size()
        _copy(contender.folder, self._kept)
        if Operation.NO_OP in self._operations:
            contender.want(everything, everything)
            self._measure(Operation.NO_OP, ())
        staying = without_a_tenth(everything)
        leaving = everything[: len(everything) - len(staying)]
        contender.want(everything, staying)
        if Operation.PREVIEW in self._operations:
            self._measure(Operation.PREVIEW, leaving)
        if Operation.PURGE_TENTH in self._operations:
            self._measure(Operation.PURGE_TENTH, leaving)
        if Operation.PURGE_ALL in self._operations:
            _copy(self._kept, contender.folder)
            fill(self._sandbox, everything)
            contender.want(everything, ())
            self._measure(Operation.PURGE_ALL, everything)
        return size

    def _adopt(self) -> None:
        if self._contender.state_file() is None:
            return
        if Operation.ADOPT in self._operations:
            self._measure(Operation.ADOPT, ())
            return
        self._begun(Operation.ADOPT)
        self._sandbox.change_settings(latency="0s")
        run = measure(self._contender.quick_adoption(), self._contender.part_of, _ADOPTION_LIMIT)
        self._sandbox.change_settings(latency=f"{LATENCY_SECONDS}s")
        if problem := self._failure(run):
            self._report(Operation.ADOPT, run, (), problem)

    def _measure(self, operation: Operation, leaving: Sequence[Binding]) -> None:
        self._begun(operation)
        self._sandbox.clear_requests()
        run = measure(self._contender.command(operation), self._contender.part_of, _LIMIT)
        requests = self._sandbox.requests()
        problem = self._failure(run) or self._mistake(operation, leaving, run, requests)
        self._report(operation, run, requests, problem)

    def _report(self, operation: Operation, run: Run, requests: Sequence[LoggedRequest], problem: str | None) -> None:
        self._done(
            Measurement(
                contender=self._contender.name,
                bindings=len(self._everything),
                operation=operation,
                usage=run.usage,
                calls=calls_by_method(requests),
                in_flight=in_flight_by_method(requests, LATENCY_SECONDS),
                problem=problem,
            )
        )
        if problem:
            raise CourseEnded(f"{operation}: {problem.partition(':')[0]}")

    def _failure(self, run: Run) -> str | None:
        if run.code is None:
            return f"it was ended after {run.usage.seconds:.0f} s"
        return f"it exited with {run.code}: {run.output.strip()[-_SHOWN:]}" if run.code else None

    def _mistake(
        self, operation: Operation, leaving: Sequence[Binding], run: Run, requests: Sequence[LoggedRequest]
    ) -> str | None:
        """Say what is wrong with an operation that says itself that it went well."""
        if operation is Operation.PREVIEW:
            announcement = self._contender.announcement(len(leaving))
            if announcement not in run.output:
                return f"it does not say {announcement!r}"
            leaving = ()
        if operation is Operation.NO_OP and requests:
            return f"it made {len(requests)} calls, and had nothing to ask"
        staying = set(self._everything) - set(leaving)
        bound = self._contender.bound()
        if bound is not None and bound != len(staying):
            return f"its state has {bound} bindings, not {len(staying)}"
        return complaint_about(self._sandbox, requests, leaving, staying)

    def _state_size(self) -> StateSize | None:
        file = self._contender.state_file()
        if file is None:
            return None
        number = len(self._everything)
        return StateSize(contender=self._contender.name, bindings=number, state_bytes=file.stat().st_size)


def _copy(folder: Path, to: Path) -> None:
    shutil.rmtree(to, ignore_errors=True)
    shutil.copytree(folder, to, symlinks=True)
