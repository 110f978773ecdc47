"""Reports as one self-contained page: nothing is loaded from anywhere, and its policy lets nothing be."""

import base64
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from erasure.identity import fold
from erasure.reports import receipt_sections as told
from erasure.reports import sections
from erasure.reports.plan import PlanReport, Purge, notes, riskiest_first
from erasure.reports.receipt import Receipt
from erasure.reports.shown import counted, moment, size, visible

_TEMPLATES: Final = Path(__file__).parent / "templates"
_BARS: Final = 10
_ROWS: Final = 500  # of the tables beside the purges, which all stand here
_LABEL: Final = 34  # characters; what fits beside its value on a telephone


@dataclass(frozen=True)
class Bar:
    """One bar of a chart; `part` is its length as a percentage of the longest."""

    name: str
    label: str
    value: str
    part: float


@dataclass(frozen=True)
class Row:
    """One purge as the page shows it."""

    purge: Purge
    user: str
    destination: str
    notes: list[str]


def plan_html(report: PlanReport) -> str:
    """Return the plan of a stack as a page of its own."""
    labels = sections.Labels(report)
    rows = [
        Row(one, labels.user(one.user), labels.destination(one.destination), notes(one))
        for one in riskiest_first(report.purges)
    ]
    by, largest = _largest(report, labels)
    return page("plan.html", report=report, rows=rows, by=by, bars=largest, sections=sections, most=_ROWS)


def receipt_html(receipt: Receipt) -> str:
    """Return a receipt as a page of its own."""
    meanings = [(verdict.value, meaning) for verdict, meaning in told.MEANINGS.items()]
    tone = told.STYLES[told.outcome(receipt)]
    return page("receipt.html", receipt=receipt, told=told, tone=tone, meanings=meanings, most=_ROWS)


def page(template: str, **values: object) -> str:
    """Return a page made from a template; every value is shown as it is, and acts as nothing."""
    style, script = (Markup(_source(name)) for name in ("page.css", "page.js"))  # noqa: S704 -- files of our own
    return (
        _environment()
        .get_template(template)
        .render(style=style, script=script, style_hash=_hash(style), script_hash=_hash(script), **values)
    )


def bars(sizes: Iterable[tuple[str, int]]) -> list[Bar]:
    """Return the largest of what was measured as bars, the longest first; a name may recur, and is added up."""
    sums: dict[str, int] = {}
    for name, number in sizes:
        sums[name] = sums.get(name, 0) + number
    largest = sorted(((name, number) for name, number in sums.items() if number), key=lambda one: (-one[1], one[0]))
    return [
        Bar(visible(name), visible(name, _LABEL), size(number), max(0.4, round(100 * number / largest[0][1], 1)))
        for name, number in largest[:_BARS]
    ]


def _largest(report: PlanReport, labels: sections.Labels) -> tuple[str, list[Bar]]:
    """Return the stored bytes by user, or by computer where there is but one user, and what they are by."""
    each = {(fold(one.user), fold(one.computer)): one for one in report.purges if one.stored_bytes}
    if report.totals.users > 1:
        return "user", bars((labels.user(one.user), one.stored_bytes or 0) for one in each.values())
    return "computer", bars((one.computer, one.stored_bytes or 0) for one in each.values())


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalized,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "filesizeformat": size,
        "moment": moment,
        "code": _code,
        "lines": _lines,
        "counted": counted,
    }
    return environment


def _finalized(value: object) -> object:
    """Show what a name hides; markup of our own stays as it is."""
    return visible(value) if type(value) is str else value


def _code(text: str) -> Markup:
    """Return a sentence of ours, in which backquotes mark code. What it quotes is escaped all the same."""
    parts = [escape(part) for part in visible(text, 2000).split("`")]
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if place % 2 else part for place, part in enumerate(parts)
    )


def _lines(text: str) -> Markup:
    """Return a text of ours that has more than one line."""
    return escape(text.strip("\n"))


def _source(name: str) -> str:
    return (_TEMPLATES / name).read_text(encoding="utf-8")


def _hash(source: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()
