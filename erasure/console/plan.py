"""`plan`: what the next update would purge, for people and for programs."""

import click

from erasure.console.shared import format_option, stack_option, write
from erasure.console.stack import Stack
from erasure.reports.plan_page import plan_page

_EXITS = {"nothing": 0, "permitted": 2, "refused": 3}


@click.command()
@stack_option
@format_option
def plan(stack: str | None, format_: str) -> int:
    """Preview the stack, and report what the next update would purge.

    Exits 0 where that is nothing, 2 where purges are permitted, and 3 where they are refused.
    """
    report = Stack(stack).plan()
    write(format_, report, plan_page)
    return _EXITS[report.outcome]
