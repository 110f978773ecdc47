"""The time, from one place: tests replace these functions, and nothing else moves them."""

import datetime


def now() -> datetime.datetime:
    """Return the present moment, in UTC."""
    return datetime.datetime.now(datetime.UTC)


def today() -> datetime.date:
    """Return the present day, in UTC."""
    return now().date()
