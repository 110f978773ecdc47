"""Reports as Markdown, for a comment on a pull request.

Forges do more to a comment than Markdown says: in the text that Markdown leaves they look for mentions, issues,
commits, emoji and formulas, but in code they look for nothing. So a name stands in a code span: it reads and can be
searched for as it is, and nothing in it acts. Of a text that may quote names, only plain words stand outside of one.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Final
from urllib.parse import quote

from erasure.reports.page import Column, Page, Section
from erasure.reports.shown import visible

LIMIT: Final = 65_000  # bytes; GitHub takes 65,536 characters
_OPEN: Final = 20  # rows that show at once; the others are to be unfolded
_CELL: Final = 400  # bytes, before they are marked as code
_LONG: Final = 1000  # bytes of a text and of what a rule found
_OTHERS: Final = 3000  # bytes of each section beside what the report is about
_FINDINGS: Final = LIMIT // 3
_FOLDING: Final = 200  # bytes around unfolded rows and for how many more there are
_STACK: Final = 100  # characters; the engine permits no more
_FINDING: Final = tuple(map(Column, ("", "Rule", "Finding", "What to do")))
_TOKEN: Final = re.compile(r"""(?<!\w)\(*(?:'[^']*'|"[^"]*")\S*|\S+|\s+""")
_AROUND: Final = re.compile(r"^(\(*)(.*?)([,;:.)?!]*)$", re.DOTALL)
# Words, dates, times and numbers, in which neither Markdown nor a forge finds anything: not a commit, nor an address.
_PLAIN: Final = re.compile(
    r"(?!.*\b(?i:[0-9a-f]{7,40})\b)(?:[^\W\d_]+(?:['-][^\W\d_]+)*(?<!(?i:www))"
    r"|\d{4}-\d\d-\d\d|\d\d:\d\d|\d{1,3}(?:,\d{3})+|\d{1,6}(?:\.\d)?|%)?"
)


def markdown(page: Page) -> str:
    """Return a report in at most LIMIT bytes.

    The first line of a plan is `plan_marker`, by which a pipeline finds its comment again; it reads the digest from
    its line.
    """
    texts = [_head(page), *("" if section.is_main else _section(section, _OTHERS) for section in page.sections)]
    main = [place for place, section in enumerate(page.sections, 1) if section.is_main]
    for done, place in enumerate(main):
        room = LIMIT - sum(map(_length, texts))
        texts[place] = _section(page.sections[place - 1], room // (len(main) - done))
    return "".join(texts)


def plan_marker(stack: str) -> str:
    """Return the hidden comment that marks the plan of a stack."""
    return f"<!-- mbs-erasure plan: {quote(stack[:_STACK], safe='/').replace('--', '-%2D')} -->"


def escaped(name: str, longest: int = _CELL) -> str:
    """Return a name as code, which shows as itself in Markdown, whatever it holds. One over `longest` bytes is cut."""
    return _code(_cut(name, longest))


def _code(text: str) -> str:
    if not text:
        return ""
    fence = "`" * (max(map(len, re.findall("`+", text)), default=0) + 1)
    padding = " " if "`" in (text[0], text[-1]) else ""
    return f"{fence}{padding}{text}{padding}{fence}"


def _quoting(text: str, longest: int = _CELL) -> str:
    """Return a text that may quote names: all that is not a plain word stands as code."""
    return _joined(_runs(_cut(text, longest)))


def _sentence(text: str, longest: int = _LONG) -> str:
    """Return a sentence of ours, in which backquotes mark code. What it quotes is code all the same."""
    parts = _cut(text, longest).split("`")
    return _joined(run for place, part in enumerate(parts) for run in ([(True, part)] if place % 2 else _runs(part)))


def _runs(text: str) -> Iterator[tuple[bool, str]]:
    """Split a text into what has to be code, each with True, and what can stand as it is."""
    for token in _TOKEN.findall(text):
        before, inner, after = _AROUND.findall(token)[0]
        # A number with a point that begins a text would begin a list.
        if token.isspace() or (_PLAIN.fullmatch(inner) and not re.match(r"\d+[.)](?: |$)", text)):
            yield False, token
        else:
            yield from ((False, before), (True, inner), (False, after))


def _joined(runs: Iterable[tuple[bool, str]]) -> str:
    """Join neighbours into one code span: where two met, their backquotes would be read as others."""
    pieces = groupby((run for run in runs if run[1]), key=lambda run: run[0])
    texts = ((is_code, "".join(text for _, text in run)) for is_code, run in pieces)
    return "".join(_code(text) if is_code else text for is_code, text in texts)


def _cut(text: str, longest: int) -> str:
    shown = visible(text, longest)
    return shown if _length(shown) <= longest + 3 else shown.encode()[:longest].decode(errors="ignore") + "…"


def _head(page: Page) -> str:
    lines = [
        *([plan_marker(page.stack)] if page.kind == "plan" else []),
        f"## {_quoting(page.title)}: {page.standing[0]}",
        "",
        f"**{page.lead}** {_sentence(page.next_step)}".rstrip(),
        "",
        *(
            f"- {fact.title}: {(escaped if fact.is_exact else _quoting)(fact.value)}"
            for fact in (*page.facts, *page.source)
        ),
    ]
    return "\n".join(lines) + "\n"


def _section(section: Section, room: int) -> str:
    """Return a section; one that could be of any length in at most `room` bytes."""
    if section.bars:
        return ""
    if section.rows:
        return _table(section, room)
    if section.texts:
        # Another bullet than that of the facts: no text can be taken for the digest's line.
        lines, more = _fitting((f"* {_quoting(text, _LONG)}" for text in section.texts), room, len(section.texts))
        lines += [f"* {more}"] if more else []
    elif section.findings:
        found = (
            _row((state, _quoting(fired.rule), _quoting(fired.found, _LONG), _sentence(fired.advice)))
            for state, _, fired in section.findings
        )
        lines, more = _fitting(found, _FINDINGS, len(section.findings))
        lines = [*_columns(_FINDING), *lines, *(["", more] if more else [])]
    else:
        codes = (["", _sentence(code.sentence), "", f"```{code.language}", code.text, "```"] for code in section.codes)
        lines = [line for code in codes for line in code][1:]
    return _titled(section.title, "", lines)


def _table(table: Section, room: int) -> str:
    head = _columns(table.columns)
    title, explanation = f"{table.title} ({len(table.rows):,})", _sentence(table.explanation)
    room -= _length(_titled(title, explanation, [])) + 2 * _length("\n".join(head)) + _FOLDING
    marks = [escaped if column.kind in ("name", "id") else _quoting for column in table.columns]
    marked = (_row(mark(cell.text) for mark, cell in zip(marks, row, strict=True)) for row in table.rows)
    rows, more = _fitting(marked, room, len(table.rows))
    lines = [*head, *rows[:_OPEN]]
    if len(rows) > _OPEN:
        others = ["", *head, *rows[_OPEN:], ""]
        lines += ["", f"<details><summary>The next {len(rows) - _OPEN:,}</summary>", *others, "</details>"]
    return _titled(title, explanation, [*lines, *(["", more] if more else [])])


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


def _columns(columns: Sequence[Column]) -> list[str]:
    rules = "|".join("---:" if column.kind == "number" else "---" for column in columns)
    return [_row(column.title for column in columns), f"|{rules}|"]


def _row(cells: Iterable[str]) -> str:
    """Return a row of a table, in which a bar ends a cell, within code too, if no backslash stands before it."""
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _length(text: str) -> int:
    return len(text.encode())
