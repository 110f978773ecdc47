"""How a command's report reaches stdout, in the format that was asked for."""

from collections.abc import Callable, Mapping

import click
from rich.console import Console

from erasure.console.progress import report_console


def write(format_: str, show: Callable[[Console], None], others: Mapping[str, Callable[[], str]]) -> None:
    """Print the report for people, or write one of its other forms, each of which ends in a line break of its own."""
    if format_ == "text":
        show(report_console())
    else:
        click.echo(others[format_](), nl=False)
