"""Reports as Markdown, for a comment on a pull request.

Forges do more to a comment than Markdown says: in the text that Markdown leaves they look for mentions, issues,
commits, emoji and formulas. So a name stands here as entities, which are never markup, and with a `<wbr>` wherever a
forge would read on: it shows nothing, and ends what the forge takes for one word.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Final
from urllib.parse import quote

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

LIMIT: Final = 65_000  # bytes; GitHub takes 65,536 characters
_OPEN: Final = 20  # rows that show at once; the others are to be unfolded
_CELL: Final = 400  # bytes
_LONG: Final = 1000  # bytes of what a rule found
_SENTENCE: Final = 700  # bytes of a sentence of ours, with what it quotes
_OTHERS: Final = 3000  # bytes of each section beside the purges
_FOLDING: Final = 200  # bytes around unfolded rows and for how many more there are
_STACK: Final = 100  # characters; the engine permits no more
_SPECIAL: Final = re.compile(
    r"[\\`*_\[\]<>|@#:$!%~&^{]"  # markup, and what begins a mention, a reference, an emoji, a formula
    r"|(?<=[^\W\d_])\.|\.(?=[^\W\d_])"  # an address
    r"|(?<=[A-Za-z])-(?=\d)"  # GH-1, TICKET-1
    r"|(?<![^\W_])[0-9a-f]{7,40}(?![^\W_])"  # a commit
    r"|^[-+=]|^\d+[.)](?= |$)"  # a list, a heading
)
_ENDS_A_WORD: Final = frozenset("@#:$!%~&^{")


def plan_markdown(report: PlanReport) -> str:
    """Return the plan for a comment on a pull request, in at most LIMIT bytes.

    The first line is `plan_marker`, by which a pipeline finds its comment again; it reads the digest from its line.
    """
    before = _summary(report) + _rules(report) + _approval(report)
    after = "".join(_section(one, _OTHERS) for one in other_sections(report))
    room = LIMIT - _length(before) - _length(after)
    return before + (_section(purges(report), room) if report.purges else "") + after


def receipt_markdown(receipt: Receipt) -> str:
    """Return a receipt as Markdown, in at most LIMIT bytes."""
    facts = [*told.totals(receipt), ("Stack", receipt.stack), ("Made at", f"{moment(receipt.made_at)} UTC")]
    before = "\n".join(
        [
            f"## Erasure receipt of {escaped(told.title(receipt))}: {told.outcome(receipt)}",
            "",
            f"**{_own(told.lead(receipt))}**",
            "",
            *(f"- {name}: {escaped(value)}" for name, value in facts),
            f"- Ledger: {escaped(receipt.ledger.chain)}, the first {receipt.ledger.event:,} events",
            f"- Hash of the last: `{receipt.ledger.hash}`",
            "",
        ]
    )
    limits = _titled("What this can say, and what not", "", [f"- {escaped(one, _LONG)}" for one in receipt.limits])
    sections = told.sections(receipt)
    room = (LIMIT - _length(before) - _length(limits)) // max(len(sections), 1)
    return before + "".join(_section(one, room) for one in sections) + limits


def plan_marker(stack: str) -> str:
    """Return the hidden comment that marks the plan of a stack."""
    return f"<!-- mbs-erasure plan: {quote(stack[:_STACK], safe='/').replace('--', '-%2D')} -->"


def escaped(text: str, longest: int = _CELL) -> str:
    """Return a text that shows as itself in Markdown, whatever it holds; one over `longest` bytes is cut."""
    whole = _SPECIAL.sub(_entity, visible(text, longest))
    return whole if _length(whole) <= longest else "".join(_within(longest, whole)) + "…"


def _entity(found: re.Match[str]) -> str:
    text = found[0]
    if text.isalnum():
        return "<wbr>".join(re.findall(".{1,6}", text))
    if text == "." or (text == "-" and found.start()):
        return f"<wbr>{text}"
    entity = {"<": "&lt;", ">": "&gt;", "&": "&amp;"}.get(text[-1], f"&#{ord(text[-1])};")
    return text[:-1] + entity + ("<wbr>" if text[-1] in _ENDS_A_WORD else "")


def _within(longest: int, whole: str) -> Iterable[str]:
    length = 0
    for piece in re.findall(r"(?:&#?\w+;|.)(?:<wbr>)?", whole):
        length += _length(piece)
        if length > longest:
            return
        yield piece


def _own(text: str) -> str:
    """Return a sentence of ours, in which backquotes mark code. What it quotes is escaped all the same."""
    parts = [_SPECIAL.sub(_entity, part) for part in visible(text).split("`")]
    whole = "".join(f"<code>{part}</code>" if place % 2 else part for place, part in enumerate(parts))
    return whole if _length(whole) <= _SENTENCE else escaped(text, _SENTENCE)


def _summary(report: PlanReport) -> str:
    of = f" ({escaped(report.customer)})" if report.customer else ""
    told = [*totals(report), ("Endpoint", report.endpoint), ("Planned at", f"{moment(report.made_at)} UTC")]
    lines = [
        plan_marker(report.stack),
        f"## Purge plan of {escaped(report.stack)}{of}: {OUTCOMES[report.outcome]}",
        "",
        f"**{lead(report)}** {_own(next_step(report))}".rstrip(),
        "",
        *(f"- {name}: {escaped(value)}" for name, value in told),
        f"- Digest: `{report.digest}`",
    ]
    return "\n".join(lines) + "\n"


def _rules(report: PlanReport) -> str:
    rows = [
        f"| {state(one)} | {escaped(one.rule)} | {escaped(one.found, _LONG)} | {_own(one.advice)} |"
        for one in rules(report)
    ]
    fired = _titled("Rules that fired", "", [*_head(("", "Rule", "Finding", "What to do")), *rows]) if rows else ""
    return (
        fired
        + _listed("In the way besides, and nothing lifts it", report.obstacles)
        + _listed("Approvals that do not count here", report.objections)
    )


def _approval(report: PlanReport) -> str:
    if report.approval is None:
        return ""
    command = ["```sh", visible(approve_command(report), 3 * _STACK), "```", ""]
    entry = [_own(approve_by_hand(report)), "", "```yaml", report.approval.rstrip("\n"), "```"]
    return _titled("Approval", APPROVE, [*command, *entry])


def _listed(title: str, texts: Sequence[str]) -> str:
    if not texts:
        return ""
    lines, more = _fitting((f"- {escaped(one, _LONG)}" for one in texts), _OTHERS, len(texts))
    return _titled(title, "", [*lines, *([f"- {more}"] if more else [])])


def _section(section: Section, room: int) -> str:
    """Return a section that is at most `room` bytes long."""
    head = _head(section.columns)
    title = f"{section.title} ({len(section.rows):,})"
    room -= _length(_titled(title, _own(section.explanation), [])) + 2 * _length("\n".join(head)) + _FOLDING
    rows, more = _fitting((_row(one) for one in section.rows), room, len(section.rows))
    lines = [*head, *rows[:_OPEN]]
    if len(rows) > _OPEN:
        others = ["", *head, *rows[_OPEN:], ""]
        lines += ["", f"<details><summary>The next {len(rows) - _OPEN:,}</summary>", *others, "</details>"]
    return _titled(title, _own(section.explanation), [*lines, *(["", more] if more else [])])


def _fitting(lines: Iterable[str], room: int, number: int) -> tuple[list[str], str]:
    """Return the first lines that fit, and what to say of the others."""
    fitting = []
    for line in lines:
        room -= _length(line) + 1
        if room < 0:
            break
        fitting.append(line)
    left = number - len(fitting)
    return fitting, f"and {left:,} more: see `--format html` or `--format json`" if left else ""


def _titled(title: str, explanation: str, lines: Sequence[str]) -> str:
    return "\n".join(["", f"### {title}", "", *([explanation, ""] if explanation else []), *lines]) + "\n"


def _head(columns: Sequence[str]) -> list[str]:
    return [f"| {' | '.join(columns)} |", f"|{'|'.join('---:' if one in NUMBERS else '---' for one in columns)}|"]


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(map(escaped, cells))} |"


def _length(text: str) -> int:
    return len(text.encode())
