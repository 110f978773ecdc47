"""`verify`: looks at the account again, records what it saw, and says what came of each purge."""

import datetime

import click
from rich.markup import escape
from rich.table import Table

from erasure import clock
from erasure.account import open_account
from erasure.console.options import format_option, stack_option
from erasure.console.progress import report_console, working
from erasure.console.stack import ConsoleError, Stack
from erasure.errors import Refusal
from erasure.ledger import LedgerError, Verdict, purges_in
from erasure.reports.verification import Verification, verification
from erasure.verdict import exit_code, is_open, look_again


@click.command()
@stack_option
@format_option("text", "json")
def verify(stack: str | None, format_: str) -> int:
    """Look at the account again after purges, record it in the ledger, and give each purge's verdict.

    Exits 0 where all are erased, or unknown past the deadline; 2 where some are pending, delisted, or unknown before
    it; 3 where some are overdue, contradicted or returned.
    """
    asked = Stack(stack)
    try:
        with working(f"looking again at what {asked.name} purged"):
            done = _verify(asked)
    except LedgerError as error:
        raise ConsoleError(f"ledger: {error}") from None
    except Refusal as refusal:
        raise ConsoleError(str(refusal)) from None
    if format_ == "json":
        click.echo(done.model_dump_json(indent=2))
    else:
        _show(done)
    return exit_code((one.verdict, done.at >= one.deadline) for one in done.erasures)


def _verify(asked: Stack) -> Verification:
    configuration = asked.configuration()
    ledger = asked.ledger(configuration)
    now, deadline = clock.now(), datetime.timedelta(seconds=configuration.deadline)
    asked_for = [
        one
        for one in purges_in(record for record, _ in ledger.records(ledger.chain))
        if one.asked_at and not one.adopted_again_at
    ]
    looks = {}
    open_ = [one for one in asked_for if is_open(one, now, deadline)]
    if open_:
        looks = {look.life.life: look for look in look_again(open_, open_account(configuration), now, deadline)}
        ledger.append([event for look in looks.values() for event in look.events()])
    return verification(asked.name, configuration.endpoint, asked_for, looks, now, deadline)


def _show(done: Verification) -> None:
    console = report_console()
    counts = ", ".join(f"{number:,} {verdict.value}" for verdict, number in sorted(done.counts.items()))
    console.print(f"{done.stack}: {len(done.erasures):,} purges: {counts or 'none was asked for'}", markup=False)
    unsettled = [one for one in done.erasures if one.verdict is not Verdict.ERASED]
    if not unsettled:
        return
    table = Table(box=None, pad_edge=False)
    for title in ("verdict", "computer", "user", "destination", "asked for", "because"):
        table.add_column(title)
    for one in sorted(unsettled, key=lambda each: (each.verdict.value, each.asked_at, each.binding)):
        asked = one.asked_at.strftime("%Y-%m-%d %H:%M UTC")
        table.add_row(one.verdict.value, *map(escape, (one.computer, one.user, one.destination)), asked, one.because)
    console.print(table)
