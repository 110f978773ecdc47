"""Two runs of one stack cannot both purge: on SQLite, and on a real PostgreSQL."""

import contextlib
import datetime
import multiprocessing
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, event

from erasure import clock
from erasure.ledger import Holder, Lease, LeaseHeld, Ledger, LedgerError
from erasure.ledger.lease import LASTING
from tests.postgres import Postgres

PATIENCE = 10  # seconds for what is to happen at once
NOON = datetime.datetime(2026, 11, 24, 12, tzinfo=datetime.UTC)
TAKEN, HELD = 0, 3  # how a process ended


class Runs:
    """Runs of one stack, each as in a process of its own: with its own ledger at the same place."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url = url
        self.folder = folder
        self.stack = f"mbs-erasure/{uuid.uuid4().hex}"
        self._leases: list[Lease] = []
        self._ledgers: list[Ledger] = []
        self._before = set(threading.enumerate())

    def ledger(self, stack: str = "") -> Ledger:
        one = Ledger(self.url, stack or self.stack, self.folder)
        self._ledgers.append(one)
        return one

    def lease(self, run: str, is_gone: Callable[[Holder], bool] = lambda _: False, stack: str = "") -> Lease:
        one = Lease(self.ledger(stack), {"run": run}, is_gone)
        self._leases.append(one)
        return one

    def taken(self, run: str, is_gone: Callable[[Holder], bool] = lambda _: False, stack: str = "") -> Lease:
        one = self.lease(run, is_gone, stack)
        one.take()
        return one

    def close(self) -> None:
        for lease in self._leases:
            with contextlib.suppress(LedgerError):
                lease.give_back()
        for thread in set(threading.enumerate()) - self._before:
            thread.join(PATIENCE)  # a renewal under way has a connection
        for ledger in self._ledgers:
            ledger.close()


@pytest.fixture(params=["sqlite", "postgres"])
def runs(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Runs]:
    """Return runs of a stack that nobody has a lease of."""
    url = "sqlite:///ledger.db"
    if request.param == "postgres":
        server: Postgres = request.getfixturevalue("postgres")
        url = server.url
    runs = Runs(url, tmp_path)
    yield runs
    runs.close()


@pytest.fixture
def on_sqlite(tmp_path: Path) -> Iterator[Runs]:
    """Return the same, where the database makes no difference."""
    runs = Runs("sqlite:///ledger.db", tmp_path)
    yield runs
    runs.close()


@pytest.fixture
def on_postgres(postgres: Postgres, tmp_path: Path) -> Iterator[Runs]:
    """Return the same, where only a database server has the moment."""
    runs = Runs(postgres.url, tmp_path)
    yield runs
    runs.close()


class Times:
    """The two clocks: `now` on the wall, and `passed` seconds that nobody sets."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = NOON
        self.passed = 1000.0
        monkeypatch.setattr(clock, "now", lambda: self.now)
        monkeypatch.setattr(time, "monotonic", lambda: self.passed)
        monkeypatch.setattr("erasure.ledger.lease._now", lambda _: self.now)  # a server's too
        monkeypatch.setattr("erasure.ledger.lease._pause", self.pause)
        self.on_pause: Callable[[], object] = lambda: None

    def pause(self, seconds: float) -> None:
        """Let that much pass, at once."""
        self.passed += seconds
        self.on_pause()

    def set(self, seconds: float) -> None:
        """Set the clock on the wall to so many seconds after noon."""
        self.now = NOON + datetime.timedelta(seconds=seconds)


@pytest.fixture
def times(monkeypatch: pytest.MonkeyPatch) -> Times:
    return Times(monkeypatch)


def is_over(lease: Lease) -> bool:
    try:
        with lease._ledger.writing() as connection:  # noqa: SLF001 -- the one that it is about
            lease.require(connection)
    except LedgerError as error:
        return "another run may have begun" in str(error)
    return False


def lease_thread(take: Callable[[], None]) -> threading.Thread:
    """Return the thread that keeps a lease which is taken."""
    before = set(threading.enumerate())
    take()
    (thread,) = {one for one in threading.enumerate() if one.name == "lease"} - before
    return thread


def test_a_second_run_does_not_get_the_lease_and_learns_who_has_it(runs: Runs, times: Times) -> None:
    first = runs.taken("first")
    times.set(20)
    with pytest.raises(LeaseHeld) as caught:
        runs.taken("second")
    assert str(caught.value).startswith("{'run': 'first'} since 2026-11-24T12:00:00")
    assert caught.value.holder == {"run": "first"}
    assert datetime.datetime.fromisoformat(caught.value.since) == NOON
    assert not is_over(first)


def test_the_next_run_gets_what_was_given_back(runs: Runs) -> None:
    first = runs.taken("first")
    first.give_back()
    second = runs.taken("second")
    assert (is_over(first), is_over(second)) == (True, False)


def test_who_never_took_it_has_none(runs: Runs) -> None:
    assert is_over(runs.lease("first"))


def test_a_holder_that_has_ended_is_followed_at_once(runs: Runs) -> None:
    runs.taken("first")
    asked: list[Holder] = []

    def is_gone(holder: Holder) -> bool:
        asked.append(holder)
        return True

    assert not is_over(runs.taken("second", is_gone))
    assert asked == [{"run": "first"}]


def test_a_run_that_another_followed_does_not_rely_on_its_lease_for_a_moment_more(runs: Runs) -> None:
    first = runs.taken("first")
    runs.taken("second", lambda _: True)
    assert is_over(first)


@pytest.mark.parametrize("direction", [1, -1], ids=["later", "the clock was set back"])
def test_a_lease_that_is_not_renewed_is_over_after_a_minute(runs: Runs, times: Times, direction: int) -> None:
    runs.taken("first")
    times.set(direction * LASTING)
    with pytest.raises(LeaseHeld):
        runs.taken("second")
    times.set(direction * (LASTING + 1))
    assert not is_over(runs.taken("second"))


def test_a_clock_that_is_off_takes_no_lease_that_is_renewed(on_sqlite: Runs, times: Times) -> None:
    first = on_sqlite.taken("first")
    times.set(LASTING + 1)
    told: list[Holder] = []

    def renew() -> None:
        if times.passed > 1009:
            with first._ledger.writing() as connection:  # noqa: SLF001 -- what its thread does
                first._renew(connection)  # noqa: SLF001 -- the same

    times.on_pause = renew
    with pytest.raises(LeaseHeld):
        Lease(on_sqlite.ledger(), {"run": "second"}, lambda _: False, told.append).take()
    assert told == [{"run": "first"}], "which is told, as it takes a while"
    assert times.passed == 1010, "seen renewed"
    assert not is_over(first)


def test_a_lease_is_taken_that_was_seen_unrenewed_for_as_long_as_it_lasts(on_sqlite: Runs, times: Times) -> None:
    on_sqlite.taken("first")
    times.set(LASTING + 1)
    assert not is_over(on_sqlite.taken("second"))
    assert times.passed == 1000 + LASTING + 1


def test_on_a_server_its_clock_counts(on_postgres: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    first = on_postgres.taken("first")
    for off in (-3600, 61, 3600):
        wrong = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=off)
        monkeypatch.setattr(clock, "now", lambda wrong=wrong: wrong)
        with pytest.raises(LeaseHeld):
            on_postgres.taken("second")
    assert not is_over(first)


def test_a_lease_lasts_long_enough_for_its_holder_to_notice_that_it_cannot_be_renewed(
    on_sqlite: Runs, times: Times
) -> None:
    first = on_sqlite.taken("first")
    times.passed += 30
    assert not is_over(first)
    times.passed += 0.5
    assert is_over(first)
    assert LASTING == 60, "which is well before another run would take it"


def test_a_lease_is_counted_from_before_it_was_written(
    on_sqlite: Runs, times: Times, monkeypatch: pytest.MonkeyPatch
) -> None:
    writing = Ledger.writing

    @contextlib.contextmanager
    def slowly(self: Ledger) -> Iterator[Connection]:
        with writing(self) as connection:
            yield connection
        times.passed += 31

    monkeypatch.setattr(Ledger, "writing", slowly)
    assert is_over(on_sqlite.taken("first"))


def test_giving_back_what_was_lost_takes_nothing_from_the_other(runs: Runs) -> None:
    first = runs.taken("first")
    second = runs.taken("second", lambda _: True)
    first.give_back()
    assert not is_over(second)
    with pytest.raises(LeaseHeld, match="second"):
        runs.taken("third")


def test_what_could_not_be_given_back_is_not_relied_on_any_more(
    on_sqlite: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = on_sqlite.taken("first")

    def fail(_self: Ledger) -> Iterator[Connection]:
        raise LedgerError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(Ledger, "writing", fail)
        with pytest.raises(LedgerError, match="the disk is full"):
            first.give_back()
    assert is_over(first)


def test_each_stack_has_its_lease(runs: Runs) -> None:
    other = f"{runs.stack}-other"
    one, two = runs.taken("same"), runs.taken("same", stack=other)
    one.give_back()
    assert (is_over(one), is_over(two)) == (True, False)
    with pytest.raises(LeaseHeld):
        runs.taken("third", stack=other)


@pytest.mark.parametrize("round_", range(5))
def test_of_several_threads_at_once_one_gets_it(runs: Runs, round_: int) -> None:
    del round_
    runs.ledger().require_writable()
    together, ends = threading.Barrier(4), list[str]()
    leases = [runs.lease(str(number)) for number in range(4)]

    def take(lease: Lease) -> None:
        together.wait(PATIENCE)
        try:
            lease.take()
            ends.append("taken")
        except LeaseHeld:
            ends.append("held")

    threads = [threading.Thread(target=take, args=[one]) for one in leases]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sorted(ends) == ["held", "held", "held", "taken"]
    assert [is_over(one) for one in leases].count(False) == 1


def take_in_a_process(url: str, stack: str, folder: Path, name: str) -> None:
    try:
        Lease(Ledger(url, stack, folder), {"run": name}, lambda _: False).take()
    except LeaseHeld:
        raise SystemExit(HELD) from None


def test_of_several_processes_at_once_one_gets_it(runs: Runs) -> None:
    context = multiprocessing.get_context("spawn")
    arguments = [(runs.url, runs.stack, runs.folder, str(number)) for number in range(3)]
    processes = [context.Process(target=take_in_a_process, args=one) for one in arguments]
    for one in processes:
        one.start()
    for one in processes:
        one.join()
    assert sorted(one.exitcode or 0 for one in processes) == [TAKEN, HELD, HELD]


def test_a_run_that_comes_between_a_look_and_its_entry_is_named(on_postgres: Runs) -> None:
    late = on_postgres.lease("late")
    ledger = late._ledger  # noqa: SLF001 -- the moment between two statements is not to be had otherwise
    quick: list[Lease] = []

    def be_quicker(*arguments: Any) -> None:  # noqa: ANN401 -- sqlalchemy's
        if "INSERT INTO leases" in arguments[2] and not quick:
            quick.append(on_postgres.taken("quick"))

    event.listen(ledger._engine, "before_cursor_execute", be_quicker)  # noqa: SLF001 -- the same
    with pytest.raises(LeaseHeld, match="quick"):
        late.take()
    assert [is_over(one) for one in (late, *quick)] == [True, False]


def test_a_lease_is_renewed_until_it_is_given_back(runs: Runs, times: Times, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("erasure.ledger.lease._RENEWAL", 0.01)
    renewed = Renewals(monkeypatch)
    first = runs.lease("first")
    thread = lease_thread(first.take)
    times.set(LASTING - 1)
    times.passed += 29
    renewed.wait_for(2)
    times.set(2 * LASTING - 2)
    times.passed += 29
    renewed.wait_for(2)
    assert not is_over(first)
    with pytest.raises(LeaseHeld) as caught:
        runs.taken("second")
    assert datetime.datetime.fromisoformat(caught.value.since) == times.now
    first.give_back()
    thread.join(PATIENCE)
    assert not thread.is_alive()


class Renewals:
    """Tells of renewals that are written; the first `failing` ones fail."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, failing: int = 0) -> None:
        self._done = threading.Condition()
        self._count = 0
        writing = Ledger.writing

        @contextlib.contextmanager
        def told(ledger: Ledger) -> Iterator[Connection]:
            nonlocal failing
            if threading.current_thread().name == "lease" and failing:
                failing -= 1
                raise LedgerError("the server is gone")
            with writing(ledger) as connection:
                yield connection
            if threading.current_thread().name == "lease":
                with self._done:
                    self._count += 1
                    self._done.notify_all()

        monkeypatch.setattr(Ledger, "writing", told)

    def wait_for(self, count: int) -> None:
        """Wait until so many more were written; one may have been under way already."""
        with self._done:
            aim = self._count + count
            assert self._done.wait_for(lambda: self._count >= aim, PATIENCE)


def test_a_renewal_that_fails_is_tried_again(on_sqlite: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("erasure.ledger.lease._RENEWAL", 0.01)
    renewed = Renewals(monkeypatch, failing=3)
    first = on_sqlite.taken("first")
    renewed.wait_for(1)
    assert not is_over(first)


def test_a_lost_lease_is_not_taken_again_when_the_other_run_has_ended(
    runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("erasure.ledger.lease._RENEWAL", 0.01)
    first = runs.lease("first")
    thread = lease_thread(first.take)
    second = runs.taken("second", lambda _: True)
    second.give_back()
    thread.join(PATIENCE)
    assert not thread.is_alive(), "nothing is left to be kept"
    assert is_over(first), "what the other run purged is not known to the first"
    assert not is_over(runs.taken("third"))


def test_a_renewal_under_way_does_not_outlast_the_giving_back(on_sqlite: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("erasure.ledger.lease._RENEWAL", 0.01)
    entered, may_go, writing = threading.Event(), threading.Event(), Ledger.writing

    @contextlib.contextmanager
    def held_up(self: Ledger) -> Iterator[Connection]:
        if threading.current_thread().name == "lease":
            entered.set()
            assert may_go.wait(PATIENCE)
        with writing(self) as connection:
            yield connection

    monkeypatch.setattr(Ledger, "writing", held_up)
    first = on_sqlite.lease("first")
    thread = lease_thread(first.take)
    assert entered.wait(PATIENCE)
    first.give_back()
    may_go.set()
    thread.join(PATIENCE)
    assert not thread.is_alive()
    assert not is_over(on_sqlite.taken("second"))


@pytest.mark.parametrize("call", [Lease.take, Lease.give_back])
def test_without_a_ledger_there_is_no_lease(on_sqlite: Runs, call: Callable[[Lease], None]) -> None:
    first = on_sqlite.lease("first")
    if call is not Lease.take:
        first.take()
    (on_sqlite.folder / "ledger.db").unlink(missing_ok=True)
    (on_sqlite.folder / "ledger.db").mkdir()
    with pytest.raises(LedgerError, match=r"ledger\.db"):
        call(first)
