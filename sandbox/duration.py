"""Lengths of time as people write them: 24h, 90s, 0ms, 5m, 21d, 1h30m."""

import re
from datetime import timedelta
from typing import Annotated, Final

import click
from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

_MILLISECONDS: Final = {"d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1_000, "ms": 1}
_PART: Final = r"(\d+(?:\.\d+)?)(ms|d|h|m|s)"
_LONGEST: Final = timedelta(days=36_500)  # dates must stay within what a datetime can hold


def parse_duration(text: object) -> timedelta:
    """Read a duration; a timedelta is returned as it is. Raises ValueError for anything else, and beyond 100 years."""
    if isinstance(text, timedelta):
        duration = text
    elif isinstance(text, str) and re.fullmatch(f"(?:{_PART})+", text) and len(text) < 100:
        parts = re.findall(_PART, text)
        duration = timedelta(milliseconds=min(sum(float(n) * _MILLISECONDS[unit] for n, unit in parts), 1e14))
    else:
        raise ValueError(f"{text!r} is no duration; write a number and a unit (ms, s, m, h, d), such as 24h or 1h30m")
    if not timedelta(0) <= duration <= _LONGEST:
        raise ValueError(f"{text!r} is not between 0 and 100 years")
    return duration


def format_duration(duration: timedelta) -> str:
    """Write a duration in its largest whole unit, to the millisecond: 24h, 90s, 1500ms."""
    milliseconds = round(duration / timedelta(milliseconds=1))
    if milliseconds == 0:
        return "0ms"
    unit = next(unit for unit in ("h", "m", "s", "ms") if milliseconds % _MILLISECONDS[unit] == 0)
    return f"{milliseconds // _MILLISECONDS[unit]}{unit}"


Duration = Annotated[
    timedelta,
    BeforeValidator(parse_duration),
    PlainSerializer(format_duration, return_type=str),
    WithJsonSchema({"type": "string", "example": "24h", "description": "ms, s, m, h or d, such as 24h or 1h30m"}),
]
"""A duration in a JSON document: text there, a timedelta here."""


class DurationOption(click.ParamType[timedelta]):
    """A duration on the command line."""

    name = "duration"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """Read the option's value; what is no duration ends the command with a sentence."""
        try:
            return parse_duration(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)
