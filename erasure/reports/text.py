"""Reports on a terminal, or in a log."""

from collections.abc import Sequence
from typing import Final

from rich.console import Console
from rich.table import Table as Grid
from rich.text import Text

from erasure.reports.page import Codes, Column, Fact, Findings, Page, Section, Table, Texts, Tone
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
    _facts([*page.facts, *page.source], console)
    for section in page.sections:
        _section(section, console)


def _facts(facts: Sequence[Fact], console: Console) -> None:
    grid = _grid([Column(""), Column("")])
    for fact in facts:
        if not fact.is_exact:
            grid.add_row(fact.title, Text(visible(fact.value)))
    console.print(grid)
    for fact in facts:
        if fact.is_exact:
            console.out(f"{fact.title}  {visible(fact.value)}", highlight=False)


def _section(section: Section, console: Console) -> None:
    match section:
        case Table():
            _heading(f"{section.title} ({len(section.rows):,})", section.explanation, console)
            _table(section, console)
        case Texts():
            _heading(section.title, "", console)
            for text in section.texts[:_OTHERS]:
                console.print(Text(f"- {visible(text)}"))
            _more(len(section.texts) - _OTHERS, console)
        case Findings():
            _heading(section.title, "", console)
            for finding in section.findings:
                line = Text(f"{finding.state}  ", style=_STYLES[finding.tone])
                found = f"{visible(finding.rule)}: {visible(finding.found)}"
                console.print(line.append(found, style="not bold default"))
                console.print(Text(f"    {visible(finding.remedy)}"))
        case Codes():
            _heading(section.title, "", console)
            for code in section.codes:
                console.print(Text(visible(code.sentence), style="dim"))
                # Not wrapped: these are to be pasted.
                console.out(code.text if code.text.startswith(" ") else f"  {code.text}", highlight=False)


def _table(section: Table, console: Console) -> None:
    stacked = 3 if section.is_main and console.width < _WIDE else 1
    columns, most = section.columns, _MAIN if section.is_main else _OTHERS
    grid = _grid([Column(_stacked([column.title for column in columns[:stacked]])), *columns[stacked:]])
    for row in section.rows[:most]:
        cells = [visible(cell.text) for cell in row]
        grid.add_row(Text(_stacked(cells[:stacked])), *map(Text, cells[stacked:]))
    console.print(grid)
    _more(len(section.rows) - most, console)


def _stacked(texts: Sequence[str]) -> str:
    return "\n  ".join(texts)


def _heading(title: str, explanation: str, console: Console) -> None:
    console.print()
    console.print(Text(title, style="bold"))
    if explanation:
        console.print(Text(visible(explanation), style="dim"))


def _more(number: int, console: Console) -> None:
    if number > 0:
        console.print(Text(f"and {number:,} more, see --format json"))


def _grid(columns: Sequence[Column]) -> Grid:
    grid = Grid(box=None, pad_edge=False, show_header=any(column.title for column in columns), header_style="dim")
    for column in columns:
        # Folded, not cut: two names that differ in their ends must not look the same.
        grid.add_column(Text(column.title), overflow="fold", justify="right" if column.kind == "number" else "left")
    return grid
