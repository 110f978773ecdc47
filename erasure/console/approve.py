"""`approve`: writes down that exactly the planned purges may go."""

import datetime
from pathlib import Path

import click

from erasure import clock
from erasure.console.shared import Day, stack_option
from erasure.console.stack import ConsoleError, Stack
from erasure.files.approvals import Approval, appended, approvals_path, read_approvals
from erasure.provenance import provenance
from erasure.replaced import replaced

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
    # Of git alone: in a pipeline the actor who started it is not the one who approves.
    who = approved_by or provenance(asked.root, {}).get("who")
    if not who:
        raise ConsoleError("who approves is not known; pass --by, or set git's user.email")
    plan = asked.plan()
    if not plan.purges:
        raise ConsoleError(f"nothing is to be purged from {asked.name}, so that there is nothing to approve")
    refusals = [*plan.obstacles, *(fired.refusal for fired in plan.rules if fired.level == "refuse")]
    if refusals:
        click.echo("\n".join(map(str, refusals)), err=True)
        return REFUSED
    try:
        approval = Approval(
            digest=plan.digest,
            purges=len(plan.purges),
            reason=reason,
            approved_by=str(who),
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


def _append(path: Path, approval: Approval, shown_as: str) -> None:
    """Write the file anew with the entry, whole or not at all, and only if it then reads as before plus the entry."""
    before = read_approvals(path, shown_as)
    text = path.read_bytes().decode("utf-8") if path.exists() else ""
    path.parent.mkdir(exist_ok=True)
    with replaced(path) as draft:
        draft.write_bytes(appended(text, approval, shown_as).encode())
        if read_approvals(draft, shown_as) != (*before, approval):
            raise ConsoleError(f"{shown_as} is laid out in a way that this command cannot append to")
        draft.chmod(path.stat().st_mode if path.exists() else 0o644)
