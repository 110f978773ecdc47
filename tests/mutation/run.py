"""Shows that the tests notice every mutant of the gate: `python -m tests.mutation.run [FILE ...]`.

The heavy packages are loaded once; each mutant gets a process forked from there, in which the mutated file stands in
for the real one, and the quick tests run until the first that fails.
"""

import importlib.abc
import importlib.machinery
import importlib.util
import io
import os
import sys
from contextlib import redirect_stderr, redirect_stdout
from types import ModuleType

# Loaded before the forks, so that each of them need not.
import pulumi.dynamic
import pydantic
import pytest
import requests
import rich.filesize
import sqlalchemy

from tests.mutation.mutants import PROJECT, Mutant, mutants

LOADED = (pulumi, pydantic, requests, rich, sqlalchemy)
GATE = {
    "policies/rules.py": ["tests/policies"],
    "policies/judge.py": ["tests/policies"],
    "erasure/files/approvals.py": ["tests/policies/test_approval.py", "tests/erasure/test_approvals.py"],
    "erasure/plan.py": ["tests/erasure/test_plan.py", "tests/policies", "tests/providers"],
    "erasure/ledger/life.py": ["tests/erasure/test_ledger.py"],
    "providers/operation.py": [
        "tests/providers/test_providers.py",
        "tests/providers/test_flows.py",
        "tests/providers/test_batches.py",
    ],
    "providers/purge_plan.py": ["tests/providers"],
    "providers/judgement.py": ["tests/providers"],
    "providers/record.py": ["tests/providers"],
    "providers/batches.py": ["tests/providers/test_batches.py"],
    "providers/sending.py": ["tests/providers/test_sending.py"],
    "providers/engine.py": ["tests/providers/test_engine_above.py"],
    "mbs/pace.py": ["tests/mbs/test_pace.py"],
    "erasure/ledger/lease.py": ["tests/erasure/test_lease.py"],
    "erasure/ledger/ledger.py": ["tests/erasure/test_ledger.py", "tests/erasure/test_ledger_on_postgres.py"],
    "providers/export.py": ["tests/providers/test_export.py"],
}

# Mutants that only the real engine notices: what they change is declared in the program's process.
ELSEWHERE = ("providers/purge_plan.py", "not called: super().__init__(")


def survivors(every: list[Mutant], at_once: int) -> list[Mutant]:
    """Return the mutants with which all their tests pass. Forks from this one thread alone."""
    waiting, running, alive = iter(every), dict[int, Mutant](), list[Mutant]()
    while True:
        while len(running) < at_once and (mutant := next(waiting, None)) is not None:
            child = os.fork()
            if child == 0:
                os._exit(_tests_fail(mutant))
            running[child] = mutant
        if not running:
            return alive
        child, status = os.wait()
        mutant = running.pop(child)
        if os.waitstatus_to_exitcode(status) == 0:
            alive.append(mutant)


def _tests_fail(mutant: Mutant) -> int:
    sys.meta_path.insert(0, _Stand(mutant))
    sys.dont_write_bytecode = True
    arguments = ["-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "--timeout=60", *GATE[mutant.file]]
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        return 1 if pytest.main(arguments) != 0 else 0


def _is_elsewhere(mutant: Mutant) -> bool:
    file, change = ELSEWHERE
    return mutant.file == file and mutant.change.startswith(change)


class _Stand(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Loads the mutant in place of its file's module."""

    def __init__(self, mutant: Mutant) -> None:
        self._mutant = mutant
        self._name = mutant.file.removesuffix(".py").replace("/", ".")

    def find_spec(
        self, fullname: str, path: object, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Find the one module."""
        del path, target
        return importlib.util.spec_from_loader(fullname, self) if fullname == self._name else None

    def exec_module(self, module: ModuleType) -> None:
        """Run the mutated source as that module."""
        exec(compile(self._mutant.source, self._mutant.file, "exec"), module.__dict__)  # noqa: S102 -- our own source


def main(files: list[str]) -> int:
    """Run every mutant of these files, or of the whole gate; exit 1 where one survives."""
    os.chdir(PROJECT)
    every = [one for file in files or GATE for one in mutants(file) if not _is_elsewhere(one)]
    unchanged = [Mutant(file, 0, "unchanged", (PROJECT / file).read_text()) for file in files or GATE]
    if len(survivors(unchanged, os.cpu_count() or 1)) != len(unchanged):
        print("the tests fail already without a mutant")  # noqa: T201 -- its output
        return 1
    alive = survivors(every, os.cpu_count() or 1)
    for one in alive:
        print(f"survived: {one}")  # noqa: T201 -- its output
    print(f"{len(every)} mutants, {len(every) - len(alive)} noticed")  # noqa: T201 -- its output
    return 1 if alive else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
