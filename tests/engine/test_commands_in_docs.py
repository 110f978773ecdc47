"""Every command that the documentation shows is run as it stands."""

import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from sandbox.running import RunningSandbox
from sandbox.workspace import PROJECT

DOCS = PROJECT / "docs"
HOW_TO = {
    "account": DOCS / "how-to/real-account.md",
    "customer": DOCS / "how-to/off-boarding.md",
    "request": DOCS / "how-to/erasure-request.md",
    "hold": DOCS / "how-to/hold.md",
}
COMPUTERS = ("CHARLIE-LAPTOP", "FRONT-DESK", "SERVER", "OFFICE")
INVENTORY = "version: 1\ncustomer: Acme Dental\nusers:\n  - id: user-1\n    computers:\n" + "".join(
    f"      - {{name: {name}, destinations: [d-1]}}\n" for name in COMPUTERS
)
BLOCK = re.compile(r"^```sh(?: +([^\n]*))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Clone:
    """A copy of the project as it stands, with an environment of its own."""

    folder: Path
    env: dict[str, str]

    def run(self, script: str) -> None:
        """Run a script of bash to its end; a command of it that fails ends it, and the test."""
        done = subprocess.run(
            ["bash", "-c", f"set -euo pipefail\ntrap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n{script}"],
            cwd=self.folder,
            env=self.env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        assert done.returncode == 0, f"{script}\n{done.stdout}\n{done.stderr}"


@pytest.fixture
def clone(pulumi: Path, tmp_path: Path) -> Clone:
    folder = tmp_path / "clone"
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    for name in subprocess.run(listed, cwd=PROJECT, capture_output=True, text=True, check=True).stdout.split("\0"):
        if name and (PROJECT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(PROJECT / name, folder / name)
    (folder / ".venv").symlink_to(PROJECT / ".venv")
    os.utime(folder / "requirements-dev.txt", (0, 0))  # so that `make setup` finds what is installed
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PULUMI_", "MBS_", "CI"))}
    home = tmp_path / "home"
    home.mkdir()
    own = {
        "HOME": str(home),
        "PATH": f"{pulumi.parent}:{Path(sys.executable).parent}:{kept.get('PATH', os.defpath)}",
        "PULUMI_HOME": str(home / ".pulumi"),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
    }
    return Clone(folder, kept | own)


@pytest.fixture
def account() -> Iterator[RunningSandbox]:
    with RunningSandbox() as sandbox:
        for name in COMPUTERS:
            sandbox.add("user-1", "d-1", name)
        yield sandbox


def script_of(page: Path) -> str:
    """Return the commands of a page as one script that fails where one exits otherwise than the page says."""
    parts = []
    for about, commands in BLOCK.findall(page.read_text(encoding="utf-8")):
        expected = dict(part.split("=") for part in about.split()).get("exit")
        if expected is None:
            parts.append(commands)
        else:
            parts.append(f"set +e\n{commands}status=$?\nset -e\ntest $status -eq {expected}\n")
    assert parts
    return "".join(parts)


def test_the_tutorial_can_be_followed_to_its_end(clone: Clone) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    before = sorted(path.relative_to(clone.folder) for path in clone.folder.rglob("*") if path.is_file())
    clone.run(script_of(DOCS / "tutorial.md").replace("8787", str(port)))
    left = sorted(path.relative_to(clone.folder) for path in clone.folder.rglob("*") if path.is_file())
    assert [path for path in left if "__pycache__" not in path.parts] == before


@pytest.mark.parametrize("setting", HOW_TO)
def test_a_how_to_page_does_what_it_says(clone: Clone, account: RunningSandbox, setting: str) -> None:
    state = clone.folder / ".state"
    state.mkdir()
    clone.env.update(PULUMI_BACKEND_URL=f"file://{state}", PULUMI_CONFIG_PASSPHRASE="x", MBS_ENDPOINT=account.url)
    (clone.folder / "inventory/acme.yaml").write_text(INVENTORY)
    if setting == "account":
        clone.env.update(LOGIN=account.login, PASSWORD=account.password, LEDGER="sqlite:///lasting.db")
    else:
        clone.env.update(MBS_LOGIN=account.login, MBS_PASSWORD=account.password)
        clone.run("pulumi stack init acme\npulumi up --yes --skip-preview")
    clone.run(script_of(HOW_TO[setting]))
    purged = [pair["ComputerName"] for one in account.requests("DELETE") for pair in one.body]
    expected = {"account": [], "customer": sorted(COMPUTERS), "request": ["CHARLIE-LAPTOP"], "hold": ["CHARLIE-LAPTOP"]}
    assert sorted(purged) == expected[setting]


def test_every_page_with_commands_is_run() -> None:
    pages = {page for page in DOCS.rglob("*.md") if BLOCK.search(page.read_text(encoding="utf-8"))}
    assert pages == {DOCS / "tutorial.md", *HOW_TO.values()}
