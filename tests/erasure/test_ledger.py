"""The ledger: what is written stays, in its order, and any change shows."""

import datetime
import multiprocessing
import re
import sqlite3
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest
import sqlalchemy
from sqlalchemy import Connection

from erasure import clock
from erasure.ledger import Event, Kind, Ledger, LedgerError, Life, check, is_default

HERE = "https://api.example"


def open_ledger(folder: Path, chain: str = "mbs-erasure/acme") -> Ledger:
    return Ledger("sqlite:///ledger.db", chain, folder)


def event(kind: Kind, life: str = "life-1", **data: object) -> Event:
    return Event(kind, HERE, "u/d/pc", life, data)


def filled(folder: Path) -> Ledger:
    ledger = open_ledger(folder)
    ledger.append([event(Kind.ADOPTED), event(Kind.INTENDED, approval="sha256:x", computer="Büro PC")])
    ledger.append([event(Kind.SENT)])
    ledger.append([event(Kind.ACCEPTED)])
    return ledger


def findings(ledger: Ledger) -> list[tuple[int, str]]:
    return [(one.sequence, one.finding) for one in check(ledger)[0]]


def change(folder: Path, statement: str, *values: str | int) -> None:
    with sqlite3.connect(folder / "ledger.db") as connection:
        assert connection.execute(statement, values).rowcount > 0
    connection.close()


def rename(folder: Path, table: str, to: str) -> None:
    with sqlite3.connect(folder / "ledger.db") as connection:
        connection.execute(f"ALTER TABLE {table} RENAME TO {to}")
    connection.close()


def test_a_ledger_that_nobody_touched_is_whole(tmp_path: Path) -> None:
    assert findings(filled(tmp_path)) == []
    assert findings(open_ledger(tmp_path)) == []


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("UPDATE events SET data = replace(data, 'PC', 'pc') WHERE sequence = 2", [(2, "it is not as it was written")]),
        (
            "UPDATE events SET at = replace(at, '+00:00', '+00:01') WHERE sequence = 1",
            [(1, "it is not as it was written")],
        ),
        ("UPDATE events SET kind = 'failed' WHERE sequence = 4", [(4, "it is not as it was written")]),
        ("UPDATE events SET life = 'other' WHERE sequence = 3", [(3, "it is not as it was written")]),
        ("DELETE FROM events WHERE sequence = 2", [(3, "event 2 is missing before it")]),
        ("DELETE FROM events WHERE sequence = 1", [(2, "event 1 is missing before it")]),
        ("DELETE FROM events WHERE sequence = 4", [(3, "the chain ends here, and event 4 was noted as its last")]),
        ("DELETE FROM events", [(0, "the chain ends here, and event 4 was noted as its last")]),
        ("DELETE FROM chains", [(4, "the chain ends here, and event 0 was noted as its last")]),
    ],
)
def test_an_edited_or_missing_event_is_found(tmp_path: Path, statement: str, found: list[tuple[int, str]]) -> None:
    filled(tmp_path)
    change(tmp_path, statement)
    assert findings(open_ledger(tmp_path)) == found


def test_reordered_events_are_found(tmp_path: Path) -> None:
    filled(tmp_path)
    for to, place in ((9, 2), (2, 3), (3, 9)):
        change(tmp_path, "UPDATE events SET sequence = ? WHERE sequence = ?", to, place)
    assert {place for place, _ in findings(open_ledger(tmp_path))} >= {2, 3}


def test_an_event_that_was_edited_with_its_own_hash_is_found_by_the_next(tmp_path: Path) -> None:
    ledger = filled(tmp_path)
    second = list(ledger.records())[1][0]
    forged = type(second)(second.chain, 2, second.at, event(Kind.FAILED), second.previous)
    change(tmp_path, "UPDATE events SET kind = 'failed', data = '{}', hash = ? WHERE sequence = 2", forged.hash)
    assert findings(open_ledger(tmp_path)) == [(3, "it does not follow the event before it")]


def test_an_event_that_is_no_event_is_an_error(tmp_path: Path) -> None:
    filled(tmp_path)
    change(tmp_path, "UPDATE events SET data = 'x' WHERE sequence = 2")
    with pytest.raises(LedgerError, match="event 2 of mbs-erasure/acme cannot be read"):
        findings(open_ledger(tmp_path))


def test_each_stack_has_its_chain(tmp_path: Path) -> None:
    filled(tmp_path)
    other = open_ledger(tmp_path, "mbs-erasure/globex")
    other.append([event(Kind.ADOPTED, "life-2")])
    assert [(one.chain, one.sequence) for one, _ in other.records("mbs-erasure/globex")] == [("mbs-erasure/globex", 1)]
    assert findings(other) == []


def test_a_life_is_known_whichever_stack_wrote_it(tmp_path: Path) -> None:
    filled(tmp_path)
    lives = open_ledger(tmp_path, "mbs-erasure/globex").lives(["life-1", "life-9"])
    (life,) = lives.values()
    assert (life.life, life.is_intended, life.approval, life.is_accepted) == ("life-1", True, "sha256:x", True)


@pytest.mark.parametrize(
    ("kinds", "holds"),
    [
        ([Kind.SENT], {"is_unanswered", "is_spent"}),
        ([Kind.SENT, Kind.FAILED], set()),
        ([Kind.SENT, Kind.NOT_UNDERSTOOD], {"is_unanswered", "is_spent"}),
        ([Kind.SENT, Kind.ACCEPTED], {"is_accepted", "is_spent"}),
        ([Kind.SENT, Kind.ALREADY_ABSENT], {"absent_at", "is_spent"}),
        ([Kind.INTENDED, Kind.WITHDRAWN], set()),
        ([Kind.WITHDRAWN, Kind.INTENDED], {"is_intended"}),
        ([Kind.HELD], {"hold"}),
        ([Kind.HELD, Kind.LIFTED], set()),
        ([Kind.ADOPTED, Kind.RELEASED, Kind.OBSERVED], {"is_released", "is_spent"}),
        ([Kind.SENT, Kind.SENT, Kind.FAILED], {"is_unanswered", "is_spent"}),
        ([Kind.SENT, Kind.FAILED, Kind.FAILED, Kind.SENT], {"is_unanswered", "is_spent"}),
        ([Kind.SENT, Kind.SENT, Kind.FAILED, Kind.FAILED], set()),
        ([Kind.NOT_FOUND], {"missing_at"}),
        ([Kind.NOT_FOUND, Kind.SENT, Kind.FAILED], set()),
        ([Kind.NOT_FOUND, Kind.WITHDRAWN], set()),
    ],
)
def test_a_life_is_the_sum_of_its_events(tmp_path: Path, kinds: list[Kind], holds: set[str]) -> None:
    ledger = open_ledger(tmp_path)
    ledger.append([event(kind) for kind in kinds])
    life = ledger.lives(["life-1"])["life-1"]
    names = (
        "is_intended",
        "is_unanswered",
        "is_accepted",
        "absent_at",
        "is_spent",
        "hold",
        "is_released",
        "missing_at",
    )
    assert {name for name in names if getattr(life, name)} == holds


def test_a_life_is_spent_once_a_purge_may_have_been_asked_for() -> None:
    now = clock.now()
    assert all(life.is_spent for life in (Life(unanswered=1), Life(accepted_at=now), Life(absent_at=now)))
    assert not Life(intended_at=now, intention={"approval": "sha256:x"}, hold="x").is_spent


def test_a_verdict_that_is_none_makes_the_ledger_unreadable(tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path)
    ledger.append([event(Kind.VERDICT)])
    with pytest.raises(LedgerError, match=r"^event 1 of mbs-erasure/acme cannot be read$"):
        ledger.lives(["life-1"])


def test_an_approval_is_remembered_when_the_purge_is_intended_again_without_one(tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path)
    ledger.append([event(Kind.INTENDED, approval="sha256:x"), event(Kind.INTENDED)])
    assert ledger.lives(["life-1"])["life-1"].approval == "sha256:x"


def test_a_hold_keeps_its_reason(tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path)
    ledger.append([event(Kind.HELD, reason="Litigation")])
    assert ledger.lives(["life-1"])["life-1"].hold == "Litigation"


def test_more_lives_than_one_query_takes(tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path)
    ledger.append([event(Kind.ADOPTED, f"life-{number}") for number in range(1201)])
    assert len(ledger.lives(f"life-{number}" for number in range(1201))) == 1201


def test_accepted_purges_are_counted_from_a_moment_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = open_ledger(tmp_path)
    noon = datetime.datetime(2026, 11, 24, 12, tzinfo=datetime.UTC)
    for hour in range(3):
        monkeypatch.setattr(clock, "now", lambda hour=hour: noon + datetime.timedelta(hours=hour))
        ledger.append([event(Kind.ACCEPTED, f"life-{hour}"), event(Kind.INTENDED, "other")])
    assert set(ledger.accepted_since(noon + datetime.timedelta(hours=1))) == {"life-1", "life-2"}
    assert open_ledger(tmp_path, "mbs-erasure/globex").accepted_since(noon) == {}


def test_a_call_without_an_answer_counts_as_accepted_and_one_that_was_refused_does_not(tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path)
    ledger.append([event(Kind.SENT, "lost"), event(Kind.SENT, "refused"), event(Kind.FAILED, "refused")])
    ledger.append([event(Kind.SENT, "lost, then refused"), event(Kind.SENT, "lost, then refused")])
    ledger.append([event(Kind.FAILED, "lost, then refused"), event(Kind.NOT_UNDERSTOOD, "lost")])
    assert set(ledger.accepted_since(clock.now() - datetime.timedelta(hours=1))) == {"lost", "lost, then refused"}


def test_a_moment_in_another_form_is_found_and_nothing_rests_on_it(tmp_path: Path) -> None:
    ledger = filled(tmp_path)
    with ledger.writing() as connection:
        at = connection.exec_driver_sql("SELECT at FROM events WHERE sequence = 2").scalar_one()
        elsewhere = datetime.datetime.fromisoformat(at).astimezone(datetime.timezone(datetime.timedelta(hours=-9)))
        connection.exec_driver_sql("UPDATE events SET at = ? WHERE sequence = 2", (elsewhere.isoformat(),))
    assert findings(ledger) == [(2, "it is not as it was written")]
    with pytest.raises(LedgerError, match="event 2 of mbs-erasure/acme cannot be read: its moment is not as it was wr"):
        list(ledger.records())


def test_a_ledger_that_is_written_while_it_is_checked_is_whole(tmp_path: Path) -> None:
    ledger, other = filled(tmp_path), open_ledger(tmp_path, "mbs-erasure/globex")
    with ThreadPoolExecutor(1) as pool, ledger.whole() as (heads, records):
        first = next(records)
        written = pool.submit(other.append, [event(Kind.ADOPTED, "life-9")])
        assert {record.chain for record, *_ in (first, *records)} == heads.keys()
    written.result()
    assert findings(ledger) == []


def test_of_what_was_already_absent_only_that_after_a_lost_answer_counts_as_accepted(tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path)
    ledger.append([event(Kind.ALREADY_ABSENT, "gone before", after_call=False), event(Kind.ALREADY_ABSENT, "unsaid")])
    ledger.append([event(Kind.ALREADY_ABSENT, "gone after", after_call=True), event(Kind.ACCEPTED, "accepted")])
    assert set(ledger.accepted_since(clock.now() - datetime.timedelta(hours=1))) == {"gone after", "accepted"}


def test_a_new_ledger_reads_as_empty(tmp_path: Path) -> None:
    assert open_ledger(tmp_path).lives(["life-1"]) == {}


def test_trying_whether_it_can_be_written_writes_nothing(tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path)
    ledger.require_writable()
    ledger.require_writable()
    assert ledger.heads() == {}
    assert list(ledger.records()) == []


def append_many(folder: Path, chain: str) -> None:
    for number in range(50):
        open_ledger(folder, chain).append([event(Kind.ADOPTED, f"{chain} {number}")])


def test_several_processes_write_one_chain_without_a_gap(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=append_many, args=(tmp_path, "mbs-erasure/acme")) for _ in range(3)]
    for one in processes:
        one.start()
    for one in processes:
        one.join()
    assert [one.exitcode for one in processes] == [0, 0, 0]
    ledger = open_ledger(tmp_path)
    assert ledger.heads()["mbs-erasure/acme"][0] == 150
    assert findings(ledger) == []


def append_at_once(ledger: Ledger, appends: Sequence[Callable[[], None]]) -> list[BaseException | None]:
    """Let threads append while another one writes, and return what each raised."""

    def outcome(append: Callable[[], None]) -> BaseException | None:
        try:
            append()
        except Exception as error:  # noqa: BLE001 -- the test looks at it
            return error
        return None

    with ThreadPoolExecutor(len(appends)) as pool:
        with ledger.writing():
            futures = []
            for append in appends:
                futures.append(pool.submit(outcome, append))
                while len(ledger._waiting) < sum(not one.done() for one in futures):  # noqa: SLF001 -- nothing else tells
                    time.sleep(0.001)
        return [one.result() for one in futures]


def not_now(_: Connection) -> None:
    raise LedgerError("not now")


def test_what_threads_append_at_once_is_written_in_one_transaction(tmp_path: Path) -> None:
    ledger, commits = filled(tmp_path), list[Connection]()
    sqlalchemy.event.listen(ledger._engine, "commit", commits.append)  # noqa: SLF001 -- nothing else tells it
    each = [[event(Kind.SENT, f"life {n}"), event(Kind.ACCEPTED, f"life {n}")] for n in range(9)]
    assert append_at_once(ledger, [partial(ledger.append, one) for one in each]) == [None] * 9
    assert len(commits) == 2, "the writer's own, and one for all that waited"
    assert [record.event for record, _ in ledger.records()][4:] == [event for one in each for event in one]
    assert findings(ledger) == []


def test_one_that_may_not_append_stops_no_other(tmp_path: Path) -> None:
    ledger = filled(tmp_path)
    ours, theirs, bad = event(Kind.SENT, "ours"), event(Kind.SENT, "theirs"), event(Kind.FAILED, text="\ud800")
    appends = [partial(ledger.append, [theirs], not_now), partial(ledger.append, [bad]), partial(ledger.append, [ours])]
    refused, unwritable, fine = append_at_once(ledger, appends)
    assert str(refused) == "not now"
    assert isinstance(unwritable, UnicodeEncodeError)
    assert fine is None
    assert [record.event for record, _ in ledger.records()][4:] == [ours]


def test_when_the_transaction_fails_each_that_waited_learns_of_it_and_the_next_one_passes(tmp_path: Path) -> None:
    ledger = filled(tmp_path)
    rename(tmp_path, "events", "elsewhere")
    events = [event(Kind.SENT, f"life {n}") for n in range(3)]
    for error in append_at_once(ledger, [partial(ledger.append, [one]) for one in events]):
        assert isinstance(error, LedgerError)
        assert "no such table: events" in str(error)
    rename(tmp_path, "elsewhere", "events")
    assert len(findings(ledger)) == 0
    ledger.append(events)
    assert ledger.heads()["mbs-erasure/acme"][0] == 7


def test_a_later_version_is_refused(tmp_path: Path) -> None:
    filled(tmp_path)
    change(tmp_path, "UPDATE ledger SET version = 2")
    with pytest.raises(LedgerError, match="it is of version 2, and this program reads version 1"):
        open_ledger(tmp_path).append([event(Kind.SENT)])


@pytest.mark.parametrize("case", ["a folder", "no database", "no such folder"])
def test_a_ledger_that_cannot_be_opened_says_why(tmp_path: Path, case: str) -> None:
    file = tmp_path / "ledger.db"
    if case == "a folder":
        file.mkdir()
    if case == "no database":
        file.write_text("something else" * 1000)
    root = tmp_path / "missing" if case == "no such folder" else tmp_path
    with pytest.raises(LedgerError, match=r"ledger\.db: "):
        open_ledger(root).require_writable()


@pytest.mark.parametrize("url", ["", "ledger.db", "nosuch:///x", "sqlite+nosuch:///x"])
def test_what_is_no_url_is_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(LedgerError, match="its URL is not one of"):
        Ledger(url, "x", tmp_path)


@pytest.mark.parametrize(
    ("user", "query"),
    [
        ("me:hunter%402@", ""),
        ("me@", "?password=hunter%402"),
        ("me:hunter%402@", "?target_session_attrs=hunter%402"),  # which libpq says is not one, with its text
        ("me@", "?target_session_attrs=hunter%402&password=hunter%402"),
    ],
)
def test_an_error_does_not_show_the_password(tmp_path: Path, user: str, query: str) -> None:
    ledger = Ledger(f"postgresql+psycopg://{user}127.0.0.1:1/x{query}", "x", tmp_path)
    with pytest.raises(LedgerError) as caught:
        ledger.require_writable()
    assert "hunter" not in str(caught.value)
    assert "127.0.0.1" in str(caught.value)
    assert re.search("refused|invalid target_session_attrs", str(caught.value))


def test_the_default_is_known() -> None:
    assert is_default("sqlite:///ledger.db")
    assert not is_default("sqlite:///other.db")


def test_a_clock_that_was_set_back_does_not_change_what_came_after_what(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = open_ledger(tmp_path)
    noon = datetime.datetime(2026, 11, 24, 12, tzinfo=datetime.UTC)
    monkeypatch.setattr(clock, "now", lambda: noon)
    ledger.append([event(Kind.SENT)])
    monkeypatch.setattr(clock, "now", lambda: noon - datetime.timedelta(hours=2))
    ledger.append([event(Kind.ACCEPTED)])
    life = ledger.lives(["life-1"])["life-1"]
    assert (life.is_accepted, life.is_unanswered) == (True, False)
    assert [one.event.kind for one in ledger.of_bindings(["u/d/pc"], Kind)] == [Kind.SENT, Kind.ACCEPTED]
