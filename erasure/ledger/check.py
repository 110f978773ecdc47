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
    ends: dict[str, tuple[int, str]] = {}
    for record, stored in ledger.records():
        sequence, previous = ends.get(record.chain, (0, FIRST))
        if record.sequence != sequence + 1:
            yield Broken(record.chain, record.sequence, f"event {sequence + 1} is missing before it")
        elif record.previous != previous:
            yield Broken(record.chain, record.sequence, "it does not follow the event before it")
        if record.hash != stored:
            yield Broken(record.chain, record.sequence, "it is not as it was written")
        ends[record.chain] = (record.sequence, stored)
    for chain in sorted({*heads, *ends}):
        noted, found = heads.get(chain, (0, FIRST)), ends.get(chain, (0, FIRST))
        if noted != found:
            yield Broken(chain, found[0], f"the chain ends here, and event {noted[0]} was noted as its last")
