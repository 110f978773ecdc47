"""The demo's customers."""

from collections import Counter
from datetime import timedelta

from sandbox.messages import State
from sandbox.running import RunningSandbox
from tests.sandbox.conftest import Api


def demo(sandbox: RunningSandbox) -> State:
    sandbox.reset("demo")
    return sandbox.state()


def test_demo_is_a_believable_provider(sandbox: RunningSandbox) -> None:
    state = demo(sandbox)
    assert len({user.company for user in state.users}) == 5
    assert len(state.users) == 12
    assert 25 <= len(state.bindings) <= 30
    assert all(user.login.endswith(".example") for user in state.users)
    assert all(binding.stored_bytes > 2**30 for binding in state.bindings)


def test_demo_knows_the_computer_of_the_documentation(sandbox: RunningSandbox) -> None:
    state = demo(sandbox)
    user, destination = "6970973d-e245-4bbf-a766-dc65a96549c9", "74c0060b-1ca5-4342-9d02-2a7f57e378c4"
    assert state.binding(user, destination, "CHARLIE-LAPTOP") is not None
    assert [one.login for one in state.users if one.id == user] == ["charlie@acme.example"]


def test_demo_is_the_same_each_time(sandbox: RunningSandbox) -> None:
    first, second = demo(sandbox), demo(sandbox)
    for one, other in zip(first.bindings, second.bindings, strict=True):
        assert one.model_copy(update={"last_backup": None}) == other.model_copy(update={"last_backup": None})
    assert first.destinations == second.destinations


def test_demo_has_computers_of_every_state(sandbox: RunningSandbox) -> None:
    state = demo(sandbox)
    ages = [state.now - binding.last_backup for binding in state.bindings if binding.last_backup is not None]
    assert sum(age < timedelta(days=1) for age in ages) > 10
    assert sum(age > timedelta(days=20) for age in ages) > 5
    assert [binding.status for binding in state.bindings].count(3) == 1
    copies = Counter((binding.user, binding.computer) for binding in state.bindings)
    assert max(copies.values()) == 2
    names = [binding.computer for binding in state.bindings]
    assert any(" " in name for name in names)
    assert any("." in name for name in names)
    assert any(not name.isascii() for name in names)


def test_demo_has_a_deleted_user_with_data_left(sandbox: RunningSandbox) -> None:
    state = demo(sandbox)
    [deleted] = [user for user in state.users if user.deleted_at is not None]
    assert state.stored_bytes(deleted.id) > 0
    api = Api(sandbox)
    with api.session:
        assert api.get(f"Users/{deleted.id}").text == "null"
        assert len(api.names(deleted.id)) == 2
