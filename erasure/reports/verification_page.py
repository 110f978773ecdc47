"""The verification's page: what came of each purge, what needs somebody first."""

from collections.abc import Iterable
from typing import Final

from erasure.ledger import Verdict
from erasure.reports.page import PLACE, Column, Fact, Page, Table, Tone, row
from erasure.reports.shown import counted, moment
from erasure.reports.verification import Verification

# The worst first: what needs somebody.
MEANINGS: Final = {
    Verdict.RETURNED: "it came back",
    Verdict.CONTRADICTED: "not listed, and yet data is stored or was backed up since",
    Verdict.OVERDUE: "still listed past the deadline",
    Verdict.UNKNOWN: "the account cannot tell",
    Verdict.DELISTED: "not listed any more, not proven yet",
    Verdict.PENDING: "still listed, within the deadline",
    Verdict.ERASED: "twice not listed past the deadline, nothing stored, no backup since",
}
_WORST_FIRST: Final = tuple(MEANINGS)


def verification_page(done: Verification) -> Page:
    """Return the page of a verification; what is erased is counted, and the rest is listed, the worst first."""
    counts = ", ".join(f"{number:,} {verdict}" for verdict, number in done.counts.items())
    open_ = [purge for purge in done.erasures if purge.verdict is not Verdict.ERASED]
    open_.sort(key=lambda purge: (_WORST_FIRST.index(purge.verdict), purge.asked_at, purge.binding))
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
        facts=(),
        source=(Fact("Endpoint", done.endpoint), Fact("Looked at", f"{moment(done.at)} UTC")),
        sections=(Table("Not erased", "", columns, rows, is_main=True, searched_for="purge"),) if rows else (),
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
