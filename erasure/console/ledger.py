"""`ledger check`: whether the ledger is whole."""

import click

from erasure.console.shared import stack_option, working
from erasure.console.stack import ConsoleError, Stack, known_lives
from erasure.ledger import LedgerError
from erasure.ledger import check as checked

BROKEN = 3


@click.group()
def ledger() -> None:
    """Look after the ledger."""


@ledger.command()
@stack_option
def check(stack: str | None) -> int:
    """Check that no event was edited, removed or put elsewhere. Exits 0, or 3 where the chain is broken.

    Exits 1 where it is whole, and not the one that this stack used.
    """
    asked = Stack(stack)
    try:
        opened = asked.ledger(asked.configuration())
        with working("reading the ledger"):
            broken, heads = checked(opened)
    except LedgerError as error:
        raise ConsoleError(f"the ledger cannot be read: {error}") from None
    for one in broken:
        click.echo(f"broken: {one.chain}, event {one.sequence}: {one.finding}")
    for chain, (events, last) in sorted(heads.items()):
        click.echo(f"{chain}: {events:,} events, the last with the hash {last}")
    if broken:
        click.echo("broken: compare it with a copy", err=True)
        return BROKEN
    known_lives(asked, opened)
    click.echo("whole")
    return 0
