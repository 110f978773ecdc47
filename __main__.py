"""Wiring: what the inventory wants and what the state has bound become one plan, and one binding for each entry."""

import pulumi

from providers.start import require_usable

require_usable()

from providers.export import begin_export  # noqa: E402

export = begin_export()  # it takes as long as the imports that follow

from erasure.errors import Problems  # noqa: E402
from providers.binding import Binding  # noqa: E402
from providers.program import declare_in_waves, end_quietly_on_interrupt, fail, plan_request  # noqa: E402
from providers.purge_plan import PurgePlan  # noqa: E402


def main() -> None:
    """Declare the plan; once it is registered, and so was judged, declare the bindings."""
    request = plan_request(export)
    plan = PurgePlan(request)
    plan.urn.apply(lambda _: declare_in_waves(request.wanted, Binding))
    pulumi.export("bindings", len(request.wanted))


end_quietly_on_interrupt()
try:
    main()
except Problems as problems:
    fail(problems)
