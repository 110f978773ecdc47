"""Wiring: what the inventory wants and what the state has bound become one plan, and one binding for each entry."""

import pulumi

from erasure.errors import Problems
from providers.binding import Binding
from providers.program import end_quietly_on_interrupt, fail, no_stack_traces_in_the_state, plan_request
from providers.purge_plan import PurgePlan


def main() -> None:
    """Declare the plan; once it is registered, and so was judged, declare the bindings."""
    request = plan_request()
    plan = PurgePlan(request)

    def declare(_: str) -> None:
        with no_stack_traces_in_the_state():
            for one in request.wanted:
                Binding(one)

    plan.urn.apply(declare)
    pulumi.export("bindings", len(request.wanted))


end_quietly_on_interrupt()
try:
    main()
except Problems as problems:
    fail(problems)
