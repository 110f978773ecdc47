"""The README's pictures: made by a script, of this program, and there."""

import re
from pathlib import Path

import pytest

from sandbox.workspace import PROJECT
from tests.pictures import pictures


@pytest.mark.usefixtures("pulumi", "chromium_path")
def test_the_readme_shows_every_picture_that_the_script_makes(tmp_path: Path) -> None:
    pictures(tmp_path)
    made = {one.name: one.read_bytes() for one in tmp_path.iterdir()}
    assert all(one.startswith(b"\x89PNG") for one in made.values())
    shown = re.findall(r"!\[[^\]]+\]\((docs/pictures/[^)]+)\)", (PROJECT / "README.md").read_text())
    assert sorted(shown) == sorted(f"docs/pictures/{name}" for name in made)
    assert all((PROJECT / one).read_bytes().startswith(b"\x89PNG") for one in shown)
