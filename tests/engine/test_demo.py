"""`make demo`, as somebody runs it whose shell drives another Pulumi project."""

import os
import subprocess
import sys
from pathlib import Path

from sandbox.workspace import PROJECT


def test_the_demo_ends_well_and_disturbs_nobody(pulumi: Path, tmp_path: Path) -> None:
    home = tmp_path / "somebody"
    home.mkdir()
    foreign = {
        "PATH": f"{pulumi.parent}{os.pathsep}{os.environ['PATH']}",
        "PULUMI_HOME": str(home),
        "PULUMI_BACKEND_URL": "https://pulumi.example",
        "PULUMI_STACK": "production",
        "PULUMI_CONFIG_PASSPHRASE": "theirs",
        "PULUMI_ACCESS_TOKEN": "theirs",
        "MBS_ENDPOINT": "https://api.example",
        "MBS_TOKEN": "theirs",
    }
    before = _tree()
    demo = subprocess.run(
        [sys.executable, "-m", "sandbox", "demo"],
        cwd=PROJECT,
        env={**os.environ, **foreign},
        capture_output=True,
        text=True,
        check=False,
    )
    assert demo.returncode == 0, demo.stdout + demo.stderr
    assert demo.stdout.count("DELETE /api/Users/") == 2
    assert "the account received 0 DELETE" in demo.stdout
    assert list(home.iterdir()) == []
    assert _tree() == before


def _tree() -> set[str]:
    """Return what is in the checkout, besides caches of Python and of tools."""
    found = subprocess.run(
        ["git", "ls-files", "--others", "--exclude-standard", "--directory"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    )
    return {*found.stdout.splitlines(), *(path.name for path in PROJECT.glob(".demo-*"))}
