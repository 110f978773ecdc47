"""`plan`: what the next update would purge, for people and for programs."""

from functools import partial

import click

from erasure.console.options import format_option, stack_option
from erasure.console.stack import Stack
from erasure.console.writing import write
from erasure.reports.html import plan_html
from erasure.reports.markdown import plan_markdown
from erasure.reports.text import show_plan

_EXITS = {"nothing": 0, "permitted": 2, "refused": 3}


@click.command()
@stack_option
@format_option("text", "md", "html", "json")
def plan(stack: str | None, format_: str) -> int:
    """Preview the stack, and report what the next update would purge.

    Exits 0 where that is nothing, 2 where purges are permitted, and 3 where they are refused.
    """
    report = Stack(stack).plan()
    write(
        format_,
        partial(show_plan, report),
        {
            "md": partial(plan_markdown, report),
            "html": partial(plan_html, report),
            "json": report.text,
        },
    )
    return _EXITS[report.outcome]
