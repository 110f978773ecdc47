"""How long one large inventory takes to be read and checked, and how much memory, in a process of its own.

`python -m bench.inventory_load FILE` reads it and prints the seconds, imports not counted.
"""

import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from bench.account import bindings, inventory
from bench.meter import Command, measure
from bench.results import InventoryLoad
from erasure.inventory import read_inventory

BINDINGS: Final = 100_000

_PROJECT: Final = Path(__file__).resolve().parent.parent
_LIMIT: Final = 300.0  # seconds
_LOOK: Final = 0.02  # seconds; the peak is short


def measure_inventory(number: int = BINDINGS) -> InventoryLoad:
    """Measure it. Raises RuntimeError where it cannot be read."""
    with tempfile.TemporaryDirectory(prefix="mbs-bench-") as folder:
        file = Path(folder) / "inventory.yaml"
        file.write_text(inventory(bindings(number)), encoding="utf-8")
        command = Command([sys.executable, "-m", "bench.inventory_load", str(file)], _PROJECT, os.environ)
        run = measure(command, lambda _: "other", _LIMIT, _LOOK)
    if run.code != 0:
        raise RuntimeError(f"the inventory was not read: {run.output}")
    said = json.loads(run.output)
    return InventoryLoad(bindings=said["bindings"], seconds=said["seconds"], peak_bytes=run.usage.peak_bytes)


def _main(file: Path) -> None:
    start = time.perf_counter()
    found = read_inventory(file)
    seconds = time.perf_counter() - start
    sys.stdout.write(json.dumps({"seconds": seconds, "bindings": len(found.entries)}))


if __name__ == "__main__":
    _main(Path(sys.argv[1]))
