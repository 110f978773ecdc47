"""A part of what `make mutants` shows of the whole gate: the judgement."""

import subprocess
import sys

from tests.mutation.mutants import PROJECT

QUICK = ("policies/judge.py",)


def test_every_mutant_of_the_judgement_is_noticed() -> None:
    command = [sys.executable, "-m", "tests.mutation.run", *QUICK]
    shown = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert shown.returncode == 0, shown.stdout + shown.stderr
    assert "mutants, " in shown.stdout
