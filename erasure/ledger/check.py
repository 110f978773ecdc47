"""Whether a ledger is whole: every event as it was written, none missing, none out of order."""

from collections.abc import Iterator
from dataclasses import dataclass

from erasure.ledger.event import FIRST
from erasure.ledger.ledger import Ledger


@dataclass(frozen=True)
class Broken:
    """A place where a chain does not hold; `sequence` counts from 1."""

    chain: str
    sequence: int
    finding: str


def broken_links(ledger: Ledger) -> Iterator[Broken]:
    """Yield every place that does not hold. Raises LedgerError where an event cannot even be read."""
    heads = ledger.heads()
    chain, sequence, previous = "", 0, FIRST
    ends: dict[str, tuple[int, str]] = {}
    for record, stored in ledger.records():
        if record.chain != chain:
            chain, sequence, previous = record.chain, 0, FIRST
        if record.sequence != sequence + 1:
            yield Broken(chain, record.sequence, f"event {sequence + 1} is missing before it")
        elif record.previous != previous:
            yield Broken(chain, record.sequence, "it does not follow the event before it")
        if record.hash != stored:
            yield Broken(chain, record.sequence, "it is not as it was written")
        sequence, previous = record.sequence, stored
        ends[chain] = (sequence, stored)
    for name in sorted({*heads, *ends}):
        noted, found = heads.get(name, (0, FIRST)), ends.get(name, (0, FIRST))
        if noted != found:
            yield Broken(name, found[0], f"the chain ends here, and event {noted[0]} was noted as its last")
