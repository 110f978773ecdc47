"""Whether what an update would purge is what the reviewers of a pull request were shown.

The gate judges every plan anyway, within the limits and by approvals of reviewed files. What it cannot know is what
people saw: the plan of a pull request is as old as its comment, and the state or the day may have moved on since.
"""

import enum
import re

from erasure.reports.markdown import escaped
from erasure.reports.plan import PlanReport, Purge

_SHOWN_DIGEST = re.compile(r"^- Digest: `(sha256:[0-9a-f]{64})`\s*$", re.MULTILINE)
_LISTED = 50


class FoundPlan(enum.Enum):
    """How a plan stands to what was reviewed."""

    NOTHING = enum.auto()
    SHOWN = enum.auto()
    ASKED_FOR = enum.auto()
    BEGUN = enum.auto()
    OTHER = enum.auto()

    def sentence(self, plan: PlanReport) -> str:
        """Return it in words."""
        purges = f"{len(plan.purges):,} purge{'s' if len(plan.purges) != 1 else ''} of {plan.stack}"
        match self:
            case FoundPlan.NOTHING:
                return f"{plan.stack}: nothing is to be purged."
            case FoundPlan.SHOWN:
                return f"{purges}: exactly what the pull request showed."
            case FoundPlan.ASKED_FOR:
                return f"{purges}: exactly what was asked for by its digest."
            case FoundPlan.BEGUN:
                return f"{purges}: all begun by an earlier update, which was reviewed."
            case FoundPlan.OTHER:
                return (
                    f"**{purges}: not what was reviewed, so that nothing is purged.** The comment on the pull request"
                    " that last changed this stack's files shows another set, or there is none. Read the list; if it is"
                    f" right, run this by hand for the stack {plan.stack} with the digest `{plan.digest}`."
                )


def was_reviewed(plan: PlanReport, shown: str, asked_for: str) -> FoundPlan:
    """Compare a plan with the comment that showed one, and with the digest that a person asks for."""
    if not plan.purges:
        return FoundPlan.NOTHING
    if plan.digest in _SHOWN_DIGEST.findall(shown):
        return FoundPlan.SHOWN
    if plan.digest == asked_for:
        return FoundPlan.ASKED_FOR
    return FoundPlan.BEGUN if all(one.is_owed for one in plan.purges) else FoundPlan.OTHER


def purges_listed(plan: PlanReport) -> str:
    """Return the purges of a plan as a Markdown list."""
    lines = [_line(one) for one in plan.purges[:_LISTED]]
    if len(plan.purges) > _LISTED:
        lines.append(f"- and {len(plan.purges) - _LISTED:,} more: `python -m erasure plan` lists them all")
    return "\n".join(lines)


def _line(one: Purge) -> str:
    where = one.destination_name or one.destination
    return f"- {escaped(one.computer)} of user {escaped(one.user)} on {escaped(where)}"
