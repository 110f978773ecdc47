"""Which purges go together, how many are under way, and which run may begin them."""

import atexit
import queue
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from erasure.errors import Refusal
from erasure.files.inventory import Entry
from erasure.ledger import Lease, LeaseHeld, Ledger, LedgerError
from erasure.plan import Bound, PlanRequest
from providers import batches, operation
from providers.batches import Batches, Send
from providers.binding import BindingProvider, bound_of
from providers.purge_plan import PurgePlanProvider
from tests.providers.conftest import FakeAccount, begin_operation
from tests.providers.test_providers import adopt, listed

PATIENCE = 10  # seconds for what is to happen at once


def bound(user: str, computer: str = "PC") -> Bound:
    one = Bound(id="", user=user, destination="d", computer=computer, endpoint="https://api.example", life="1")
    return one.model_copy(update={"id": one.identity.id})


def of_users(count: int) -> list[Bound]:
    return [bound(f"u-{number}") for number in range(count)]


class Sending:
    """A `send` that notes what it is given, and returns once it is let go."""

    def __init__(self) -> None:
        self.begun: list[list[str]] = []
        self.errors: dict[str, BaseException | None] = {}
        self._change = threading.Condition()
        self._is_held = True

    def __call__(self, batch: list[Bound]) -> Mapping[str, BaseException | None]:
        with self._change:
            self.begun.append([one.id for one in batch])
            self._change.notify_all()
            assert self._change.wait_for(lambda: not self._is_held, PATIENCE)
        return {one.id: self.errors.get(one.id) for one in batch}

    def let_go(self) -> None:
        with self._change:
            self._is_held = False
            self._change.notify_all()

    def wait_for(self, count: int) -> None:
        with self._change:
            assert self._change.wait_for(lambda: len(self.begun) >= count, PATIENCE)

    @property
    def users(self) -> set[str]:
        return {one.partition("/")[0] for ids in self.begun for one in ids}


@pytest.fixture
def sending() -> Iterator[Sending]:
    """Return a `send` that holds back what it is given, until the test ends."""
    one = Sending()
    yield one
    one.let_go()


class Engine:
    """The four threads in which the engine's deletions come; one that never ends keeps nobody waiting."""

    def __init__(self) -> None:
        self._deletions = queue.SimpleQueue[tuple[Batches, Bound, Future[None]] | None]()
        for _ in range(4):
            threading.Thread(target=self._serve, daemon=True).start()

    def delete(self, batches: Batches, one: Bound) -> Future[None]:
        end = Future[None]()
        self._deletions.put((batches, one, end))
        return end

    def end(self) -> None:
        for _ in range(4):
            self._deletions.put(None)

    def _serve(self) -> None:
        while (deletion := self._deletions.get()) is not None:
            batches, one, end = deletion
            try:
                batches.purge(one)
            except BaseException as error:  # noqa: BLE001 -- whatever it is, it is of interest
                end.set_exception(error)
            else:
                end.set_result(None)


@pytest.fixture
def engine() -> Iterator[Engine]:
    one = Engine()
    yield one
    one.end()


def finish(batches: Batches) -> None:
    """Wait for everything that was begun, also what would wait for its turn."""
    batches._pool.shutdown()  # noqa: SLF001 -- nothing else tells that nothing more will begin


def purged(engine: Engine, send: Send, eligible: list[Bound], *deleted: Bound, concurrency: int = 4) -> list[str]:
    """Delete these, one after the other, wait for whatever was begun, and say how each deletion failed."""
    batches = Batches(send, eligible, concurrency)
    errors = [engine.delete(batches, one).exception(PATIENCE) for one in deleted]
    finish(batches)
    return ["" if one is None else f"{type(one).__name__}: {one}" for one in errors]


def test_the_bindings_of_one_user_go_in_one_call(sending: Sending, engine: Engine) -> None:
    own = [bound("u-1", "PC-1"), bound("U-1", "PC-2"), bound("u-1", "PC-3")]
    sending.let_go()
    purged(engine, sending, own, *own)
    assert sending.begun == [["u-1/d/pc-1", "u-1/d/pc-2", "u-1/d/pc-3"]]


def test_a_binding_that_is_asked_for_twice_is_sent_once(sending: Sending, engine: Engine) -> None:
    one = bound("u-1")
    batches = Batches(sending, [], 4)
    both = [engine.delete(batches, one) for _ in range(2)]
    sending.wait_for(1)
    sending.let_go()
    assert [each.result(PATIENCE) for each in both] == [None, None]
    engine.delete(batches, one).result(PATIENCE)
    finish(batches)
    assert sending.begun == [["u-1/d/pc"]]


def test_what_may_not_be_purged_ahead_goes_alone_and_drags_nothing_along(sending: Sending, engine: Engine) -> None:
    sending.let_go()
    protected = bound("u-1", "PC-9")
    purged(engine, sending, [bound("u-1", "PC-1"), bound("u-1", "PC-2")], protected, concurrency=1)
    assert sending.begun == [["u-1/d/pc-9"]]


def test_nothing_is_purged_ahead_where_it_is_not_known_what_the_engine_deletes(
    sending: Sending, engine: Engine
) -> None:
    sending.let_go()
    purged(engine, sending, [], bound("u-1", "PC-1"), bound("u-1", "PC-2"))
    assert sending.begun == [["u-1/d/pc-1"], ["u-1/d/pc-2"]]


def test_more_bindings_of_one_user_than_a_call_takes_are_several_calls(
    sending: Sending, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "MOST_PAIRS", 2)
    sending.let_go()
    own = [bound("u-1", f"PC-{number}") for number in range(5)]
    purged(engine, sending, own, *own)
    assert sorted(sending.begun) == [["u-1/d/pc-0", "u-1/d/pc-1"], ["u-1/d/pc-2", "u-1/d/pc-3"], ["u-1/d/pc-4"]]


def test_the_api_is_given_no_more_than_500_pairs_in_a_call() -> None:
    assert batches.MOST_PAIRS == 500


def test_the_calls_of_one_user_are_no_more_at_a_time_than_those_of_many(
    sending: Sending, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "MOST_PAIRS", 2)
    own = [bound("u-1", f"PC-{number}") for number in range(20)]
    under_test = Batches(sending, own, 8)
    first = engine.delete(under_test, own[0])
    sending.wait_for(5)
    sending.let_go()
    first.result(PATIENCE)
    finish(under_test)
    assert len(sending.begun) == 5


def test_the_engines_four_threads_keep_many_users_under_way_at_a_time(engine: Engine) -> None:
    together = threading.Barrier(16)

    def send(batch: list[Bound]) -> dict[str, BaseException | None]:
        together.wait(PATIENCE)  # each of these only goes on while fifteen others are under way
        return {one.id: None for one in batch}

    users = of_users(64)
    batches = Batches(send, users, 16)
    for one in [engine.delete(batches, one) for one in users]:
        one.result(PATIENCE)


def test_no_more_users_are_under_way_than_are_to_be(engine: Engine) -> None:
    lock, now, most = threading.Lock(), 0, 0

    def send(batch: list[Bound]) -> dict[str, BaseException | None]:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        with lock:
            now -= 1
        return {one.id: None for one in batch}

    users = of_users(200)
    batches = Batches(send, users, 3)
    for one in [engine.delete(batches, one) for one in users]:
        one.result(PATIENCE)
    assert 1 <= most <= 3


@pytest.mark.parametrize(("concurrency", "first", "share"), [(1, 1, 1), (4, 1, 1), (5, 2, 2), (16, 13, 4)])
def test_when_no_more_deletions_come_nothing_more_begins_than_the_share_of_the_last(
    sending: Sending, engine: Engine, concurrency: int, first: int, share: int
) -> None:
    users = of_users(30)
    batches = Batches(sending, users, concurrency)
    deletion = engine.delete(batches, users[0])
    sending.wait_for(first)
    assert len(sending.users) == first, "the first deletion leaves room for what the other threads delete"
    sending.let_go()
    deletion.result(PATIENCE)
    for one in [*batches._results.values()]:  # noqa: SLF001 -- those ahead have no deletion yet that could be waited for
        one.result(PATIENCE)
    engine.delete(batches, users[0]).result(PATIENCE)
    finish(batches)
    assert sending.users == {f"u-{number}" for number in range(first + share)}


def test_each_deletion_fails_with_the_error_of_its_own_binding(sending: Sending, engine: Engine) -> None:
    own = [bound("u-1", f"PC-{number}") for number in range(3)]
    sending.errors = {own[0].id: ValueError("first"), own[2].id: ValueError("third")}
    sending.let_go()
    errors = purged(engine, sending, own, *own, own[0])
    assert errors == ["ValueError: first", "", "ValueError: third", "ValueError: first"]
    assert len(sending.begun) == 1, "when asked again as well"


@pytest.mark.parametrize("error", [RuntimeError("unexpected"), SystemExit("unexpected")])
def test_an_unexpected_error_fails_every_deletion_of_its_batch_and_no_other(
    engine: Engine, error: BaseException
) -> None:
    own = [bound("u-1", "PC-1"), bound("u-1", "PC-2")]

    def send(batch: list[Bound]) -> dict[str, BaseException | None]:
        if batch[0].user == "u-1":
            raise error
        return {one.id: None for one in batch}

    other = bound("u-2")
    errors = purged(engine, send, [*own, other], *own, other)
    assert errors == [f"{type(error).__name__}: unexpected"] * 2 + [""]


def test_a_deletion_of_which_nothing_is_told_fails(engine: Engine) -> None:
    own = [bound("u-1", "PC-1"), bound("u-1", "PC-2")]
    errors = purged(engine, lambda batch: {batch[0].id: None}, own, *own)
    assert errors == ["KeyError: 'u-1/d/pc-2'"] * 2


NAMES = ("PC-1", "PC-2", "PC-3", "PC-4")


class Dropping:
    """An update that drops the last two of a user's four computers, as the engine runs it."""

    def __init__(self, account: FakeAccount) -> None:
        self.account = account
        self.state = adopt(account, *NAMES)

    def begin(self, *, dry_run: bool = False, **marks: bool) -> list[str]:
        """Check the plan, with these marks on PC-3, and what stays; return what refuses."""
        begin_operation(self.account.url, maxPurgePercent="100", rules='{"hold": "off"}')
        stays = tuple(Entry(user="u-1", destination="d-1", computer=one) for one in NAMES[:2])
        request = PlanRequest(
            project="mbs-erasure",
            stack="acme",
            dry_run=dry_run,
            wanted=stays,
            bound=tuple(bound_of(key, one, **(marks if "pc-3" in key else {})) for key, one in self.state.items()),
        )
        result = PurgePlanProvider().check({}, {"request": request.model_dump_json()})
        for one in stays:
            inputs: dict[str, Any] = {"version": 1, "user": "u-1", "destination": "d-1", "computer": one.computer}
            BindingProvider().check({}, inputs)
        return [one.reason for one in result.failures]

    def delete(self, computer: str) -> None:
        name = f"u-1/d-1/{computer.lower()}"
        BindingProvider().delete(name, self.state[name])

    def other_run(self) -> Lease:
        ledger = Ledger("sqlite:///ledger.db", "mbs-erasure/acme", Path.cwd())
        return Lease(ledger, {"host": "ci-7", "process": 4711}, lambda _: False)


@pytest.fixture
def dropping(account: FakeAccount) -> Dropping:
    return Dropping(account)


def test_an_update_of_the_whole_stack_purges_what_a_user_loses_in_one_call(
    dropping: Dropping, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(operation, "is_whole_stack", lambda: True)
    assert dropping.begin() == []
    for name in ("PC-4", "PC-3"):
        dropping.delete(name)
    assert dropping.account.deleted == [("u-1", listed("PC-3", "PC-4"))]


def test_an_update_of_a_part_purges_what_is_asked_for_alone(
    dropping: Dropping, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(operation, "is_whole_stack", lambda: False)
    assert dropping.begin() == []
    dropping.delete("PC-4")
    assert dropping.account.deleted == [("u-1", listed("PC-4"))]


@pytest.mark.parametrize("mark", ["protect", "retain", "pending_deletion"])
def test_what_the_engine_may_leave_alone_goes_with_no_other(
    dropping: Dropping, monkeypatch: pytest.MonkeyPatch, mark: str
) -> None:
    monkeypatch.setattr(operation, "is_whole_stack", lambda: True)
    assert dropping.begin(**{mark: True}) == []
    dropping.delete("PC-4")
    assert dropping.account.deleted == [("u-1", listed("PC-4"))]


def test_an_update_beside_another_runs_purge_is_refused_and_says_whose(dropping: Dropping) -> None:
    other = dropping.other_run()
    other.take()
    (refusal,) = dropping.begin()
    assert refusal.startswith("lease: another run of this stack is purging (process 4711 on ci-7, seen ")
    with pytest.raises(Refusal, match=r"^not-permitted: "):
        dropping.delete("PC-4")
    assert dropping.account.deleted == []
    other.give_back()
    assert dropping.begin() == []


def test_a_preview_beside_another_runs_purge_is_not_refused_and_keeps_nobody_out(dropping: Dropping) -> None:
    other = dropping.other_run()
    other.take()
    assert dropping.begin(dry_run=True) == []
    other.give_back()
    assert dropping.begin(dry_run=True) == []
    other = dropping.other_run()
    other.take()
    other.give_back()


def test_a_run_keeps_others_out_until_its_process_ends(dropping: Dropping, monkeypatch: pytest.MonkeyPatch) -> None:
    at_the_end: list[Any] = []
    monkeypatch.setattr(atexit, "register", at_the_end.append)
    assert dropping.begin() == []
    with pytest.raises(LeaseHeld):
        dropping.other_run().take()
    for act in at_the_end:
        act()
    other = dropping.other_run()
    other.take()
    other.give_back()


def test_a_run_that_got_no_lease_purges_nothing(dropping: Dropping, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_self: Lease) -> None:
        raise LedgerError("the server is gone")

    monkeypatch.setattr(Lease, "take", fail)
    assert dropping.begin() == []
    with pytest.raises(Refusal, match=r"^not-permitted: .* this run has no lease \(the server is gone\)"):
        dropping.delete("PC-4")
    assert dropping.account.deleted == []
