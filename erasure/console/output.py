"""What a person sees of a command: its report on stdout, and, on a terminal's stderr, that it is at work."""

import contextlib
import sys
from collections.abc import Callable, Iterator
from typing import Final

import click
from rich.console import Console
from rich.live import Live
from rich.spinner import Spinner

from erasure.reports.html import html
from erasure.reports.markdown import markdown
from erasure.reports.page import Page
from erasure.reports.text import show

_WIDTH: Final = 160  # columns of a log, which is no terminal


def write(format_: str, page: Callable[[], Page], json: Callable[[], str]) -> None:
    """Write a report to stdout: its page as text, Markdown or HTML, or its JSON. Each ends in one line break."""
    match format_:
        case "md":
            click.echo(markdown(page()), nl=False)
        case "html":
            click.echo(html(page()), nl=False)
        case "json":
            click.echo(json(), nl=False)
        case _:
            show(page(), Console(highlight=False, width=None if sys.stdout.isatty() else _WIDTH))


@contextlib.contextmanager
def working(on: str) -> Iterator[None]:
    """Show that a command is at work while the block runs, and on what."""
    shown = Spinner("dots", f"{on} ...")
    # The report is for stdout; by default it would be taken along to stderr.
    with Live(shown, console=Console(stderr=True), transient=True, redirect_stdout=False, redirect_stderr=False):
        yield
