"""The receipt's page: every purge with its verdict, who asked, what is in doubt, and what happened."""

import datetime
from collections import Counter
from collections.abc import Iterator
from typing import Final

from erasure.ledger import Verdict
from erasure.reports.page import PLACE, Column, Fact, Page, Section, row, stored
from erasure.reports.receipt import Purge, Receipt
from erasure.reports.shown import counted, moment, size
from erasure.reports.verification import MEANINGS, standing

_DUE: Final = {"met": "met", "missed": "missed", "open": "not over yet", None: "none"}
_COUNTS: Final = (Column("Purges", "number"), Column("Erased", "number"))


def receipt_page(receipt: Receipt) -> Page:
    """Return the page of a receipt."""
    name = _name(receipt)
    counts = ", ".join(f"{count:,} {_named(verdict)}" for verdict, count in receipt.counts.items())
    asked_for = f"The erasure of {counted(len(receipt.purges), 'binding')} was asked for: {counts}."
    unverified = [row(*_place(purge), text) for purge in receipt.purges for text in purge.unverified]
    doubts = Section("What could not be verified", "", (*PLACE, Column("Not verified")), unverified, is_main=True)
    tables = (_purges(receipt), _requests(receipt), _asked(receipt), doubts, _history(receipt))
    return Page(
        kind="receipt",
        label="Erasure receipt",
        stack=receipt.stack,
        name=name,
        title=f"Erasure receipt of {name}",
        standing=standing(purge.verdict for purge in receipt.purges),
        lead=asked_for if receipt.purges else "The ledger knows of no such purge.",
        facts=_facts(receipt),
        source=(
            Fact("Stack", receipt.stack),
            Fact("Made at", f"{moment(receipt.made_at)} UTC"),
            *(
                fact
                for head in (receipt.ledger, *receipt.earlier)
                for fact in (
                    Fact("Ledger", f"{head.chain}, the first {head.event:,} events"),
                    Fact("Hash of the last", head.hash, is_exact=True),
                )
            ),
        ),
        sections=(
            *(table for table in tables if table.rows),
            Section("What this can say, and what not", texts=receipt.limits),
            Section("The verdicts", texts=[": ".join(meaning) for meaning in MEANINGS.items()], is_part=True),
        ),
        note=(
            "Made by mbs-erasure from its ledger. `receipt --format json` has every event with its hash, and"
            " `receipt --check` tells whether such a copy is whole."
        ),
    )


def _name(receipt: Receipt) -> str:
    """Return what a receipt is about."""
    chosen = receipt.selection
    customers = sorted({purge.customer for purge in receipt.purges if purge.customer})
    customer = chosen.customer or (customers[0] if len(customers) == 1 else None)
    if chosen.request:
        return f"Request {chosen.request}" + (f", {customer}" if customer else "")
    return customer or f"Stack {receipt.stack}"


def _facts(receipt: Receipt) -> list[Fact]:
    sizes = {(purge.user, purge.computer): purge.stored_bytes for purge in receipt.purges}
    known = [stored_bytes for stored_bytes in sizes.values() if stored_bytes is not None]
    begun = [purge.intended_at for purge in receipt.purges if purge.intended_at is not None]
    facts = [
        Fact("Purges", f"{len(receipt.purges):,}"),
        Fact("Computers", f"{len(sizes):,}"),
        Fact("Stored before", f"at most {size(sum(known))}" if known else "not told"),
        *(Fact(_named(verdict).capitalize(), f"{count:,}") for verdict, count in receipt.counts.items()),
    ]
    if begun:
        first, last = moment(min(begun)), moment(max(begun))
        facts.append(Fact("Asked for", f"{first} UTC" if first == last else f"{first} to {last} UTC"))
    if receipt.selection.since is not None:
        facts.append(Fact("Begun since", str(receipt.selection.since)))
    return facts


def _purges(receipt: Receipt) -> Section:
    """Return every purge with its verdict, those that are not erased first."""
    rows = [
        row(
            *_place(purge),
            _named(purge.verdict or "unseen"),
            purge.because or "",
            f"{purge.answer}, {moment(purge.answered_at)}" if purge.answered_at else purge.answer,
            stored(purge.stored_bytes, "not told"),
        )
        for purge in sorted(receipt.purges, key=lambda each: (each.verdict is Verdict.ERASED, *_place(each)[:2]))
    ]
    columns = (*PLACE, Column("Verdict"), Column("Because"), Column("Answer"), Column("Stored", "number"))
    explanation = "What was stored before is of the computer on all destinations together."
    return Section("Purges", explanation, columns, rows, is_main=True, searched_for="purge")


def _requests(receipt: Receipt) -> Section:
    return Section(
        "Erasure requests",
        "Met: the verdict `erased` came by that day, UTC.",
        (Column("Request", "name"), Column("Deadline", "date"), *_COUNTS, Column("Deadline met")),
        [
            row(asked.request, str(asked.due or "none"), asked.purges, asked.erased, _DUE[asked.due_met])
            for asked in receipt.requests
        ],
        is_main=True,
    )


def _asked(receipt: Receipt) -> Section:
    sets = Counter(
        (
            purge.digest or "none is recorded",
            purge.asked_by or "not recorded",
            _commit(purge),
            purge.approved_by or "within the limits",
            purge.reason or "",
        )
        for purge in receipt.purges
    )
    columns = (Column("Digest"), _COUNTS[0], *map(Column, ("Asked by", "Commit", "Approved by", "Reason")))
    rows = [row(digest, count, *rest) for (digest, *rest), count in sets.items()]
    return Section("Who asked, and who approved", "One row for each set of purges.", columns, rows, is_main=True)


def _history(receipt: Receipt) -> Section:
    happened = ((at, _place(purge), text) for purge in receipt.purges for at, text in _events(purge))
    return Section(
        "What happened",
        "By the clock of the machine that wrote it.",
        (Column("When (UTC)", "date"), *PLACE, Column("What")),
        [row(moment(at), *place, text) for at, place, text in sorted(happened, key=lambda event: event[0])],
        is_main=True,
    )


def _events(purge: Purge) -> Iterator[tuple[datetime.datetime, str]]:
    answer = {
        "accepted": "accepted: 200, no body",
        "gone": "not listed any more: nothing was sent",
        "gone after a lost answer": "not listed any more, after a call whose answer was lost",
    }.get(purge.answer)
    if purge.intended_at:
        yield purge.intended_at, "intended"
    for call in purge.calls:
        yield call.at, "sent"
    for failure in purge.failures:
        yield failure.at, f"refused: {failure.finding}"
    for unclear in purge.not_understood:
        yield unclear.at, f"not understood: {unclear.finding}"
    if purge.answered_at and answer:
        yield purge.answered_at, answer
    for look in purge.looks:
        stored_then = "not told" if look.stored_bytes is None else size(look.stored_bytes)
        seen = f"{'listed' if look.listed else 'not listed'}, stored: {stored_then}"
        yield look.at, f"looked at: {(look.problem or 'the account could not tell') if look.listed is None else seen}"
    for change in purge.verdicts:
        yield change.at, f"verdict: {change.verdict.value}, {change.because}"
    if purge.closed:
        yield purge.closed.at, str(purge.closed)
    if purge.managed_again_at:
        yield purge.managed_again_at, "managed again"


def _place(purge: Purge) -> tuple[str, str, str]:
    return purge.computer, purge.user, purge.destination


def _commit(purge: Purge) -> str:
    if purge.commit is None:
        return "not recorded"
    more = f", pull request {purge.pull_request}" if purge.pull_request else ""
    return purge.commit[:12] + more + (", and files that differed from it" if purge.differed else "")


def _named(verdict: str) -> str:
    return "not looked at yet" if verdict == "unseen" else str(verdict)
