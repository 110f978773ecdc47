"""The same ledger on a real PostgreSQL."""

import datetime
import multiprocessing
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from erasure.ledger import Kind, Ledger, LedgerError, check
from tests.erasure.test_ledger import event
from tests.postgres import Postgres

CHAIN = "mbs-erasure/acme"


@pytest.fixture
def ledger(postgres: Postgres) -> Iterator[Ledger]:
    """Return an empty ledger."""
    with psycopg.connect(postgres.url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("DROP TABLE IF EXISTS events, chains, ledger")
    ledger = Ledger(postgres.url, CHAIN, Path())
    yield ledger
    ledger.close()


def test_what_is_appended_is_read_again(ledger: Ledger) -> None:
    ledger.require_writable()
    ledger.append([event(Kind.ADOPTED, computer="Büro PC"), event(Kind.SENT), event(Kind.ACCEPTED)])
    assert ledger.lives(["life-1"])["life-1"].is_accepted
    assert set(ledger.accepted_since(datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC))) == {"life-1"}
    assert [one.event.kind for one, _ in ledger.records()] == [Kind.ADOPTED, Kind.SENT, Kind.ACCEPTED]
    assert list(check(ledger)[0]) == []


def append_many(url: str) -> None:
    ledger = Ledger(url, CHAIN, Path())
    for number in range(50):
        ledger.append([event(Kind.ADOPTED, str(number))])


def test_several_processes_write_one_chain_without_a_gap(ledger: Ledger, postgres: Postgres) -> None:
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=append_many, args=(postgres.url,)) for _ in range(3)]
    for one in processes:
        one.start()
    for one in processes:
        one.join()
    assert [one.exitcode for one in processes] == [0, 0, 0]
    assert ledger.heads()[CHAIN][0] == 150
    assert list(check(ledger)[0]) == []


def test_an_edited_event_is_found(ledger: Ledger, postgres: Postgres) -> None:
    ledger.append([event(Kind.ADOPTED), event(Kind.SENT)])
    with psycopg.connect(postgres.url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("UPDATE events SET binding = 'other' WHERE sequence = 1")
    assert [one.sequence for one in check(ledger)[0]] == [1]


def test_a_server_that_goes_away_is_an_error_and_what_was_written_stays(ledger: Ledger, postgres: Postgres) -> None:
    ledger.append([event(Kind.ADOPTED)])
    postgres.stop()
    try:
        with pytest.raises(LedgerError) as caught:
            ledger.append([event(Kind.SENT)])
        assert postgres.password not in str(caught.value)
    finally:
        postgres.start()
    ledger.append([event(Kind.FAILED)])
    assert [one.event.kind for one, _ in ledger.records()] == [Kind.ADOPTED, Kind.FAILED]


def test_a_server_that_only_reads_is_refused_before_anything_is_to_be_written(
    ledger: Ledger, postgres: Postgres
) -> None:
    ledger.append([event(Kind.ADOPTED)])
    only_reads = Ledger(f"{postgres.url}?options=-cdefault_transaction_read_only=on", CHAIN, Path())
    assert only_reads.lives(["life-1"]).keys() == {"life-1"}
    with pytest.raises(LedgerError, match="cannot execute INSERT in a read-only transaction"):
        only_reads.require_writable()
    only_reads.close()


@pytest.mark.usefixtures("ledger")
def test_what_is_closed_keeps_no_connection(postgres: Postgres) -> None:
    named = Ledger(f"{postgres.url}?application_name=closed", CHAIN, Path())
    named.append([event(Kind.ADOPTED)])
    query = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'closed'"
    with psycopg.connect(postgres.url.replace("+psycopg", ""), autocommit=True) as connection:
        assert connection.execute(query).fetchone() == (1,)
        named.close()
        end = time.monotonic() + 30
        while connection.execute(query).fetchone() != (0,):  # the server notices when it gets to it
            assert time.monotonic() < end, "a connection is still open"
            time.sleep(0.01)
