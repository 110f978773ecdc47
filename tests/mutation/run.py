"""Shows that the tests notice every mutant of the gate: `python -m tests.mutation.run [FILE ...]`.

The heavy packages are loaded once. Most mutants are noticed the quick way; each that is not gets a process of its own,
in which the mutated file stands in for the real one, and all its tests run until the first that fails.
"""

import importlib.abc
import importlib.machinery
import importlib.util
import io
import json
import os
import sys
import tempfile
from collections import defaultdict
from contextlib import redirect_stderr, redirect_stdout
from functools import partial
from pathlib import Path
from types import ModuleType

# Loaded before the forks, so that each of them need not.
import pulumi.dynamic
import pydantic
import pytest
import requests
import rich.filesize
import sqlalchemy

from tests.mutation.mutants import PROJECT, Mutant, mutants, unchanged
from tests.mutation.quick import NOTICED, Quick, forked

LOADED = (pulumi, pydantic, requests, rich, sqlalchemy)
GATE = {
    "policies/rules.py": ["tests/policies", "tests/providers/test_providers.py", "tests/providers/test_flows.py"],
    "policies/judge.py": ["tests/policies"],
    "erasure/files/approvals.py": ["tests/policies/test_approval.py", "tests/erasure/test_approvals.py"],
    "erasure/plan.py": ["tests/erasure/test_plan.py", "tests/policies", "tests/providers"],
    "erasure/ledger/life.py": [
        "tests/erasure/test_life.py",
        "tests/erasure/test_ledger.py",
        "tests/erasure/test_verdicts.py",
        "tests/erasure/test_receipt.py",
    ],
    "erasure/verdict.py": ["tests/erasure/test_verdicts.py", "tests/erasure/test_verification.py"],
    "providers/operation.py": [
        "tests/providers/test_operation.py",
        "tests/providers/test_providers.py",
        "tests/providers/test_flows.py",
        "tests/providers/test_batches.py",
    ],
    "providers/checking.py": ["tests/providers"],
    "providers/purge_plan.py": ["tests/providers"],
    "providers/judgement.py": ["tests/providers"],
    "providers/shown.py": ["tests/providers/test_shown.py"],
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

_FAILED_ALREADY = 3


def left_by_the_quick_way(every: list[Mutant], at_once: int) -> list[Mutant] | None:
    """Return the mutants that have to be tried the slow way, or None where tests fail without a mutant."""
    by_tests: dict[tuple[str, ...], list[Mutant]] = defaultdict(list)
    for mutant in every:
        by_tests[tuple(GATE[mutant.file])].append(mutant)
    groups = sorted(by_tests.values(), key=len, reverse=True)
    with tempfile.TemporaryDirectory() as name:
        folders = [Path(name) / str(number) for number in range(len(groups))]
        jobs = [partial(_try_quickly, *each) for each in zip(groups, folders, strict=True)]
        if any(code != 0 for code in forked(jobs, at_once)):
            return None
        noticed = [set(json.loads((folder / "noticed.json").read_text())) for folder in folders]
    return [
        mutant
        for group, numbers in zip(groups, noticed, strict=True)
        for number, mutant in enumerate(group)
        if number not in numbers
    ]


def survivors(every: list[Mutant], at_once: int) -> list[Mutant]:
    """Return the mutants with which all their tests pass, each with its module loaded anew."""
    codes = forked([partial(_tests_fail, mutant) for mutant in every], at_once)
    return [mutant for mutant, code in zip(every, codes, strict=True) if code == 0]


def _try_quickly(group: list[Mutant], folder: Path) -> int:
    folder.mkdir()
    os.environ["PYTEST_DEBUG_TEMPROOT"] = str(folder)
    quick = Quick(group, folder)
    _pytest(["-s", *GATE[group[0].file]], quick)
    if quick.noticed is None:
        return _FAILED_ALREADY
    (folder / "noticed.json").write_text(json.dumps(quick.noticed))
    return 0


def _tests_fail(mutant: Mutant) -> int:
    sys.meta_path.insert(0, _Stand(mutant))
    sys.dont_write_bytecode = True
    return NOTICED if _pytest(["-x", *GATE[mutant.file]]) != 0 else 0


def _pytest(arguments: list[str], *plugins: object) -> int:
    options = ["-q", "-p", "no:cacheprovider", "-p", "no:xdist", "--timeout=60"]
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        return pytest.main([*options, *arguments], plugins=plugins)


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
        """Run the mutated code as that module."""
        exec(self._mutant.code, module.__dict__)  # noqa: S102 -- our own source


def main(files: list[str]) -> int:
    """Run every mutant of these files, or of the whole gate; exit 1 where one survives."""
    os.chdir(PROJECT)
    at_once = os.cpu_count() or 1
    every = [mutant for file in files or GATE for mutant in mutants(file) if not _is_elsewhere(mutant)]
    left = left_by_the_quick_way(every, at_once)
    as_they_are = [unchanged(file) for file in {mutant.file for mutant in left or []}]
    if left is None or len(survivors(as_they_are, at_once)) != len(as_they_are):
        print("the tests fail already without a mutant")  # noqa: T201 -- its output
        return 1
    alive = survivors(left, at_once)
    for mutant in alive:
        print(f"survived: {mutant}")  # noqa: T201 -- its output
    print(f"{len(every)} mutants, {len(every) - len(alive)} noticed")  # noqa: T201 -- its output
    return 1 if alive else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
