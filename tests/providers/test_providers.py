"""The six calls of a provider, and what a purge run permits."""

from typing import Any

import pytest
from pulumi.dynamic import CheckResult, Config, ConfigureRequest
from pulumi.dynamic.dynamic import serialize_provider

from erasure.errors import Refusal
from erasure.files.inventory import Entry
from erasure.plan import Bound, PlanRequest
from mbs.errors import MbsError
from providers import operation
from providers.binding import BindingProvider, bound_of
from providers.program import bound_in
from providers.purge_plan import PurgePlanProvider
from tests.providers.conftest import FakeAccount, begin_operation, note_adoptions

NAMES = ("PC-1", "PC-2", "PC-3", "PC-4")


WHY = {
    "no plan": "no plan of this operation permits it",
    "refused": "no plan of this operation permits it",
    "undeclared": "1 wanted bindings were not declared",
    "foreign": "others were declared than judged",
    "not planned": "the plan does not name it",
}


def inputs(computer: str, **more: str | bool) -> dict[str, Any]:
    return {"version": 1, "user": "u-1", "destination": "d-1", "computer": computer, **more}


def listed(*computers: str) -> list[dict[str, str]]:
    return [{"DestinationId": "D-1", "ComputerName": one} for one in computers]


def adopt(account: FakeAccount, *computers: str) -> dict[str, dict[str, Any]]:
    account.listed["u-1"] = listed(*computers)
    account.known.add("u-1")
    provider = BindingProvider()
    created = [provider.create(provider.check({}, inputs(one)).inputs) for one in computers]
    state = {one.id: dict(one.outs or {}) for one in created}
    note_adoptions(bound_of(key, outputs) for key, outputs in state.items())
    return state


def plan(state: dict[str, dict[str, Any]], *wanted: str, released: tuple[str, ...] = (), **more: Any) -> CheckResult:  # noqa: ANN401 -- PlanRequest's fields
    """Run the plan's check as the engine does, and then the checks of every wanted binding."""
    request = PlanRequest(
        project="mbs-erasure",
        stack="acme",
        dry_run=more.pop("dry_run", False),
        wanted=tuple(Entry(user="u-1", destination="d-1", computer=one) for one in wanted),
        released=tuple(Entry(user="u-1", destination="d-1", computer=one, release="Sold") for one in released),
        bound=tuple(bound_of(key, outs) for key, outs in state.items()),
        **more,
    )
    result = PurgePlanProvider().check({}, {"request": request.model_dump_json()})
    for one in wanted:
        BindingProvider().check({}, inputs(one))
    return result


def reasons(result: CheckResult) -> list[str]:
    return [one.reason.partition(":")[0] for one in result.failures]


def next_operation(account: FakeAccount, **settings: str) -> None:
    begin_operation(account.url, **settings)
    account.asked.clear()


@pytest.mark.usefixtures("account")
def test_a_provider_is_pickled_as_a_name() -> None:
    operation.current().connection.account()
    for provider in (BindingProvider(), PurgePlanProvider()):
        assert len(serialize_provider(provider)) < 100
        assert provider.serialize_as_secret_always is False


def test_adoption_records_the_names_as_listed_and_a_new_life(account: FakeAccount) -> None:
    account.listed["u-1"] = listed("pc-1")
    one, other = (BindingProvider().create(inputs("PC-1")) for _ in range(2))
    assert one.id == "u-1/d-1/pc-1"
    assert one.outs is not None
    assert other.outs is not None
    assert (one.outs["computer"], one.outs["destination"], one.outs["endpoint"]) == ("pc-1", "D-1", account.url)
    assert one.outs["life"] != other.outs["life"]
    assert account.deleted == []


def test_a_deleted_users_binding_is_adopted_unasked(account: FakeAccount) -> None:
    assert BindingProvider().create(inputs("PC-1", deleted=True)).id == "u-1/d-1/pc-1"
    assert account.asked == []


def test_an_unlisted_binding_is_not_adopted(account: FakeAccount) -> None:
    account.listed["u-1"] = listed("CHARLIE-LAPTOP")
    with pytest.raises(Refusal, match=r"not-listed: .*the nearest listed: 'CHARLIE-LAPTOP' on D-1"):
        BindingProvider().create(inputs("CHARLY-LAPTOP"))


def test_a_user_is_asked_about_once_an_operation(account: FakeAccount) -> None:
    adopt(account, *NAMES)
    assert account.asked == ["/api/Users/u-1/Computers"]


def test_a_dropped_binding_is_purged_once_however_often_its_deletion_is_called(account: FakeAccount) -> None:
    state = adopt(account, *NAMES)
    next_operation(account)
    assert plan(state, *NAMES[:3]).failures == []
    for _ in range(2):
        BindingProvider().delete("u-1/d-1/pc-4", state["u-1/d-1/pc-4"])
    assert account.deleted == [("u-1", listed("PC-4"))]


@pytest.mark.parametrize("case", ["no plan", "refused", "undeclared", "foreign", "not planned"])
def test_a_deletion_without_a_permit_is_refused(account: FakeAccount, case: str) -> None:
    state = adopt(account, *NAMES)
    next_operation(account)
    victim = "u-1/d-1/pc-4"
    if case == "refused":
        assert reasons(plan(state, "PC-1")) == ["max-percent"]
        assert plan(state, *NAMES[:3]).failures == [], "and a later permit does not undo it"
    if case == "undeclared":
        plan(state, *NAMES[:3])
        operation.current()._checked.discard("u-1/d-1/pc-1")  # noqa: SLF001 -- as a program that declares a part
    if case == "foreign":
        plan(state, *NAMES[:3])
        BindingProvider().check({}, inputs("PC-4"))
    if case == "not planned":
        plan({key: value for key, value in state.items() if key != victim}, *NAMES[:3])
    with pytest.raises(Refusal, match=f"^not-permitted: .*{WHY[case]}"):
        BindingProvider().delete(victim, state[victim])
    assert account.deleted == []


@pytest.mark.parametrize("provider", [BindingProvider, PurgePlanProvider])
def test_either_provider_may_be_configured_first(
    account: FakeAccount, provider: type[BindingProvider | PurgePlanProvider]
) -> None:
    operation.reset()
    provider().configure(ConfigureRequest(Config({"mbs-erasure:endpoint": account.url}, "mbs-erasure")))
    assert operation.current().connection.configuration.endpoint == account.url


@pytest.mark.parametrize("request_", ["garbage", "unjudgeable"])
def test_a_plan_that_cannot_be_judged_takes_an_earlier_permit_back(account: FakeAccount, request_: str) -> None:
    state = adopt(account, *NAMES)
    next_operation(account)
    assert plan(state, *NAMES[:3]).failures == []
    if request_ == "garbage":
        with pytest.raises(ValueError, match="PlanRequest"):
            PurgePlanProvider().check({}, {"request": "garbage"})
    else:
        operation.reset()
        begin = {"mbs-erasure:endpoint": account.url, "mbs-erasure:ledger": "nosuch://x"}
        BindingProvider().configure(ConfigureRequest(Config(begin, "mbs-erasure")))
        assert reasons(plan(state, *NAMES[:3])) == ["ledger"]
    with pytest.raises(Refusal, match=r"^not-permitted: "):
        BindingProvider().delete("u-1/d-1/pc-4", state["u-1/d-1/pc-4"])
    assert account.deleted == []


def test_a_recorded_plan_holds_nothing_of_the_sdk() -> None:
    provider = PurgePlanProvider()
    assert provider.create({"__provider": "x", "wanted": 1}).outs == {"wanted": 1}
    assert provider.update("plan", {}, {"__provider": "x", "wanted": 1}).outs == {"wanted": 1}
    assert provider.read("plan", {"wanted": 1}).id == "plan"
    provider.delete("plan", {})


def test_the_old_half_of_a_replacement_is_no_purge(account: FakeAccount) -> None:
    state = adopt(account, *NAMES)
    next_operation(account)
    plan(state, *NAMES)
    BindingProvider().delete("u-1/d-1/pc-1", state["u-1/d-1/pc-1"])
    assert account.deleted == []


def test_a_released_binding_is_no_purge(account: FakeAccount) -> None:
    state = adopt(account, *NAMES)
    next_operation(account)
    assert plan(state, *NAMES[:3], released=("PC-4",)).inputs["purges"] == []
    BindingProvider().delete("u-1/d-1/pc-4", state["u-1/d-1/pc-4"])
    assert (account.deleted, account.asked) == ([], [])


def test_what_is_gone_is_not_purged_again(account: FakeAccount) -> None:
    state = adopt(account, *NAMES)
    next_operation(account)
    account.listed["u-1"] = listed(*NAMES[:3])
    assert plan(state, *NAMES[:3]).failures == []
    with pytest.raises(Refusal, match=r"^not-found: .* is not listed any more"):
        BindingProvider().delete("u-1/d-1/pc-4", state["u-1/d-1/pc-4"])
    assert account.deleted == []


def test_a_user_that_is_not_known_any_more_is_purged_as_adopted_where_that_is_permitted(account: FakeAccount) -> None:
    state = adopt(account, *NAMES)
    account.listed.clear()
    account.known.clear()
    next_operation(account)
    assert reasons(plan(state, *NAMES[:3])) == ["unknown-user"]
    next_operation(account, rules='{"unknown-user": "warn"}')
    assert plan(state, *NAMES[:3]).failures == []
    BindingProvider().delete("u-1/d-1/pc-4", state["u-1/d-1/pc-4"])
    assert account.deleted == [("u-1", listed("PC-4"))]


def test_a_purge_that_the_account_does_not_acknowledge_raises(account: FakeAccount) -> None:
    state = adopt(account, *NAMES)
    next_operation(account)
    plan(state, *NAMES[:3])
    operation.current().connection.account().client.endpoint = "http://127.0.0.1:9"
    with pytest.raises(MbsError):
        BindingProvider().delete("u-1/d-1/pc-4", state["u-1/d-1/pc-4"])


def test_an_operation_that_neither_purges_nor_adopts_asks_nothing(account: FakeAccount) -> None:
    state = adopt(account, *NAMES)
    next_operation(account)
    assert plan(state, *NAMES).failures == []
    assert account.asked == []


def test_the_plan_keeps_numbers_and_purges_and_strips_the_rest(account: FakeAccount) -> None:
    state = adopt(account, *NAMES)
    next_operation(account)
    kept = plan(state, *NAMES[:3]).inputs
    assert kept.keys() == {"version", "wanted", "digest", "purges", "bound", "recent", "fired", "unjudged"}
    assert (kept["wanted"], kept["purges"]) == (3, ["u-1/d-1/pc-4"])


@pytest.mark.parametrize(
    ("change", "shown"),
    [
        ({}, False),
        ({"purges": []}, False),
        ({"day": "2026-12-24"}, False),
        ({"wanted": 2}, True),
        ({"digest": "x"}, True),
        ({"purges": ["b"]}, True),
    ],
)
def test_a_finished_purge_and_another_day_are_no_change(change: dict[str, Any], shown: bool) -> None:
    before = {"version": 1, "wanted": 3, "digest": "d", "purges": ["a"]}
    assert PurgePlanProvider().diff("plan", before, {**before, **change}).changes is shown


@pytest.mark.usefixtures("account")
def test_another_spelling_of_the_same_binding_is_no_change() -> None:
    before = BindingProvider().check({}, inputs("PC-1")).inputs
    checked = BindingProvider().check(before, inputs("pc-1", user="U-1")).inputs
    assert checked == before
    assert BindingProvider().diff("", before, checked).changes is False


def test_a_hold_is_a_change_and_never_a_replacement(account: FakeAccount) -> None:
    provider, name = BindingProvider(), "u-1/d-1/pc-1"
    state = adopt(account, "PC-1")[name]
    held = provider.check(state, inputs("PC-1", hold="Litigation")).inputs
    diff = provider.diff(name, state, held)
    assert (diff.changes, diff.replaces) == (True, [])
    assert provider.update(name, state, held).outs == {**state, "hold": "Litigation"}
    lifted = provider.check(held, inputs("PC-1")).inputs
    assert provider.update(name, {**state, "hold": "Litigation"}, lifted).outs == state


def test_an_account_that_denies_the_listing_of_a_user_that_it_knows_is_unreadable(account: FakeAccount) -> None:
    state = adopt(account, *NAMES)
    next_operation(account)
    account.listed.clear()
    assert reasons(plan(state, *NAMES[:3])) == ["unreadable"]


@pytest.mark.parametrize(
    "case", ["listed", "contradiction", "unknown user", "deleted user", "other endpoint", "no answer", "ambiguous"]
)
def test_a_refresh_keeps_what_it_cannot_be_sure_of(
    account: FakeAccount, case: str, capsys: pytest.CaptureFixture[str]
) -> None:
    state = adopt(account, "PC-1")["u-1/d-1/pc-1"]
    next_operation(account)
    if case != "listed":
        account.listed["u-1"] = []
    if case == "contradiction":
        account.listed.clear()
    if case == "unknown user":
        account.known.clear()
    if case == "deleted user":
        state["deleted"] = True
    if case == "other endpoint":
        state["endpoint"] = "https://api.example"
    if case == "no answer":
        account.listed["u-1"] = "garbage"
    if case == "ambiguous":
        account.listed["u-1"] = listed("PC-1", "pc-1")
    read = BindingProvider().read("u-1/d-1/pc-1", state)
    assert (read.id, read.outs) == ("u-1/d-1/pc-1", state)
    assert ("is kept as it was: " in capsys.readouterr().err) == (case != "listed")


@pytest.mark.parametrize("rest", [[], ["PC-2"]])
def test_a_refresh_forgets_what_a_known_user_no_longer_has(account: FakeAccount, rest: list[str]) -> None:
    state = adopt(account, "PC-1")["u-1/d-1/pc-1"]
    next_operation(account)
    account.listed["u-1"] = listed(*rest)
    read = BindingProvider().read("u-1/d-1/pc-1", state)
    assert (read.id, read.outs) == (None, {})


@pytest.mark.parametrize(
    "outputs", [{}, {"version": 2}, {"version": 1, "user": "u"}, {"version": 1.0, **inputs("x"), "user": 5}]
)
def test_a_state_of_another_version_is_refused(outputs: dict[str, Any]) -> None:
    with pytest.raises(Refusal, match="not as this program writes it"):
        bound_of("x", outputs)


def test_bindings_are_found_in_an_exported_state(account: FakeAccount) -> None:
    outputs = adopt(account, "PC-1")["u-1/d-1/pc-1"]
    resource = {"type": "pulumi-python:dynamic/mbs:Binding", "id": "u-1/d-1/pc-1", "outputs": outputs}
    export = {
        "deployment": {
            "resources": [{"type": "pulumi:pulumi:Stack"}, {**resource, "protect": True}, {**resource, "delete": True}]
        }
    }
    assert [(one.protect, one.retain, one.pending_deletion) for one in bound_in(export)] == [
        (True, False, False),
        (False, False, True),
    ]
    assert bound_in({"deployment": {}}) == ()


def test_an_empty_listing_of_a_known_user_with_a_purge_is_asked_twice_not_more(account: FakeAccount) -> None:
    state = adopt(account, *NAMES)
    account.listed["u-1"] = []
    next_operation(account)
    plan(state, *NAMES[:3])
    assert account.asked == [
        "/api/Users/u-1/Computers",
        "/api/Users/u-1",
        "/api/Monitoring",
        "/api/Billing/Details",
    ]


@pytest.mark.parametrize("token", ["", "two words"])
def test_without_usable_credentials_a_plan_that_needs_the_account_is_refused(account: FakeAccount, token: str) -> None:
    begin_operation(account.url, token=token)
    assert [one.reason.partition(":")[0] for one in plan({}, "PC-1").failures] == ["credentials"]
    bound = Bound(id="u/d/c", user="u", destination="d", computer="c", endpoint=account.url, life="1")
    with pytest.raises(Refusal, match="not-permitted"):
        operation.current().delete(bound)
