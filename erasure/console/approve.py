"""`approve`: writes down that exactly the planned purges may go."""

import datetime
import os
import subprocess
import tempfile
from pathlib import Path

import click

from erasure import clock
from erasure.console.options import Day, stack_option
from erasure.console.stack import ConsoleError, Stack
from erasure.files.approvals import Approval, appended, approvals_path, read_approvals
from erasure.reports.plan import PlanReport

REFUSED = 3


@click.command()
@stack_option
@click.option("--reason", required=True, help="Why this may go.")
@click.option("--expires", required=True, type=Day(), metavar="DATE", help="The last day, UTC, on which it counts.")
@click.option("--by", "approved_by", metavar="WHO", help="Who approves; without it, git's user.email.")
@click.option("--request", metavar="ID", help="The erasure request that this answers.")
@click.option("--due", type=Day(), metavar="DATE", help="The request's legal deadline.")
def approve(
    stack: str | None,
    reason: str,
    expires: datetime.date,
    approved_by: str | None,
    request: str | None,
    due: datetime.date | None,
) -> int:
    """Append the approval of the planned purges to approvals/STACK.yaml.

    Exits 0 once it is written, and 3 where a rule refuses whatever is approved.
    """
    if expires < clock.today():
        raise ConsoleError(f"{expires} is over; an approval that has expired lifts nothing")
    asked = Stack(stack)
    approved_by = approved_by or _git_user(asked.root)
    plan = asked.plan()
    if not plan.purges:
        raise ConsoleError(f"nothing is to be purged from {asked.name}, so that there is nothing to approve")
    refusals = _whatever_is_approved(plan)
    if refusals:
        for line in refusals:
            click.echo(line, err=True)
        return REFUSED
    try:
        approval = Approval(
            digest=plan.digest,
            purges=len(plan.purges),
            reason=reason,
            approved_by=approved_by,
            expires=expires,
            request=request,
            due=due,
        )
    except ValueError:
        raise ConsoleError("a reason, a name and a request are text on one line") from None
    file = approvals_path(asked.name)
    _append(asked.root / file, approval, file)
    click.echo(f"{file}: {len(plan.purges):,} purges approved until {expires}, {plan.digest}")
    click.echo("Commit it: it counts once it is merged with the inventory that it is about.", err=True)
    return 0


def _whatever_is_approved(plan: PlanReport) -> list[str]:
    rules = [str(fired.refusal) for fired in plan.rules if fired.level == "refuse"]
    return [*plan.obstacles, *rules]


def _git_user(root: Path) -> str:
    found = subprocess.run(
        ["git", "config", "user.email"], cwd=root, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if not found.stdout.strip():
        raise ConsoleError("who approves is not known; pass --by, or set git's user.email")
    return found.stdout.strip()


def _append(path: Path, approval: Approval, shown_as: str) -> None:
    """Write the file anew with the entry, whole or not at all, and only if it then reads as before plus the entry."""
    before = read_approvals(path, shown_as)
    text = path.read_bytes().decode("utf-8") if path.exists() else ""
    path.parent.mkdir(exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    written = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(appended(text, approval, shown_as).encode())
        if read_approvals(written, shown_as) != (*before, approval):
            raise ConsoleError(f"{shown_as} is laid out in a way that this command cannot append to")
        written.chmod(path.stat().st_mode if path.exists() else 0o644)
        written.replace(path)
    finally:
        written.unlink(missing_ok=True)
