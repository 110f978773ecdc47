"""What the stack's configuration and the environment may say."""

import pytest

from erasure.configuration import Configuration, read_configuration
from erasure.errors import Problems
from mbs.credentials import Login, Token

SECRETS = frozenset(["login", "password", "token", "ledger"])


def reasons(
    values: dict[str, str], environment: dict[str, str] | None = None, secret: frozenset[str] = SECRETS
) -> tuple[str, ...]:
    with pytest.raises(Problems) as caught:
        read_configuration(values, environment or {}, secret)
    return caught.value.reasons


def test_without_any_value_the_defaults_hold() -> None:
    read = read_configuration({}, {}, frozenset())
    assert read == Configuration()
    assert read.credentials is None
    assert read.inventory_path("acme") == "inventory/acme.yaml"


def test_values_arrive_as_text_and_are_read() -> None:
    read = read_configuration(
        {
            "maxPurges": "20",
            "timeout": "500 ms",
            "deadline": "2d",
            "rules": '{"emptied": "warn"}',
            "maxPurgeBytes": "7",
        },
        {},
        frozenset(),
    )
    assert (read.max_purges, read.timeout, read.deadline, read.max_purge_bytes) == (20, 0.5, 172800, 7)
    assert read.rules == {"emptied": "warn"}


def test_the_environment_wins_for_the_connection() -> None:
    read = read_configuration(
        {"endpoint": "https://one.example", "login": "a", "password": "b"},
        {"MBS_ENDPOINT": "https://two.example", "MBS_TOKEN": " t \n", "MBS_TIMEOUT": "5", "MBS_CONCURRENCY": "2"},
        SECRETS,
    )
    assert read.endpoint == "https://two.example"
    assert read.credentials == Token("t")
    assert (read.timeout, read.concurrency) == (5, 2)


def test_an_empty_variable_says_nothing() -> None:
    read = read_configuration({"login": "a", "password": "b"}, {"MBS_TOKEN": "", "MBS_ENDPOINT": ""}, SECRETS)
    assert read.credentials == Login("a", "b")


def test_limits_do_not_come_from_the_environment() -> None:
    assert read_configuration({}, {"MBS_MAX_PURGES": "1000", "MBS_RULES": "{}"}, SECRETS) == Configuration()


@pytest.mark.parametrize(
    ("values", "environment"),
    [({"token": "t", "login": "l"}, {}), ({}, {"MBS_TOKEN": "t", "MBS_PASSWORD": "p"})],
)
def test_both_kinds_of_credentials_from_one_source_are_refused(
    values: dict[str, str], environment: dict[str, str]
) -> None:
    assert "holds a token and a login or password; keep one kind" in reasons(values, environment)[0]


@pytest.mark.parametrize("values", [{"login": "l"}, {"password": "p"}])
def test_half_a_login_is_refused(values: dict[str, str]) -> None:
    assert reasons(values) == ("configuration: login and password go together; set both, or a token",)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("token", "hunter2"),
        ("password", "hunter2"),
        ("login", "hunter2"),
        ("ledger", "postgresql://a:hunter2@b/c"),
        ("ledger", "postgresql://a:b/hunter2@b/c"),
        ("ledger", "postgresql://a@b/c?connect_timeout=5&password=hunter2"),
        ("ledger", "postgresql://a@[b/c?sslpassword=hunter2"),
    ],
)
def test_a_secret_that_was_set_in_the_clear_is_refused_and_not_shown(key: str, value: str) -> None:
    told = reasons({key: value}, {}, frozenset())
    assert any(f"{key} is a secret and was set without --secret" in one for one in told)
    assert "hunter2" not in " ".join(told)


def test_a_ledger_without_a_password_needs_no_secret() -> None:
    read = read_configuration({"ledger": "postgresql+psycopg://db.example/ledger"}, {}, frozenset())
    assert read.ledger.get_secret_value() == "postgresql+psycopg://db.example/ledger"


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("maxPurge", "1", "unknown key maxPurge; did you mean maxPurges?"),
        ("endpoint", "http://api.example", "would send the token unencrypted"),
        ("maxPurges", "-1", "maxPurges:"),
        ("maxPurgePercent", "101", "maxPurgePercent:"),
        ("maxPurges", "many", "maxPurges:"),
        ("timeout", "0", "timeout:"),
        ("timeout", "soon", "timeout:"),
        ("concurrency", "0", "concurrency:"),
        ("rules", "emptied", "rules:"),
        ("rules", '{"empty": "warn"}', "did you mean emptied?"),
        ("rules", '{"emptied": "of"}', "levels: refuse, approve, warn, off"),
    ],
)
def test_a_bad_value_is_told_with_its_key(key: str, value: str, told: str) -> None:
    assert told in reasons({key: value})[0]


def test_every_bad_value_is_told_at_once() -> None:
    assert len(reasons({"maxPurges": "x", "timeout": "x", "foo": "x", "token": "t"}, {}, frozenset())) == 4


def test_a_configuration_shows_no_secret() -> None:
    read = read_configuration({"token": "hunter2", "ledger": "postgresql://a:hunter2@b/c"}, {}, SECRETS)
    assert "hunter2" not in repr(read)
    assert "hunter2" not in repr(read.credentials)
