"""GET api/Users/{userId}/Computers."""

import pytest

from sandbox.running import RunningSandbox
from tests.sandbox.conftest import USER, Api


def test_listing_gives_pairs_of_exactly_two_fields(sandbox: RunningSandbox, api: Api) -> None:
    sandbox.add(USER, "Dest-A", "roberts-mbp.dev.corp")
    sandbox.add(USER, "dest-b", "Büro PC")
    assert api.listing() == [
        {"DestinationId": "Dest-A", "ComputerName": "roberts-mbp.dev.corp"},
        {"DestinationId": "dest-b", "ComputerName": "Büro PC"},
    ]


def test_listing_finds_the_user_whatever_the_case_of_its_id(sandbox: RunningSandbox, api: Api) -> None:
    sandbox.add(USER, "d1", "LAPTOP")
    assert api.names(USER.lower()) == api.names(USER.upper()) == ["LAPTOP"]


def test_listing_tells_apart_names_that_differ_by_case(sandbox: RunningSandbox, api: Api) -> None:
    sandbox.add(USER, "d1", "LAPTOP")
    sandbox.add(USER, "d1", "Laptop")
    assert api.names() == ["LAPTOP", "Laptop"]


def test_listing_shows_nothing_of_another_user(sandbox: RunningSandbox, api: Api) -> None:
    sandbox.add(USER, "d1", "LAPTOP")
    sandbox.add("another", "d1", "DESKTOP")
    assert api.names() == ["LAPTOP"]


def test_user_with_nothing_has_an_empty_listing(sandbox: RunningSandbox, api: Api) -> None:
    sandbox.seed([{"id": USER}])
    assert api.listing() == []


def test_user_ids_are_read_unescaped(sandbox: RunningSandbox, api: Api) -> None:
    sandbox.add("Zoë %41", "d1", "LAPTOP")
    assert api.names("Zo%C3%AB%20%2541") == ["LAPTOP"]


@pytest.mark.parametrize(
    ("answer", "status", "body"),
    [("null", 200, "null"), ("[]", 200, "[]"), ("400", 400, None), ("404", 404, None)],
)
def test_listing_of_an_unknown_user_is_a_switch(
    sandbox: RunningSandbox, api: Api, answer: str, status: int, body: str | None
) -> None:
    assert api.get("Users/unknown/Computers").text == "null"
    sandbox.change_settings(unknown_user_listing=answer)
    got = api.get("Users/unknown/Computers")
    assert got.status_code == status
    assert got.text == body if body else list(got.json()) == ["Message"]


def test_deleted_user_is_still_listed(sandbox: RunningSandbox, api: Api) -> None:
    sandbox.add(USER, "d1", "LAPTOP")
    sandbox.delete_user(USER)
    assert api.names() == ["LAPTOP"]


def test_deleted_user_can_be_as_an_unknown_one(sandbox: RunningSandbox, api: Api) -> None:
    sandbox.add(USER, "d1", "LAPTOP")
    sandbox.delete_user(USER)
    sandbox.add("another", "d1", "DESKTOP")
    sandbox.change_settings(deleted_user_listing="as_unknown", unknown_user_listing="404")
    assert api.names("another") == ["DESKTOP"]
    assert api.get(f"Users/{USER}/Computers").status_code == 404
