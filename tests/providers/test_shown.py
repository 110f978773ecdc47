"""What a preview leaves for the update of the same engine, and what an update makes of it."""

import os
import tempfile
from pathlib import Path

import psutil
import pytest

from providers import shown


class Engine:
    """An engine above this process: this process itself, with another command line."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self.started = 1.0
        self.words = ["pulumi", "up"]

    def create_time(self) -> float:
        return self.started

    def cmdline(self) -> list[str]:
        if not self.words:
            raise psutil.AccessDenied
        return self.words


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """Have an engine, and a place for what its preview leaves."""
    above = Engine()
    monkeypatch.setattr(shown, "engine", lambda: above)
    monkeypatch.setattr(shown, "started", lambda process: process.create_time())
    monkeypatch.setattr(tempfile, "gettempdir", lambda: str(tmp_path))
    return above


def test_what_was_shown_is_done_and_nothing_else(engine: Engine) -> None:
    shown.leave("sha256:a")
    assert shown.why_not_shown("sha256:a") is None
    shown.leave("sha256:a")
    assert shown.why_not_shown("sha256:b") == "what this update would purge is not what its preview showed"
    assert engine.words


def test_what_was_shown_counts_once_and_for_its_own_engine_alone(engine: Engine) -> None:
    shown.leave("sha256:a")
    engine.started = 2.0
    assert shown.why_not_shown("sha256:a") == "what the preview of this update showed is not known"
    engine.started = 1.0
    assert shown.why_not_shown("sha256:a") is None
    assert shown.why_not_shown("sha256:a") is not None


def test_only_this_user_reads_what_was_left(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown.leave("sha256:a")
    (folder,) = tmp_path.iterdir()
    assert folder.stat().st_mode & 0o777 == 0o700
    other = os.getuid() + 1
    monkeypatch.setattr(os, "getuid", lambda: other)
    folder.rename(folder.with_name(f"mbs-erasure-shown-{os.getuid()}"))
    assert shown.why_not_shown("sha256:a") is not None
    assert engine.words


def place(folder: Path) -> Path:
    """Return the folder in which a digest is left."""
    return folder / f"mbs-erasure-shown-{os.getuid()}"


def test_a_folder_that_is_a_link_is_neither_written_to_nor_tidied_nor_believed(engine: Engine, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir(mode=0o700)
    (other / "999999999").write_text("precious")
    place(tmp_path).symlink_to(other)
    shown.leave("sha256:a")
    assert [file.name for file in other.iterdir()] == ["999999999"]
    (other / f"{engine.pid}-1.00").write_text("sha256:a")
    assert shown.why_not_shown("sha256:a") is not None


@pytest.mark.parametrize("mode", [0o710, 0o701, 0o770, 0o777])
def test_a_folder_that_others_may_enter_is_neither_written_to_nor_believed(
    engine: Engine, tmp_path: Path, mode: int
) -> None:
    place(tmp_path).mkdir()
    place(tmp_path).chmod(mode)
    shown.leave("sha256:a")
    assert list(place(tmp_path).iterdir()) == []
    (place(tmp_path) / f"{engine.pid}-1.00").write_text("sha256:a")
    assert shown.why_not_shown("sha256:a") is not None


def test_an_engine_that_cannot_be_looked_at_showed_nothing_that_is_known(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(_: object) -> float:
        raise psutil.AccessDenied

    monkeypatch.setattr(shown, "started", denied)
    shown.leave("sha256:a")
    assert shown.why_not_shown("sha256:a") is not None
    assert engine.words


def test_what_ended_engines_left_is_forgotten(engine: Engine, tmp_path: Path) -> None:
    shown.leave("sha256:a")
    (folder,) = tmp_path.iterdir()
    (folder / "999999999-1.00").write_text("sha256:b")
    (folder / "notes").write_text("somebody's")
    shown.leave("sha256:a")
    assert sorted(file.name for file in folder.iterdir()) == [f"{engine.pid}-1.00", "notes"]


@pytest.mark.parametrize(
    ("words", "environment", "is_to_show"),
    [
        (["up"], {}, True),
        (["update", "--yes"], {}, True),
        (["-C", "folder", "up", "-y"], {}, True),
        (["up", "--skip-preview=false"], {}, True),
        (["up", "--skip-preview"], {}, False),
        (["up", "--skip-preview=true"], {}, False),
        (["up", "-yf"], {}, False),
        (["up", "-fy"], {}, False),
        (["up", "-sbluff"], {}, True),
        (["up", "--skip-preview=1"], {}, False),
        (["--otel-traces", "file:traces", "up"], {}, True),
        (["up", "--plan", "saved.json"], {}, False),
        (["up", "--plan=saved.json"], {}, False),
        (["up"], {"PULUMI_OPTION_SKIP_PREVIEW": "true"}, False),
        (["up"], {"PULUMI_OPTION_SKIP_PREVIEW": "false"}, True),
        (["up"], {"PULUMI_OPTION_PLAN": "saved.json"}, False),
        (["refresh", "--run-program"], {}, False),
        ([], {}, True),
    ],
)
def test_an_update_that_was_to_show_a_preview_needs_one(
    engine: Engine,
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
    environment: dict[str, str],
    is_to_show: bool,
) -> None:
    engine.words = words and ["/usr/bin/.pulumi-wrapped", *words]
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert (shown.why_not_shown("sha256:a") is not None) is is_to_show


@pytest.mark.parametrize(
    ("words", "is_watched"),
    [(["watch"], True), (["--color", "never", "watch"], True), (["up", "watch"], False), (["up"], False), ([], False)],
)
def test_a_watch_is_known_by_its_command(engine: Engine, words: list[str], is_watched: bool) -> None:
    engine.words = words and ["pulumi", *words]
    assert shown.is_watched() is is_watched


def test_where_no_engine_is_found_nothing_is_left_and_nothing_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shown, "engine", lambda: None)
    shown.leave("sha256:a")
    assert shown.why_not_shown("sha256:a") is None
    assert not shown.is_watched()
