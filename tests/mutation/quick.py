"""The quick way to see mutants noticed: by those tests alone that run the changed statement, where all is loaded.

One run of the tests tells which of them run which statements. Then each mutant gets a process forked from the one that
has collected the tests; there the functions that it changes get its code. What is not noticed here still may be with
the module loaded anew, as for what stands outside of functions.
"""

import gc
import json
import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType, FunctionType

import pytest

from tests.mutation.mutants import PROBE, Mutant, probed, unchanged

NOTICED = 1

Place = tuple[str, str, int]
Codes = dict[Place, CodeType]
Loaded = list[tuple[Place, FunctionType]]
Statement = tuple[str, int]


def forked(jobs: Iterable[Callable[[], int]], at_once: int) -> list[int]:
    """Do each job in a forked process, so many at once, and return their exit codes. Forks from this one thread."""
    waiting, running, codes = iter(enumerate(jobs)), dict[int, int](), dict[int, int]()
    while True:
        while len(running) < at_once and (job := next(waiting, None)) is not None:
            child = os.fork()
            if child == 0:
                code = -1  # of a job that raises
                try:
                    code = job[1]()
                finally:
                    os._exit(code % 256)
            running[child] = job[0]
        if not running:
            return [codes[number] for number in sorted(codes)]
        child, status = os.wait()
        codes[running.pop(child)] = os.waitstatus_to_exitcode(status)


@dataclass(eq=False)  # pytest hashes its plugins
class Quick:
    """A plugin of pytest that tries mutants on the collected tests, instead of running these.

    `noticed` are the numbers of the mutants that a test noticed; it stays None where a test fails without any.
    """

    mutants: list[Mutant]
    folder: Path
    noticed: list[int] | None = None
    _has_failed: bool = False
    _running: str = ""
    _spent: dict[str, float] = field(default_factory=lambda: defaultdict(float))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note how a part of a test went."""
        self._has_failed |= report.failed
        self._spent[report.nodeid] += report.duration

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Try the mutants."""
        files = {mutant.file for mutant in self.mutants}
        loaded = _loaded(files)
        gc.freeze()  # a collection would have each forked process copy all that is loaded
        told = self.folder / "told.json"
        if session.testsfailed or forked([lambda: self._look(session.items, files, loaded, told)], 1) != [0]:
            return True
        by_statement: dict[Statement, list[pytest.Item]] = defaultdict(list)
        items = {item.nodeid: item for item in session.items}
        for test, statements in json.loads(told.read_text()):
            for file, line in statements:
                by_statement[file, line].append(items[test])
        self.noticed = []
        for number, mutant in enumerate(self.mutants):
            tests = by_statement.get((mutant.file, mutant.statement), session.items)
            if forked([lambda: self._try(mutant, loaded, tests)], 1) == [NOTICED]:  # noqa: B023 -- done before the next
                self.noticed.append(number)
        return True

    def _look(self, tests: list[pytest.Item], files: set[str], loaded: Loaded, told: Path) -> int:
        """Run every test, and write down which statements each of them runs: the quickest test first."""
        seen: dict[str, set[Statement]] = defaultdict(set)
        for file in files:
            for function in _patched(loaded, dict(_functions(probed(file)))):
                function.__globals__[PROBE] = lambda *statement: seen[self._running].add(statement)
        code = self._run(tests)
        quickest_first = sorted(seen, key=lambda test: self._spent[test])
        told.write_text(json.dumps([(test, list(seen[test])) for test in quickest_first]))
        return code

    def _try(self, mutant: Mutant, loaded: Loaded, tests: list[pytest.Item]) -> int:
        return self._run(tests) if _patched(loaded, dict(_functions(mutant.code))) else 0

    def _run(self, tests: list[pytest.Item]) -> int:
        """Run tests in this process until the first that fails."""
        for test, following in zip(tests, [*tests[1:], None], strict=True):
            self._running = test.nodeid
            test.ihook.pytest_runtest_protocol(item=test, nextitem=following)
            if self._has_failed:
                test.session._setupstate.teardown_exact(None)  # noqa: SLF001 -- what is for all of them: PostgreSQL
                return NOTICED
        return 0


def _loaded(files: set[str]) -> Loaded:
    """Return every function that these files made and that is as the file has it."""
    known = {place: code for file in files for place, code in _functions(unchanged(file).code)}
    functions = [found for found in gc.get_objects() if isinstance(found, FunctionType)]
    places = [(_place(function.__code__), function) for function in functions]
    return [(place, function) for place, function in places if known.get(place) == function.__code__]


def _patched(loaded: Loaded, changed: Codes) -> list[FunctionType]:
    """Give every function its changed code, where that differs, and return those that got one."""
    patched = []
    for place, function in loaded:
        if place in changed and changed[place] != function.__code__:
            function.__code__ = changed[place]
            patched.append(function)
    return patched


def _functions(code: CodeType) -> Iterator[tuple[Place, CodeType]]:
    """Yield all code that a module's code has inside."""
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield _place(constant), constant
            yield from _functions(constant)


def _place(code: CodeType) -> Place:
    return code.co_filename, code.co_qualname, code.co_firstlineno
