"""Approvals: what may be purged beyond the limits, as a reviewed YAML file (version 1)."""

import datetime
import json
from pathlib import Path
from typing import Annotated, Final, Literal

import yaml
from pydantic import BeforeValidator, Field, StringConstraints

from erasure.errors import Problems
from erasure.files.document import Day, Model, Reason, read_count, validate
from erasure.files.yaml_source import YamlSource

_DIGEST: Final = r"^sha256:[0-9a-f]{64}$"


class Approval(Model):
    """One approval, of exactly one set of purges."""

    digest: Annotated[str, StringConstraints(strict=True, pattern=_DIGEST)] = Field(
        description="Of exactly this set of purges; the refusal prints it."
    )
    purges: Annotated[int, BeforeValidator(read_count), Field(ge=1)] = Field(description="How many purges it is about.")
    reason: Reason = Field(description="Why this may go.")
    approved_by: Reason = Field(description="Who says so.")
    expires: Day = Field(description="The last day, UTC, on which it lifts anything.")
    request: Reason | None = Field(default=None, description="The erasure request that this answers.")
    due: Day | None = Field(default=None, description="The request's legal deadline.")


class ApprovalsFile(Model):
    """What may be purged beyond the limits of one stack."""

    version: Annotated[Literal[1], BeforeValidator(read_count)] = Field(description="The version of this format: 1.")
    approvals: list[Approval] = Field(description="One entry for each set of purges.")


def approvals_path(stack: str) -> str:
    """Return the approvals file of a stack, relative to the project's root."""
    return f"approvals/{stack}.yaml"


def read_approvals(path: Path, shown_as: str | None = None) -> tuple[Approval, ...]:
    """Read and check one file; one that does not exist approves nothing.

    Raises Problems with every reason at once, each as `file:line: finding`.
    """
    if not path.exists():
        return ()
    source = YamlSource(path, shown_as or str(path))
    file, problems = validate(source, ApprovalsFile, {"approvals": Approval}, {})
    if problems or file is None:
        raise Problems(source.in_order(problems))
    return tuple(file.approvals)


def appended(text: str, approval: Approval, shown_as: str) -> str:
    """Return the text of an approvals file with one more entry; all else of it stays as it is.

    The text is one that `read_approvals` takes, or an empty one, which begins a new file. Raises Problems for a layout
    that nothing can be appended to.
    """
    line_end = "\r\n" if "\r\n" in text else "\n"
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    if root is None:
        head = text if not text or text.endswith("\n") else text + line_end
        return head + line_end.join(["version: 1", "approvals:", ""]) + _entry(approval, 2, line_end)
    place = _end_of_list(text, root)
    if place is None:
        finding = f"{shown_as}: has no list `approvals` to append to"
        raise Problems([f"{finding}; write the entry into it:\n{_entry(approval, 2)}"])
    start, end, indentation = place
    before, after = text[:start], text[end:]
    if not before.endswith("\n"):
        before += line_end
    return before + _entry(approval, indentation, line_end) + after


def approval_entry(digest: str, purges: int, today: datetime.date) -> str:
    """Return the entry to paste for a set of purges, with what only a person can fill in left to be filled in."""
    expires = today + datetime.timedelta(days=7)
    approval = Approval(digest=digest, purges=purges, reason="WHY", approved_by="WHO", expires=expires)
    # Empty, an entry is refused until somebody has filled it in.
    return _entry(approval, 2).replace('"WHY"', '""  # why this may go').replace('"WHO"', '""  # who says so')


def _entry(approval: Approval, indentation: int, line_end: str = "\n") -> str:
    shown = {
        key: value.isoformat() if isinstance(value, datetime.date) else json.dumps(value, ensure_ascii=False)
        for key, value in approval.model_dump(exclude_none=True).items()
    }
    shown["digest"] = approval.digest
    lines = [f"{'- ' if number == 0 else '  '}{key}: {text}" for number, (key, text) in enumerate(shown.items())]
    return "".join(f"{' ' * indentation}{line}{line_end}" for line in lines)


def _end_of_list(text: str, root: yaml.Node) -> tuple[int, int, int] | None:
    """Return which characters a new entry replaces (none, or an empty `[]`), and how far entries are indented."""
    pairs = root.value if isinstance(root, yaml.MappingNode) and not root.flow_style else ()
    entries = next((value for key, value in pairs if key.value == "approvals"), None)
    if not isinstance(entries, yaml.SequenceNode):
        return None
    if entries.flow_style:
        return None if entries.value else (entries.start_mark.index, _after_line(text, entries.end_mark.index), 2)
    last = entries.value[-1].value[-1][1].end_mark
    end = last.index if last.column == 0 else _after_line(text, last.index)
    return end, end, entries.start_mark.column


def _after_line(text: str, index: int) -> int:
    return text.find("\n", index) + 1 or len(text)


def why_not(approval: Approval, digest: str, purges: int, today: datetime.date) -> str | None:
    """Say why an approval does not lift anything from a set of purges; None: it does."""
    named = f"the approval {approval.digest[:15]}..."
    if approval.digest != digest:
        other = f": {approval.purges} purges, not these {purges}" if approval.purges != purges else f" of {purges}"
        return f"{named} is of another set{other}"
    if approval.purges != purges:
        return f"{named} says {approval.purges} purges, and there are {purges}"
    return f"{named} expired on {approval.expires}" if approval.expires < today else None
