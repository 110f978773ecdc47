"""`plan`: what the next update would purge, for people and for programs."""

from functools import partial

import click

from erasure import clock
from erasure.console.engine import Engine
from erasure.console.options import format_option, stack_option
from erasure.console.progress import write
from erasure.inventory import read_inventory
from erasure.neighbours import all_neighbours
from erasure.reports.plan import PlanReport, plan_report
from erasure.reports.plan_page import plan_page

_EXITS = {"nothing": 0, "permitted": 2, "refused": 3}


@click.command()
@stack_option
@format_option
def plan(stack: str | None, format_: str) -> int:
    """Preview the stack, and report what the next update would purge.

    Exits 0 where that is nothing, 2 where purges are permitted, and 3 where they are refused.
    """
    engine = Engine(stack)
    report = _report(engine)
    write(format_, partial(plan_page, report), lambda: report.model_dump_json(indent=2) + "\n")
    return _EXITS[report.outcome]


def _report(engine: Engine) -> PlanReport:
    judged = engine.judged_plan()
    now = clock.now()
    file = engine.configuration().inventory_path(engine.stack)
    path = engine.root / file
    neighbours = all_neighbours(engine.root, path, now.date())
    return plan_report(judged, read_inventory(path, shown_as=file), neighbours, now)
