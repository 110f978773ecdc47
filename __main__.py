"""Wiring: what the inventory wants and what the state has bound become one plan, and one binding for each entry."""

import pulumi

from erasure import clock
from erasure.errors import Problems
from erasure.inventory import read_inventory
from erasure.plan import PlanRequest, wanted_of
from providers.binding import Binding
from providers.program import configuration, end_quietly_on_interrupt, fail, no_stack_traces_in_the_state, project_path
from providers.purge_plan import PurgePlan
from providers.state import read_bound


def main() -> None:
    """Declare the plan; once it is registered, and so was judged, declare the bindings."""
    stack = pulumi.get_stack()
    file = configuration().inventory_path(stack)
    inventory = read_inventory(project_path(file), shown_as=file)
    day = clock.today()
    wanted = wanted_of(inventory.wanted(day))
    plan = PurgePlan(
        PlanRequest(
            stack=stack,
            dry_run=pulumi.runtime.is_dry_run(),
            day=day if inventory.has_dates else None,
            wanted=wanted,
            released=tuple(one.identity.id for one in inventory.released()),
            bound=read_bound(),
        )
    )

    def declare(_: str) -> None:
        with no_stack_traces_in_the_state():
            for one in wanted:
                Binding(one)

    plan.urn.apply(declare)
    pulumi.export("bindings", len(wanted))


end_quietly_on_interrupt()
try:
    main()
except Problems as problems:
    fail(problems)
