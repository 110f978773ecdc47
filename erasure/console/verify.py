"""`verify`: looks at the account again, records what it saw, and says what came of each purge."""

import datetime
from pathlib import Path

import click

from erasure import clock
from erasure.account import open_account
from erasure.console.shared import format_option, stack_option, working, write
from erasure.console.stack import ConsoleError, Stack, known_lives
from erasure.ledger import Kind, Ledger, Life, purges_in
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
    it, or owed; 3 where some are overdue, contradicted or returned, or owed past a deadline; 1 where nothing could be
    asked.
    """
    asked = Stack(stack)
    with working(f"looking again at what {asked.name} purged"):
        done, failed = _verify(asked)
    write(format_, done, verification_page)
    if file is not None:
        keep(done.text(), file)
    if failed is not None:
        raise ConsoleError(f"nothing could be asked: {failed}; what was found before still stands, run this again")
    return exit_code(done.standings())


def followed(asked: Stack, ledger: Ledger) -> list[Life]:
    """Return the purges of a stack that no later adoption ended, the oldest first. Raises LedgerError, ConsoleError.

    An adoption counts only where the state has it bound, or something came of it: a killed update may have forgotten
    what it had adopted.
    """
    bound = known_lives(asked, ledger)
    records = [record for record, _ in ledger.history(bound)]
    made = bound | {record.event.life for record in records if record.event.kind is not Kind.ADOPTED}
    purges = purges_in(one for one in records if one.event.kind is not Kind.ADOPTED or one.event.life in made)
    return [life for life in purges if life.adopted_again_at is None]


def keep(json: str, file: Path) -> None:
    """Write the JSON report to a file. Raises ConsoleError."""
    try:
        file.write_text(json, encoding="utf-8")
    except OSError as error:
        found = f"{file} cannot be written: {error.strerror}"
        raise ConsoleError(f"{found}; the ledger has what was seen: name another file, and run this again") from None


def _verify(asked: Stack) -> tuple[Verification, str | None]:
    """Return what came of all purges, and, where not one of those that are open could be looked at, why."""
    configuration = asked.configuration()
    ledger = asked.ledger(configuration)
    now, deadline = clock.now(), datetime.timedelta(seconds=configuration.deadline)
    purges, seen = followed(asked, ledger), {}
    open_ = [life for life in purges if is_open(life, now, deadline)]
    if open_:
        looked = look_again(open_, open_account(configuration), now, deadline)
        ledger.append([event for _, events in looked for event in events])
        seen = {life.life: life for life, _ in looked}
    lives = (seen.get(life.life, life) for life in purges)
    done = verification(asked.name, configuration.endpoint, lives, seen.keys(), now, deadline)
    looks = [life.observations[-1] for life in seen.values()]
    return done, looks[0].problem if looks and all(look.is_failed for look in looks) else None
