"""What an operation sets up in its process, and takes down."""

import datetime
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from pulumi.dynamic import Config, ConfigureRequest

from erasure import clock
from erasure.errors import Refusal
from erasure.ledger import Lease, Ledger
from providers import operation

SETTINGS = {"mbs-erasure:endpoint": "http://127.0.0.1:1", "mbs-erasure:token": "secret-token"}


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[list[str]]:
    """Begin a process without an operation; return a list that tells what its end was tied to."""
    tied: list[str] = []
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(operation, "end_with_engine", lambda: tied.append("the engine"))
    logging.getLogger("grpc._server").filters.clear()
    operation.reset()
    yield tied
    operation.reset()


def configure() -> None:
    operation.current().configure(ConfigureRequest(Config(SETTINGS, "mbs-erasure")))


def test_the_process_ends_with_the_engine_however_many_providers_are_configured(begun: list[str]) -> None:
    configure()
    configure()
    assert begun == ["the engine"]


def test_a_call_before_any_configuration_is_told(begun: list[str]) -> None:
    del begun
    with pytest.raises(RuntimeError, match="before it was configured"):
        _ = operation.current().connection


def test_errors_that_the_engine_shows_as_a_sentence_get_no_traceback_and_others_do(begun: list[str]) -> None:
    del begun
    configure()
    configure()
    logger = logging.getLogger("grpc._server")
    assert len(logger.filters) == 1

    def is_logged(error: Exception | None) -> bool:
        about = (type(error), error, None) if error is not None else None
        return bool(logger.filter(logging.LogRecord("grpc._server", logging.ERROR, "", 0, "told", (), about)))

    assert not is_logged(Refusal("ledger", "it is locked", "wait"))
    assert is_logged(ValueError("a mistake of our own"))
    assert is_logged(None)


def test_the_end_of_an_operation_closes_what_it_opened(begun: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    del begun
    closed: list[Ledger] = []

    def close(ledger: Ledger) -> None:
        closed.append(ledger)

    monkeypatch.setattr(Ledger, "close", close)
    configure()
    ledger = operation.current().connection.ledger("mbs-erasure", "acme")
    operation.current().end()
    assert closed == [ledger]


def test_a_lease_that_is_watched_is_told_with_its_holder(
    begun: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    del begun
    configure()
    ledger = operation.current().connection.ledger("mbs-erasure", "acme")
    long_ago = datetime.datetime.now(datetime.UTC) - datetime.timedelta(hours=1)
    with monkeypatch.context() as patch:
        patch.setattr(clock, "now", lambda: long_ago)
        other = Lease(Ledger("sqlite:///ledger.db", "mbs-erasure/acme", Path.cwd()), {"host": "h", "process": 7}, bool)
        other.take()
    monkeypatch.setattr("erasure.ledger.lease.LASTING", 0.0)
    monkeypatch.setattr("erasure.ledger.lease._LOOK", 0.0)
    operation.current().take_lease(ledger)
    told = capsys.readouterr().err
    assert told.count("lease: that of another run (process 7 on h) looks over, and is watched for a minute") == 1
