"""What a request comes to."""

import pytest

from erasure.plan import Bound, Plan, PlanRequest

LIVE = Bound(id="u/d/pc", user="u", destination="d", computer="PC", endpoint="https://api.example", life="new")
OLD = LIVE.model_copy(update={"life": "old", "pending_deletion": True})


@pytest.mark.parametrize("order", [(LIVE, OLD), (OLD, LIVE)])
@pytest.mark.parametrize("held", ["live", "old", "neither"])
def test_two_states_of_one_binding_are_the_live_one_with_any_hold(order: tuple[Bound, Bound], held: str) -> None:
    def marked(one: Bound) -> Bound:
        is_held = (one.life == "new") == (held == "live") and held != "neither"
        return one.model_copy(update={"hold": "Litigation", "protect": True}) if is_held else one

    request = PlanRequest(project="p", stack="s", dry_run=True, wanted=(), bound=tuple(map(marked, order)))
    (purge,) = Plan(request).purges
    assert (purge.life, purge.hold is not None, purge.protect) == ("new", held != "neither", held != "neither")
