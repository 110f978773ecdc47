"""`verify`: looks at the account again, records what it saw, and says what came of each purge."""

import datetime
from pathlib import Path

import click

from erasure import clock
from erasure.account import open_account
from erasure.console.shared import format_option, stack_option, working, write
from erasure.console.stack import ConsoleError, Stack
from erasure.ledger import purges_in
from erasure.reports.verification import Verification, verification, verification_page
from erasure.verdict import exit_code, is_open, look_again


@click.command()
@stack_option
@format_option
@click.option(
    "--json",
    "file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the JSON report there as well: the account is looked at once.",
)
def verify(stack: str | None, format_: str, file: Path | None) -> int:
    """Look at the account again after purges, record it in the ledger, and give each purge's verdict.

    Exits 0 where all are erased, or unknown past the deadline; 2 where some are pending, delisted, or unknown before
    it; 3 where some are overdue, contradicted or returned.
    """
    asked = Stack(stack)
    with working(f"looking again at what {asked.name} purged"):
        done = _verify(asked)
    write(format_, done, verification_page)
    if file is not None:
        keep(done.text(), file)
    return exit_code((purge.verdict, done.at >= purge.deadline) for purge in done.erasures)


def keep(json: str, file: Path) -> None:
    """Write the JSON report to a file. Raises ConsoleError."""
    try:
        file.write_text(json, encoding="utf-8")
    except OSError as error:
        found = f"{file} cannot be written: {error.strerror}"
        raise ConsoleError(f"{found}; the ledger has what was seen: name another file, and run this again") from None


def _verify(asked: Stack) -> Verification:
    configuration = asked.configuration()
    ledger = asked.ledger(configuration)
    now, deadline = clock.now(), datetime.timedelta(seconds=configuration.deadline)
    asked_for = [
        life
        for life in purges_in(record for record, _ in ledger.records(ledger.chain))
        if life.asked_at and not life.adopted_again_at
    ]
    seen = {}
    open_ = [life for life in asked_for if is_open(life, now, deadline)]
    if open_:
        looked = look_again(open_, open_account(configuration), now, deadline)
        ledger.append([event for _, events in looked for event in events])
        seen = {life.life: life for life, _ in looked}
    lives = (seen.get(life.life, life) for life in asked_for)
    return verification(asked.name, configuration.endpoint, lives, seen.keys(), now, deadline)
