"""Options that several commands share."""

import datetime
from typing import Any

import click

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
