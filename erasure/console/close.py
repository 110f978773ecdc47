"""`close`: a person ends the watch over an erasure, for a reason that stays in the ledger."""

import datetime
import getpass
import os

import click

from erasure import clock
from erasure.console.shared import stack_option, working
from erasure.console.stack import ConsoleError, Stack
from erasure.console.verify import followed
from erasure.identity import fold
from erasure.ledger import Event, Kind, Life
from erasure.provenance import provenance
from erasure.verdict import is_open


@click.command()
@stack_option
@click.argument("binding")
@click.option("--reason", required=True, help="Why nobody has to look any more.")
@click.option("--by", "who", metavar="WHO", help="Who closes it; without it, who runs this.")
def close(stack: str | None, binding: str, reason: str, who: str | None) -> int:
    """End the watch over the erasure of BINDING: its id, its life, or its computer's name.

    Its verdict stays as it was seen. What is owed is still sent by the next update. Exits 0 once it is recorded.
    """
    if not reason.strip() or not reason.isprintable():
        raise ConsoleError("a reason is text on one line; say why nobody has to look any more")
    asked = Stack(stack)
    configuration = asked.configuration()
    ledger, deadline = asked.ledger(configuration), datetime.timedelta(seconds=configuration.deadline)
    with working("reading the ledger"):
        purges = followed(asked, ledger)
    life = _named(binding, [life for life in purges if life.is_owed or is_open(life, clock.now(), deadline)])
    said = {"reason": reason, "who": who or provenance(asked.root, os.environ).get("who") or getpass.getuser()}
    ledger.append([Event(Kind.CLOSED, life.endpoint, life.binding, life.life, said)])
    stands = life.verdict or ("owed" if life.is_owed else "unseen")
    click.echo(f"closed: {_place(life)}, which stays {stands}")
    if life.is_owed:
        click.echo("The next update still sends it, where its entry is not back; `release` keeps its data.", err=True)
    return 0


def _named(binding: str, open_: list[Life]) -> Life:
    """Return the one open erasure that goes by a name. Raises ConsoleError, which names what is open."""
    found = [
        life for life in open_ if binding in (life.binding, life.life) or fold(binding) == fold(life.named("computer"))
    ]
    if len(found) == 1:
        return found[0]
    names = "".join(f"\n  {_place(life)}, life {life.life}" for life in found or open_)
    if found:
        raise ConsoleError(f"{binding} names several; name one by its id or its life:{names}")
    raise ConsoleError(f"no open erasure goes by {binding}; {f'these are open:{names}' if names else 'none is open'}")


def _place(life: Life) -> str:
    return f"{life.binding} at {life.endpoint}"
