"""`receipt`: what happened to the data, from the ledger; and whether a copy of a receipt is whole."""

import datetime
import json
from pathlib import Path

import click
from pydantic import ValidationError

from erasure import clock
from erasure.console.ledger import BROKEN
from erasure.console.shared import Day, format_option, stack_option, working, write
from erasure.console.stack import ConsoleError, Stack, known_lives
from erasure.ledger import Record, check
from erasure.reports.receipt import WORDING, Receipt, Selection, tells_the_same
from erasure.reports.receipt import receipt as make_receipt
from erasure.reports.receipt_page import receipt_page


@click.command()
@stack_option
@format_option
@click.option("--customer", metavar="NAME", help="Only the purges of this customer.")
@click.option("--request", metavar="ID", help="Only the purges that answer this erasure request.")
@click.option("--since", type=Day(), metavar="DATE", help="Only the purges that began on this day, UTC, or later.")
@click.option("--check", "copy", type=click.Path(exists=True, dir_okay=False), help="Check this JSON receipt instead.")
def receipt(stack: str | None, format_: str, copy: str | None, **chosen: str | datetime.date | None) -> int:
    """Write what was asked for, answered and seen of a stack's purges, and what could not be verified.

    Exits 0; with --check, 0 where the copy is as it was written and the ledger still says so, else 3. Exits 3 as well
    where the ledger itself is broken.
    """
    selection = Selection.model_validate(chosen)
    if copy is not None and (format_ != "text" or selection != Selection()):
        raise ConsoleError("--check takes a file alone, without a format or a selection")
    asked = Stack(stack)
    with working("reading the ledger"):
        ledger = asked.ledger(asked.configuration())
        bound = known_lives(asked, ledger)
        chains = ledger.chains(bound)
        is_broken = any(link.chain in chains for link in check(ledger)[0])
        records = [] if is_broken else ledger.history(bound)
    if is_broken:
        click.echo("the ledger is broken: run `python -m erasure ledger check`", err=True)
        return BROKEN
    if copy is not None:
        return check_copy(Path(copy), asked.name, records)
    if not records:
        raise ConsoleError(f"the ledger knows nothing of stack {asked.name}; is `ledger` the one that it used?")
    write(format_, make_receipt(asked.name, records, selection, clock.now()), receipt_page)
    return 0


def check_copy(file: Path, stack: str, records: list[tuple[Record, str]]) -> int:
    """Make the receipt again from the events that it was made of: it has to come out the same, to the byte.

    One of an earlier version has to tell the same of the same events, in whatever words.
    """
    try:
        text = file.read_bytes().decode()
        copy = Receipt.model_validate_json(text)
    except (UnicodeDecodeError, ValidationError):
        copy = None
    if copy is None or copy.sealed().text() != text:
        click.echo(f"broken: {file} is not a receipt as it was written")
        return BROKEN
    if copy.stack != stack and copy.ledger.chain not in {record.chain for record, _ in records}:
        raise ConsoleError(f"{file} is of stack {copy.stack}; pass --stack {copy.stack}")
    told = {head.chain: head.event for head in (*copy.earlier, copy.ledger)}
    known = [one for one in records if one[0].sequence <= told.get(one[0].chain, 0)]
    again = make_receipt(copy.stack, known, copy.selection, copy.made_at).text() if known else ""
    events = f"its first {copy.ledger.event:,} events"
    if again == text:
        click.echo(f"whole: {file} is what the ledger says of {events}")
        return 0
    if not again or copy.wording == WORDING or not tells_the_same(json.loads(text), json.loads(again)):
        click.echo(f"broken: {file} is not what the ledger says of {events}")
        return BROKEN
    click.echo(
        f"whole: {file} tells what the ledger says of {events}, which are unchanged up to the hash {copy.ledger.hash};"
        f" its wording is that of version {copy.wording}, and was not compared with that of version {WORDING}"
    )
    return 0
