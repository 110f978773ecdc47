"""What came of purges, as a report and its page. The JSON form is version 1 of docs/verification.schema.json."""

import datetime
from collections import Counter
from collections.abc import Collection, Iterable
from typing import Final, Literal

from pydantic import Field

from erasure.ledger import Life, Verdict
from erasure.message import Message
from erasure.reports.page import PLACE, Column, Fact, Page, Section, Tone, row
from erasure.reports.shown import counted, moment

# The worst first: what needs somebody.
MEANINGS: Final = {
    Verdict.RETURNED: "it came back",
    Verdict.CONTRADICTED: "not listed, and yet data is stored or was backed up since",
    Verdict.OVERDUE: "still listed past the deadline",
    Verdict.UNKNOWN: "the account cannot tell",
    Verdict.DELISTED: "not listed any more, not proven yet",
    Verdict.PENDING: "still listed, within the deadline",
    Verdict.ERASED: "twice not listed past the deadline, nothing stored, and no backup seen since",
}


class Verified(Message):
    """What came of one purge so far. Times are UTC."""

    binding: str
    life: str
    user: str
    destination: str
    computer: str
    asked_at: datetime.datetime = Field(description="When it was accepted, or its data was found gone.")
    deadline: datetime.datetime = Field(description="When it is overdue.")
    verdict: Verdict
    because: str
    looked_now: bool = Field(description="false: it was settled before, and is not watched any more.")


class Verification(Message):
    """What came of all purges of a stack whose computers are not managed again."""

    version: Literal[1] = 1
    stack: str
    endpoint: str
    at: datetime.datetime
    counts: dict[Verdict, int]
    erasures: tuple[Verified, ...]


def verification(
    stack: str,
    endpoint: str,
    lives: Iterable[Life],
    looked_at: Collection[str],
    at: datetime.datetime,
    deadline: datetime.timedelta,
) -> Verification:
    """Put together what came of the purges that were asked for; `looked_at` are the lives that were looked at now."""
    verified = tuple(
        Verified(
            binding=life.binding,
            life=life.life,
            **{part: life.named(part) for part in ("user", "destination", "computer")},
            asked_at=life.asked_at,
            deadline=life.asked_at + deadline,
            verdict=life.verdicts[-1][1],
            because=life.verdicts[-1][2],
            looked_now=life.life in looked_at,
        )
        for life in lives
        if life.asked_at is not None
    )
    counts = dict(sorted(Counter(purge.verdict for purge in verified).items()))
    return Verification(stack=stack, endpoint=endpoint, at=at, counts=counts, erasures=verified)


def verification_page(done: Verification) -> Page:
    """Return the page of a verification; what is erased is counted, and the rest is listed, the worst first."""
    counts = ", ".join(f"{number:,} {verdict}" for verdict, number in done.counts.items())
    open_ = [purge for purge in done.erasures if purge.verdict is not Verdict.ERASED]
    worst_first = list(MEANINGS)
    open_.sort(key=lambda purge: (worst_first.index(purge.verdict), purge.asked_at, purge.binding))
    rows = [
        row(purge.verdict, purge.computer, purge.user, purge.destination, moment(purge.asked_at), purge.because)
        for purge in open_
    ]
    columns = (Column("Verdict", "order"), *PLACE, Column("Asked for (UTC)", "date"), Column("Because"))
    return Page(
        kind="verification",
        label="Verification",
        stack=done.stack,
        name=done.stack,
        title=f"Verification of {done.stack}",
        standing=standing(purge.verdict for purge in done.erasures),
        lead=f"{counted(len(done.erasures), 'purge')}: {counts or 'none was asked for'}.",
        source=(Fact("Endpoint", done.endpoint), Fact("Looked at", f"{moment(done.at)} UTC")),
        sections=(Section("Not erased", "", columns, rows, is_main=True, searched_for="purge"),) if rows else (),
        note="Made by mbs-erasure. A look at the account tells what it says at that moment; the ledger keeps each.",
    )


def standing(verdicts: Iterable[Verdict | None]) -> tuple[str, Tone]:
    """Return how purges stand in a word, `erased`, `open`, `in doubt` or `nothing`, and how grave that is."""
    found = set(verdicts)
    if not found:
        return "nothing", "good"
    if found & {Verdict.OVERDUE, Verdict.CONTRADICTED, Verdict.RETURNED}:
        return "in doubt", "bad"
    return ("erased", "good") if found == {Verdict.ERASED} else ("open", "warn")
