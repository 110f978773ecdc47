"""GET api/Users, and paths that do not exist."""

import pytest

from sandbox.running import RunningSandbox
from tests.sandbox.conftest import USER, Api

USER_KEYS = [
    "ID", "Email", "FirstName", "LastName", "NotificationEmails", "Company", "Enabled", "LicenseManagmentMode",
    "DestinationList", "SpaceUsed",
]  # fmt: skip
DESTINATION_KEYS = [
    "ID", "CurrentVolume", "PackageID", "AccountID", "AccountDisplayName", "Destination", "DestinationDisplayName",
]  # fmt: skip


def test_user_is_shown_with_the_vendors_keys(sandbox: RunningSandbox, api: Api) -> None:
    sandbox.seed([{"id": USER, "login": "zoe@acme.example", "first_name": "Zoë", "last_name": "Ng", "company": "Acme"}])
    sandbox.add(USER, "d1", "LAPTOP", stored_bytes=4096)
    sandbox.add(USER, "d1", "DESKTOP", stored_bytes=1024)
    user = api.get(f"Users/{USER.lower()}").json()
    assert list(user) == USER_KEYS
    assert [user[key] for key in ("ID", "Email", "FirstName", "LastName", "Company")] == [
        USER, "zoe@acme.example", "Zoë", "Ng", "Acme",
    ]  # fmt: skip
    assert user["SpaceUsed"] == 5
    assert [list(one) for one in user["DestinationList"]] == [DESTINATION_KEYS]
    assert user["DestinationList"][0]["CurrentVolume"] == 5120


@pytest.mark.parametrize(("ids", "same"), [("other", False), ("same", True)])
def test_ids_of_the_destination_list_are_a_switch(sandbox: RunningSandbox, api: Api, ids: str, same: bool) -> None:
    sandbox.add(USER, "d1", "LAPTOP")
    sandbox.change_settings(destination_list_ids=ids)
    assert (api.get(f"Users/{USER}").json()["DestinationList"][0]["ID"] == "d1") == same


def test_users_lists_all_but_the_deleted(sandbox: RunningSandbox, api: Api) -> None:
    sandbox.add("a", "d1", "LAPTOP", login="a@acme.example")
    sandbox.add("b", "d1", "LAPTOP", login="b@acme.example")
    sandbox.add("c", "d1", "LAPTOP", login="c@acme.example")
    sandbox.delete_user("B")
    assert [user["ID"] for user in api.get("Users").json()] == ["a", "c"]


@pytest.mark.parametrize("path", ["Users/{}", "Monitoring/{}"])
@pytest.mark.parametrize(("answer", "status"), [("null", 200), ("400", 400), ("404", 404)])
@pytest.mark.parametrize("deleted", [False, True])
def test_unknown_id_is_a_switch_and_a_deleted_user_counts_as_unknown(
    sandbox: RunningSandbox, api: Api, path: str, answer: str, status: int, deleted: bool
) -> None:
    if deleted:
        sandbox.add(USER, "d1", "LAPTOP")
        sandbox.delete_user(USER)
    sandbox.change_settings(unknown_id=answer)
    got = api.get(path.format(USER))
    assert got.status_code == status
    assert got.text == "null" if status == 200 else list(got.json()) == ["Message"]


def test_unknown_path_is_answered_with_its_address(api: Api) -> None:
    answer = api.get("Users/x/Computers/y?z=1")
    assert answer.status_code == 404
    assert answer.json() == {
        "Message": f"No HTTP resource was found that matches the request URI '{api.url}/api/Users/x/Computers/y?z=1'."
    }


@pytest.mark.parametrize("path", ["users", "Users/", "Provider/login"])
def test_paths_have_one_spelling(api: Api, path: str) -> None:
    assert api.get(path).status_code == 404


@pytest.mark.parametrize("path", ["Users/x", "Users/x/Account"])
def test_neighbours_of_the_purge_do_not_exist_here(api: Api, path: str) -> None:
    answer = api.request("DELETE", path)
    assert answer.status_code in (404, 405)
    assert list(answer.json()) == ["Message"]


def test_path_has_its_own_methods(api: Api) -> None:
    answer = api.request("POST", "Users")
    assert (answer.status_code, answer.json()["Message"]) == (
        405,
        "The requested resource does not support http method 'POST'.",
    )
