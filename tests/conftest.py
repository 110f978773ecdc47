"""What every test may need: the engine, once made by `make setup`."""

import subprocess
import sys
from pathlib import Path

import pytest

from engine.workspace import PROJECT


@pytest.fixture(scope="session")
def pulumi() -> Path:
    """Return the engine that `engine/ensure` finds."""
    command = [sys.executable, str(PROJECT / "engine/ensure")]
    return Path(subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip())
