"""Approvals: what may be purged beyond the limits, as a reviewed YAML file (version 1)."""

import datetime
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import BeforeValidator, Field, StringConstraints

from erasure.document import validate
from erasure.errors import Problems
from erasure.fields import Day, Model, Reason, read_count
from erasure.yaml_source import YamlSource

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


def why_not(approval: Approval, digest: str, purges: int, today: datetime.date) -> str | None:
    """Say why an approval does not lift anything from a set of purges; None: it does."""
    if approval.digest != digest:
        of = f"the approval {_short(approval.digest)} is of another set"
        return of + (
            f": {approval.purges} purges, not these {purges}" if approval.purges != purges else f" of {purges}"
        )
    if approval.purges != purges:
        return f"the approval {_short(approval.digest)} says {approval.purges} purges, and there are {purges}"
    if approval.expires < today:
        return f"the approval {_short(approval.digest)} expired on {approval.expires}"
    return None


def _short(digest: str) -> str:
    return digest[:15] + "..."
