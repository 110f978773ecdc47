"""Reports on a terminal, or in a log."""

from collections.abc import Sequence
from typing import Final

from rich.console import Console
from rich.table import Table as Grid
from rich.text import Text

from erasure.reports.page import Column, Page, Section, Tone
from erasure.reports.shown import visible

_MAIN: Final = 50  # rows of what the report is about
_OTHERS: Final = 20
_WIDE: Final = 120  # columns of a terminal on which what the report is about fits on one line
_STYLES: Final[dict[Tone, str]] = {"bad": "bold red", "warn": "yellow", "good": "green", "quiet": "dim"}


def show(page: Page, console: Console) -> None:
    """Print a report. Long lists end in how many more there are."""
    outcome, tone = page.standing
    console.print(Text(f"{visible(page.title)}: ", style="bold").append(outcome, style=_STYLES[tone]))
    console.print()
    console.print(Text(visible(f"{page.lead} {page.next_step}".strip())))
    console.print()
    facts = [*page.facts, *page.source]
    grid = _grid([Column(""), Column("")])
    for fact in facts:
        if not fact.is_exact:
            grid.add_row(fact.title, Text(visible(fact.value)))
    console.print(grid)
    for fact in facts:
        if fact.is_exact:
            console.out(f"{fact.title}  {visible(fact.value)}", highlight=False)
    for section in page.sections:
        # A chart is for where there is room: a table tells the same.
        if not section.bars:
            _section(section, console)


def _section(section: Section, console: Console) -> None:
    console.print()
    count = f" ({len(section.rows):,})" if section.rows else ""
    console.print(Text(f"{section.title}{count}", style="bold"))
    if section.explanation:
        console.print(Text(visible(section.explanation), style="dim"))
    if section.rows:
        _table(section, console)
    for text in section.texts[:_OTHERS]:
        console.print(Text(f"- {visible(text)}"))
    _more(len(section.texts) - _OTHERS, console)
    for state, tone, fired in section.findings:
        line = Text(f"{state}  ", style=_STYLES[tone])
        console.print(line.append(f"{visible(fired.rule)}: {visible(fired.found)}", style="not bold default"))
        console.print(Text(f"    {visible(fired.advice)}"))
    for code in section.codes:
        console.print(Text(visible(code.sentence), style="dim"))
        # Not wrapped: these are to be pasted.
        console.out(code.text if code.text.startswith(" ") else f"  {code.text}", highlight=False)


def _table(section: Section, console: Console) -> None:
    stacked = 3 if section.is_main and console.width < _WIDE else 1
    columns, most = section.columns, _MAIN if section.is_main else _OTHERS
    first = "\n  ".join(column.title for column in columns[:stacked])
    grid = _grid([Column(first), *columns[stacked:]])
    for row in section.rows[:most]:
        cells = [visible(cell.text) for cell in row]
        grid.add_row(Text("\n  ".join(cells[:stacked])), *map(Text, cells[stacked:]))
    console.print(grid)
    _more(len(section.rows) - most, console)


def _more(number: int, console: Console) -> None:
    if number > 0:
        console.print(Text(f"and {number:,} more, see --format json"))


def _grid(columns: Sequence[Column]) -> Grid:
    grid = Grid(box=None, pad_edge=False, show_header=any(column.title for column in columns), header_style="dim")
    for column in columns:
        # Folded, not cut: two names that differ in their ends must not look the same.
        grid.add_column(Text(column.title), overflow="fold", justify="right" if column.kind == "number" else "left")
    return grid
