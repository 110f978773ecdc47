"""A report before it is dressed: all that it tells, in its order and in its words, for every renderer to show.

Nothing is escaped here: a name stands as the account, the inventory, the ledger or git has it, and each renderer makes
it safe for its own medium. What is called a sentence is ours, and backquotes in it mark code; it may quote names.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

from erasure.plan import Fired
from erasure.reports.shown import size

Tone = Literal["good", "warn", "bad", "quiet"]
Kind = Literal["name", "id", "text", "number", "date", "order"]


class Column(NamedTuple):
    """A column of a table, and what its cells hold.

    `name` and `id` are somebody else's word, whole; `text` may quote such; a `date` is text like 2026-12-24 12:00; and
    what has no order of its own sorts by the `order` of the rows.
    """

    title: str
    kind: Kind = "text"


class Cell(NamedTuple):
    """What stands in a row under a column. `value` is what a number sorts by, `small` a second line where it fits."""

    text: str
    value: int = 0
    small: str = ""


class Fact(NamedTuple):
    """A number or another detail with its name. What is `is_exact` is to be copied: it is neither cut nor folded."""

    title: str
    value: str
    is_exact: bool = False


class Code(NamedTuple):
    """Something to be pasted as it is, which holds no name that hides anything, after a sentence that says where."""

    sentence: str
    label: str
    language: str
    text: str


@dataclass(frozen=True)
class Section:
    """A part of a report: its title, a sentence about it, and one kind of content.

    `texts` may quote names; `findings` are rules that fired, after what each means for the update; `codes` are to be
    pasted; `bars`, the longest first, are names with their bytes, which a table tells as well: for where there is room.
    What the report is about `is_main`: its rows have more room than those beside it. All rows of a table that is
    `searched_for` its rows' noun stand in the HTML page, to be searched and sorted. A section that `is_part` belongs to
    the one before it.
    """

    title: str
    explanation: str = ""
    columns: Sequence[Column] = ()
    rows: Sequence[Sequence[Cell]] = ()
    texts: Sequence[str] = ()
    findings: Sequence[tuple[str, Tone, Fired]] = ()
    codes: Sequence[Code] = ()
    bars: Sequence[tuple[str, int]] = ()
    is_main: bool = False
    searched_for: str = ""
    is_part: bool = False


@dataclass(frozen=True)
class Page:
    """A report. `label` says what it is and `name` of whom; `source` is what it was made of, and when."""

    kind: Literal["plan", "receipt", "verification"]
    label: str
    stack: str
    name: str
    title: str
    standing: tuple[str, Tone]
    lead: str
    source: Sequence[Fact]
    sections: Sequence[Section]
    note: str
    next_step: str = ""
    facts: Sequence[Fact] = ()


USER: Final = Column("User", "name")
DESTINATION: Final = Column("Destination", "name")
PLACE: Final = (Column("Computer", "name"), USER, DESTINATION)


def row(*cells: str | int | Cell) -> tuple[Cell, ...]:
    """Return a row of a table, in which a number has its thousands marked."""
    shown = (Cell(f"{cell:,}", cell) if isinstance(cell, int) else cell for cell in cells)
    return tuple(Cell(cell) if isinstance(cell, str) else cell for cell in shown)


def stored(stored_bytes: int | None, unknown: str) -> Cell:
    """Return a cell with a size; one that is unknown sorts as the smallest."""
    return Cell(unknown, -1) if stored_bytes is None else Cell(size(stored_bytes), stored_bytes)
