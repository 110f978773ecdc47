"""The process: `python -m sandbox serve`."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import click
import pytest
import requests

from sandbox.account import count
from sandbox.cli import main, run
from sandbox.running import RunningSandbox, SandboxFailed
from sandbox.sandbox import Login, Sandbox
from sandbox.seed import named_seed
from sandbox.store import Store, UnusableDatabase
from tests.sandbox.conftest import COMPUTER, DESTINATION, USER, Api


@pytest.fixture(scope="module")
def another() -> Iterator[RunningSandbox]:
    with RunningSandbox() as sandbox:
        yield sandbox


@pytest.fixture
def own(another: RunningSandbox) -> RunningSandbox:
    """Return a sandbox that a test may stop."""
    another.start()
    another.reset()
    return another


def ask_for_ever(url: str) -> None:
    while True:
        requests.get(url, timeout=30)


def test_defaults_are_those_of_the_documentation() -> None:
    options = [one for one in main.commands["serve"].params if isinstance(one, click.Option) and not one.hidden]
    assert {option.name: option.default for option in options} == {
        "port": 8787,
        "db": "sandbox.db",
        "purge_delay": "24h",
        "latency": "0ms",
        "login": "sandbox",
        "password": "sandbox-password",
        "seed": "demo",
    }


def test_database_is_continued_after_a_stop(own: RunningSandbox) -> None:
    api = Api(own)
    with api.session:
        own.reset()
        own.add(USER, DESTINATION, COMPUTER)
        own.change_settings(unknown_id="404", latency="1ms")
        own.move_clock("2h")
        api.purge(COMPUTER)
        requests_before, state = own.requests(), own.state()
        url = own.url
        assert own.stop() == 0
        with closing(sqlite3.connect(own.database)) as database:
            assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        own.start()
        assert own.url == url
        assert own.requests() == requests_before
        assert own.state().model_copy(update={"now": state.now}) == state
        assert (own.settings().unknown_id, own.settings().latency) == ("404", timedelta(milliseconds=1))
        assert (own.clock().now - own.clock().real).total_seconds() > 7000
        assert api.get("Users").status_code == 200
        assert own.requests()[-1].sequence == requests_before[-1].sequence + 1
        own.move_clock("24h")
        assert api.listing() == []


def test_it_ends_at_once_and_without_complaint_while_requests_are_under_way(own: RunningSandbox) -> None:
    api = Api(own)
    own.inject("delay", delay="1h")
    ended: list[type[Exception]] = []

    def wait() -> None:
        try:
            api.get("Users")
        except requests.ConnectionError as error:
            ended.append(type(error))

    thread = threading.Thread(target=wait)
    with api.session:
        thread.start()
        while len(own.requests()) < 2:
            pass
        os.kill(own.pid, signal.SIGINT)
        thread.join()
    assert own.stop() == 130
    assert ended
    assert own.log == ""


def test_it_ends_with_whoever_started_it(tmp_path: Path) -> None:
    program = (
        "import os; from sandbox.running import RunningSandbox\n"
        "sandbox = RunningSandbox().__enter__()\n"
        "print(sandbox.url, sandbox.pid, flush=True)\n"
        "os._exit(9)"
    )
    # What the starter made in the temporary folder stays when it dies.
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "TMPDIR": str(tmp_path)}
    started = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    url, _ = started.stdout.split()
    with pytest.raises(requests.ConnectionError):
        ask_for_ever(f"{url}/_sandbox/clock")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("text.db", "cannot be used as a database"),
        ("other.db", "is not a sandbox's database"),
        ("missing/sandbox.db", "cannot be used as a database"),
        ("old.db", "was made by another version"),
    ],
)
def test_file_that_is_no_database_of_a_sandbox_is_left_alone(tmp_path: Path, name: str, reason: str) -> None:
    (tmp_path / "text.db").write_text("no database, but text that is longer than a database's header" * 20)
    for file, pragma in (("other.db", "user_version = 1"), ("old.db", f"application_id = {0x4D425353}")):
        with closing(sqlite3.connect(tmp_path / file)) as other:
            other.execute(f"PRAGMA {pragma}")
            other.execute("CREATE TABLE customers (name TEXT)")
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    with pytest.raises(UnusableDatabase, match=reason):
        Store(tmp_path / name)
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before


def test_port_in_use_ends_it_with_a_sentence_before_a_database_is_made(
    server: RunningSandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("signal.signal", lambda *_: None)
    with pytest.raises(SystemExit) as ended:
        run(["serve", "--port", str(server.port), "--db", str(tmp_path / "new.db")])
    assert ended.value.code == 1
    assert f"port {server.port} cannot be listened on" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_start_that_fails_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.executable", shutil.which("false"))
    with pytest.raises(SandboxFailed, match="did not start"), RunningSandbox():
        pass


def test_wrong_command_line_ends_it_with_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        run(["serve", "--purge-delay", "soon"])
    assert ended.value.code == 1
    assert "'soon' is no duration" in capsys.readouterr().err


def test_command_line_passes_on_what_was_given_and_no_default(monkeypatch: pytest.MonkeyPatch) -> None:
    given = []

    def refuse(*arguments: object) -> Sandbox:
        given.append(arguments[-1])
        raise UnusableDatabase

    monkeypatch.setattr("sandbox.cli.Sandbox", refuse)
    monkeypatch.setattr("signal.signal", lambda *_: None)
    for options in ([], ["--latency", "0ms"], ["--purge-delay", "90s"]):
        with pytest.raises(SystemExit):
            run(["serve", "--port", "0", *options])
    assert given == [{}, {"latency": timedelta(0)}, {"purge_delay": timedelta(seconds=90)}]


def test_what_the_command_line_gives_counts_for_a_database_that_exists_and_a_default_does_not(tmp_path: Path) -> None:
    fill = named_seed("demo")
    login = Login("sandbox", "sandbox-password")
    delays, users = [], []
    for given in ({"purge_delay": timedelta(hours=1)}, {}, {"purge_delay": timedelta(hours=2)}, {}):
        sandbox = Sandbox(tmp_path / "sandbox.db", login, fill, given)
        delays.append(sandbox.settings.purge_delay // timedelta(hours=1))
        with sandbox.transaction() as session:
            users.append(count(session).users)
        sandbox.close()
    assert delays == [1, 1, 2, 2]
    assert users == [12, 12, 12, 12]
