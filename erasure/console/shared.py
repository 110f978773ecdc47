"""What commands share: options, the report on stdout, and, on a terminal's stderr, that they are at work."""

import datetime
import sys
from collections.abc import Callable
from typing import Any, Final, TypeVar

import click
from rich.console import Console
from rich.live import Live
from rich.spinner import Spinner

from erasure.message import Message
from erasure.reports.html import html
from erasure.reports.markdown import markdown
from erasure.reports.page import Page
from erasure.reports.text import show

R = TypeVar("R", bound=Message)

_WIDTH: Final = 160  # columns of a log, which is no terminal

stack_option = click.option("--stack", metavar="NAME", help="The stack; without it, the selected one.")
format_option = click.option(
    "--format",
    "format_",
    type=click.Choice(("text", "md", "html", "json")),
    default="text",
    help="How the report is written.",
)


class Day(click.ParamType[datetime.date]):
    """A date like 2026-12-24."""

    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime.date:  # noqa: ANN401 -- click's values
        """Return the date, or end the command with a sentence."""
        try:
            return value if isinstance(value, datetime.date) else datetime.date.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is not a date like 2026-12-24", param, ctx)


def write(format_: str, report: R, page_of: Callable[[R], Page]) -> None:
    """Write a report to stdout: its page as text, Markdown or HTML, or its JSON. Each ends in one line break."""
    match format_:
        case "md":
            click.echo(markdown(page_of(report)), nl=False)
        case "html":
            click.echo(html(page_of(report)), nl=False)
        case "json":
            click.echo(report.text(), nl=False)
        case _:
            show(page_of(report), Console(highlight=False, width=None if sys.stdout.isatty() else _WIDTH))


def working(on: str) -> Live:
    """Return what shows, while a block runs, that a command is at work, and on what."""
    return Live(
        Spinner("dots", f"{on} ..."),
        console=Console(stderr=True),
        transient=True,
        # The report is for stdout; by default it would be taken along to stderr.
        redirect_stdout=False,
        redirect_stderr=False,
    )
