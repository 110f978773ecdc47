"""`reviewed`: whether what an update would purge is what the reviewers of a pull request were shown.

The gate judges every plan anyway, within the limits and by approvals of reviewed files. What it cannot know is what
people saw: the plan of a pull request is as old as its comment, and the state or the day may have moved on since.
"""

import re
from pathlib import Path
from typing import Final

import click
from pydantic import ValidationError

from erasure.console.stack import ConsoleError
from erasure.reports.markdown import escaped
from erasure.reports.plan import PlanReport
from erasure.reports.shown import counted

NOT_REVIEWED: Final = 3
_SHOWN_DIGEST: Final = re.compile(r"^- Digest: `(sha256:[0-9a-f]{64})`\s*$", re.MULTILINE)
_LISTED: Final = 50

_file = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.argument("judged", type=_file)
@click.argument("shown", type=_file)
@click.option("--digest", default="", help="What a person read elsewhere and asks for.")
def reviewed(judged: Path, shown: Path, digest: str) -> int:
    """Compare what is planned now with what was reviewed, for a pipeline.

    JUDGED is the plan that a preview left in the file of MBS_PLAN_FILE, SHOWN the comment of the pull request. Exits 0
    where it was reviewed, and 3 where it was not.
    """
    try:
        plan = PlanReport.model_validate_json(judged.read_text(encoding="utf-8"))
    except (ValidationError, UnicodeDecodeError):
        raise ConsoleError(f"{judged} is not a plan as a preview leaves it in the file of MBS_PLAN_FILE") from None
    was_shown, sentence = was_reviewed(plan, shown.read_text(encoding="utf-8", errors="replace"), digest)
    click.echo(sentence)
    if was_shown:
        return 0
    click.echo(f"\n{purges_listed(plan)}")
    return NOT_REVIEWED


def was_reviewed(plan: PlanReport, shown: str, asked_for: str) -> tuple[bool, str]:
    """Compare a plan with the comment that showed one and the digest that a person asks for, and say how it stands."""
    purges = f"{counted(len(plan.purges), 'purge')} of {plan.stack}"
    if not plan.purges:
        return True, f"{plan.stack}: nothing is to be purged."
    if plan.digest in _SHOWN_DIGEST.findall(shown):
        return True, f"{purges}: exactly what the pull request showed."
    if plan.digest == asked_for:
        return True, f"{purges}: exactly what was asked for by its digest."
    if all(purge.is_owed for purge in plan.purges):
        return True, f"{purges}: all begun by an earlier update, which was reviewed."
    return False, (
        f"**{purges}: not what was reviewed, so that nothing is purged.** The comment on the pull request"
        " that last changed this stack's files shows another set, or there is none. Read the list; if it is"
        f" right, run this by hand for the stack {plan.stack} with the digest `{plan.digest}`."
    )


def purges_listed(plan: PlanReport) -> str:
    """Return the purges of a plan as a Markdown list."""
    lines = [
        f"- {escaped(purge.computer)} of user {escaped(purge.user)}"
        f" on {escaped(purge.destination_name or purge.destination)}"
        for purge in plan.purges[:_LISTED]
    ]
    if len(plan.purges) > _LISTED:
        lines.append(f"- and {len(plan.purges) - _LISTED:,} more: `python -m erasure plan` lists them all")
    return "\n".join(lines)
