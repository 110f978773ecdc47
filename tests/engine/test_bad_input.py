"""A mistake fails the preview with its remedy, before anything is sent."""

import pytest

from tests.engine.rehearsal import CHARLIE, DESTINATION, Rehearsal, binding, names
from tests.mbs.one_answer import answering


def test_every_mistake_in_the_inventory_is_told_before_anything_is_sent(empty: Rehearsal) -> None:
    empty.write("version: 1\ncustmer: x\nusers:\n  - id: 5\n    computers: []\n")
    result = empty.preview()
    assert result.code != 0
    for told in ("2: unknown key 'custmer'; did you mean 'customer'?", "4: 'id' is read by YAML as a number", "5: "):
        assert f"inventory/acme.yaml:{told}" in result.output
    assert "Traceback" not in result.output
    assert empty.sandbox.requests() == []


@pytest.mark.parametrize("command", ["preview", "up"])
def test_an_unlisted_computer_is_refused_with_the_nearest_listed(empty: Rehearsal, command: str) -> None:
    empty.want("CHARLIE-LAPTOP", "Front Desk 2")
    result = empty.preview() if command == "preview" else empty.up()
    assert result.code != 0
    assert f"not-listed: computer 'Front Desk 2' of user {CHARLIE} on destination {DESTINATION}" in result.output
    assert f"the nearest listed: 'Front Desk' on {DESTINATION}" in result.output
    assert empty.bindings() == []


def test_an_unknown_user_is_refused(empty: Rehearsal) -> None:
    empty.want("CHARLIE-LAPTOP", user="nobody")
    result = empty.preview()
    assert result.code != 0
    assert "the account does not know this user" in result.output


def test_two_listed_names_that_are_one_binding_are_refused_and_both_named(empty: Rehearsal) -> None:
    empty.sandbox.add(CHARLIE, DESTINATION, "charlie-laptop")
    result = empty.preview()
    assert result.code != 0
    assert "ambiguous: the account lists 'CHARLIE-LAPTOP' on " in result.output
    assert "and 'charlie-laptop' on " in result.output


def test_a_purge_of_one_of_two_listed_names_is_refused(adopted: Rehearsal) -> None:
    adopted.sandbox.add(CHARLIE, DESTINATION, "BÜRO PC")
    adopted.want("CHARLIE-LAPTOP", "Front Desk")
    result = adopted.up()
    assert result.code != 0
    assert "ambiguous: " in result.output
    assert adopted.purges() == []
    assert binding("Büro PC") in adopted.bindings()


@pytest.mark.parametrize(
    ("environment", "told"),
    [
        ({"MBS_PASSWORD": "wrong"}, "check login and password"),
        ({"MBS_LOGIN": "", "MBS_PASSWORD": "", "MBS_TOKEN": "wrong"}, "the token is wrong or has expired"),
        ({"MBS_LOGIN": "", "MBS_PASSWORD": ""}, "credentials: "),
    ],
    ids=["wrong login", "refused token", "no credentials"],
)
def test_a_connection_that_cannot_be_made_is_one_sentence(
    empty: Rehearsal, environment: dict[str, str], told: str
) -> None:
    result = empty.preview(env=environment)
    assert result.code != 0
    assert told in result.output
    assert "Traceback" not in result.output


def test_an_unreachable_endpoint_is_one_sentence(empty: Rehearsal) -> None:
    with answering(b"") as server:
        nobody = server.url
    result = empty.preview(env={"MBS_ENDPOINT": nobody})
    assert result.code != 0
    assert "unreadable: POST /api/Provider/Login did not reach" in result.output
    assert "check the endpoint and this machine's network" in result.output


def test_a_secret_in_the_clear_is_refused_and_not_repeated(empty: Rehearsal) -> None:
    empty.workspace.config_set("token", "hunter2-hunter2")
    result = empty.preview()
    assert result.code != 0
    assert "token is a secret and was set without --secret" in result.output
    assert "hunter2-hunter2" not in result.output
    assert empty.sandbox.requests() == []


@pytest.mark.parametrize("how", ["mapping", "text"])
def test_rules_are_taken_as_a_mapping_and_as_text(adopted: Rehearsal, how: str) -> None:
    if how == "mapping":
        adopted.workspace.run("config", "set", "--path", "mbs-erasure:rules.max-percent", "warn").require()
    else:
        adopted.workspace.config_set("rules", '{"max-percent": "warn"}')
    adopted.want("CHARLIE-LAPTOP")
    result = adopted.up().require()
    assert "max-percent: 2 purges of 3 bindings" in result.output
    assert names(adopted.purges()) == ["Büro PC", "Front Desk"]
