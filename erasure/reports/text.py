"""Reports on a terminal, or in a log."""

from collections.abc import Sequence
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from erasure.reports import receipt_sections as told
from erasure.reports.plan import PlanReport
from erasure.reports.receipt import Receipt
from erasure.reports.sections import (
    APPROVE,
    NUMBERS,
    OUTCOMES,
    Section,
    approve_by_hand,
    approve_command,
    lead,
    next_step,
    other_sections,
    purges,
    rules,
    state,
    totals,
)
from erasure.reports.shown import moment, visible

_PURGES: Final = 50
_OTHERS: Final = 20
_WIDE: Final = 120  # columns of a terminal on which a purge fits on one line
_STYLES: Final = {
    "refused": "bold red",
    "permitted": "bold yellow",
    "nothing": "bold green",
    "in the way": "bold red",
    "lifted": "green",
    "warns": "yellow",
    "off": "dim",
}


def show_plan(report: PlanReport, console: Console) -> None:
    """Print the plan of a stack. Long lists end in how many more there are."""
    _summary(report, console)
    _rules(report, console)
    _approval(report, console)
    if report.purges:
        _section(purges(report), _PURGES, console, stacked=1 if console.width >= _WIDE else 3)
    for section in other_sections(report):
        _section(section, _OTHERS, console)


def show_receipt(receipt: Receipt, console: Console) -> None:
    """Print a receipt. Long lists end in how many more there are."""
    title = Text(f"Erasure receipt of {visible(told.title(receipt))}: ", style="bold")
    outcome = told.outcome(receipt)
    console.print(title.append(outcome, style=_STYLES[told.STYLES[outcome]]))
    console.print(Text(f"stack {visible(receipt.stack)}, {moment(receipt.made_at)} UTC"))
    console.print()
    console.print(Text(told.lead(receipt)))
    _facts(told.totals(receipt), console)
    for section in told.sections(receipt):
        _section(section, _PURGES, console, stacked=1 if console.width >= _WIDE else 3)
    _lines("What this can say, and what not", receipt.limits, console)
    ledger = receipt.ledger
    console.print()
    console.out(
        f"Ledger  {ledger.chain}, the first {ledger.event:,} events; the hash of the last: {ledger.hash}",
        highlight=False,
    )


def _summary(report: PlanReport, console: Console) -> None:
    of = f" ({visible(report.customer)})" if report.customer else ""
    title = Text(f"Purge plan of {visible(report.stack)}{of}: ", style="bold")
    console.print(title.append(OUTCOMES[report.outcome], style=_STYLES[report.outcome]))
    console.print(Text(f"{visible(report.endpoint)}, {moment(report.made_at)} UTC"))
    console.print()
    console.print(Text(" ".join(filter(None, (lead(report), next_step(report))))))
    _facts(totals(report), console)
    console.out(f"Digest  {visible(report.digest)}", highlight=False)


def _facts(facts: Sequence[tuple[str, str]], console: Console) -> None:
    console.print()
    table = _table(("", ""))
    for name, value in facts:
        table.add_row(name, Text(visible(value)))
    console.print(table)


def _rules(report: PlanReport, console: Console) -> None:
    fired = rules(report)
    if fired:
        _heading("Rules that fired", "", console)
    for one in fired:
        line = Text(f"{state(one)}  ", style=_STYLES[state(one)])
        console.print(line.append(f"{visible(one.rule)}: {visible(one.found)}", style="not bold default"))
        console.print(Text(f"    {visible(one.advice)}"))
    _lines("In the way besides, and nothing lifts it", report.obstacles, console)
    _lines("Approvals that do not count here", report.objections, console)


def _approval(report: PlanReport, console: Console) -> None:
    if report.approval is not None:
        _heading("Approval", APPROVE, console)
        # Not wrapped: these are to be pasted.
        console.out(f"  {visible(approve_command(report))}", highlight=False)
        console.print(Text(visible(approve_by_hand(report)), style="dim"))
        console.out(report.approval.rstrip("\n"), highlight=False)


def _section(section: Section, most: int, console: Console, stacked: int = 1) -> None:
    """Print a section, the first `stacked` columns under one another."""
    _heading(f"{section.title} ({len(section.rows):,})", section.explanation, console)
    table = _table([_stacked(section.columns, stacked), *section.columns[stacked:]])
    for row in section.rows[:most]:
        cells = [visible(cell) for cell in row]
        table.add_row(Text(_stacked(cells, stacked)), *map(Text, cells[stacked:]))
    console.print(table)
    _more(len(section.rows) - most, console)


def _stacked(texts: Sequence[str], number: int) -> str:
    return "\n  ".join(texts[:number])


def _lines(title: str, lines: Sequence[str], console: Console) -> None:
    if lines:
        _heading(title, "", console)
    for one in lines[:_OTHERS]:
        console.print(Text(f"- {visible(one)}"))
    _more(len(lines) - _OTHERS, console)


def _heading(title: str, explanation: str, console: Console) -> None:
    console.print()
    console.print(Text(title, style="bold"))
    if explanation:
        console.print(Text(visible(explanation), style="dim"))


def _more(number: int, console: Console) -> None:
    if number > 0:
        console.print(Text(f"and {number:,} more, see --format json"))


def _table(columns: Sequence[str]) -> Table:
    table = Table(box=None, pad_edge=False, show_header=any(columns), header_style="dim")
    for title in columns:
        # Folded, not cut: two names that differ in their ends must not look the same.
        table.add_column(Text(title), overflow="fold", justify="right" if title in NUMBERS else "left")
    return table
