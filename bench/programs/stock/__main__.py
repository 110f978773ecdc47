"""Declares a resource for each binding of bindings.json."""

import json
from pathlib import Path

from bench.programs.stock.binding import Binding

for one in json.loads(Path("bindings.json").read_text(encoding="utf-8")):
    Binding(f"{one['user']}/{one['destination']}/{one['computer']}", one)
