"""Ten thousand inventories, right, wrong and hostile."""

import re
import subprocess
import sys

import pytest

from sandbox.workspace import PROJECT


@pytest.mark.parametrize("seed", [1, 2])
def test_every_generated_inventory_round_trips_or_is_refused_with_file_and_line(seed: int) -> None:
    command = [sys.executable, "-m", "tests.laws.fuzz", "5000", str(seed)]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    counts = re.fullmatch(r"(\d+) taken, (\d+) refused\n", done.stdout)
    assert counts is not None
    assert int(counts[1]) > 200, "the fuzzer makes good inventories as well"
    assert int(counts[2]) > 200
