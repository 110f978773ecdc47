"""Whether a ledger is whole: every event as it was written, none missing, none out of order."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from erasure.ledger.event import FIRST, Record, moment
from erasure.ledger.ledger import Ledger


@dataclass(frozen=True)
class Broken:
    """A place where a chain does not hold; `sequence` counts from 1."""

    chain: str
    sequence: int
    finding: str


Heads = dict[str, tuple[int, str]]
"""Each chain's number of events, and the hash of the last."""


def check(ledger: Ledger) -> tuple[list[Broken], Heads]:
    """Return every place that does not hold, and the heads. Raises LedgerError where an event cannot even be read."""
    with ledger.whole() as (heads, records):
        return list(_broken(heads, records)), heads


def _broken(heads: Heads, records: Iterable[tuple[Record, str, str]]) -> Iterator[Broken]:
    ends: Heads = {}
    for record, at, stored in records:
        sequence, previous = ends.get(record.chain, (0, FIRST))
        if record.sequence != sequence + 1:
            yield Broken(record.chain, record.sequence, f"event {sequence + 1} is missing before it")
        elif record.previous != previous:
            yield Broken(record.chain, record.sequence, "it does not follow the event before it")
        # The hash is over what a moment means, so that its text is held against the one form that is written.
        if record.hash != stored or moment(record.at) != at:
            yield Broken(record.chain, record.sequence, "it is not as it was written")
        ends[record.chain] = (record.sequence, stored)
    for chain in sorted({*heads, *ends}):
        noted, found = heads.get(chain, (0, FIRST)), ends.get(chain, (0, FIRST))
        if noted != found:
            yield Broken(chain, found[0], f"the chain ends here, and event {noted[0]} was noted as its last")
