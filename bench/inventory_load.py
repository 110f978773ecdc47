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
from bench.meter import measure
from bench.results import InventoryLoad
from erasure.files.inventory import read_inventory

_BINDINGS: Final = 100_000
_PROJECT: Final = Path(__file__).resolve().parent.parent
_LIMIT: Final = 300.0  # seconds
_LOOK: Final = 0.02  # seconds; the peak is short


def measure_inventory() -> InventoryLoad:
    """Measure it. Raises RuntimeError where it cannot be read."""
    with tempfile.TemporaryDirectory(prefix="mbs-bench-") as folder:
        file = Path(folder) / "inventory.yaml"
        file.write_text(inventory(bindings(_BINDINGS)), encoding="utf-8")
        run = measure([sys.executable, "-m", "bench.inventory_load", str(file)], _PROJECT, os.environ, _LIMIT, _LOOK)
    if run.code != 0:
        raise RuntimeError(f"the inventory was not read: {run.output}")
    return InventoryLoad(**json.loads(run.output), peak_bytes=run.usage.peak_bytes)


if __name__ == "__main__":
    start = time.perf_counter()
    found = read_inventory(Path(sys.argv[1]))
    sys.stdout.write(json.dumps({"seconds": time.perf_counter() - start, "bindings": len(found.entries)}))
