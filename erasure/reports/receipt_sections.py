"""What every rendering of a receipt tells, in one order and in the same words, before it is dressed as text or page.

Nothing is escaped here: a cell holds a name as the ledger has it, and each rendering makes it safe for its own medium.
"""

import datetime
from collections.abc import Sequence
from typing import Final

from erasure.ledger import Verdict
from erasure.reports.receipt import Purge, Receipt
from erasure.reports.sections import Section
from erasure.reports.shown import counted, moment, size

MEANINGS: Final = {
    Verdict.PENDING: "still listed, within the deadline",
    Verdict.DELISTED: "not listed any more, not proven yet",
    Verdict.ERASED: "twice not listed past the deadline, nothing stored, no backup since",
    Verdict.OVERDUE: "still listed past the deadline",
    Verdict.CONTRADICTED: "not listed, and yet data is stored or was backed up since",
    Verdict.RETURNED: "it came back",
    Verdict.UNKNOWN: "the account cannot tell",
}
# How each outcome looks, as that of a plan which is as grave.
STYLES: Final = {"erased": "nothing", "nothing": "nothing", "open": "permitted", "in doubt": "refused"}
_UNSEEN: Final = "not looked at yet"
_DUE: Final = {"met": "met", "missed": "missed", "open": "not over yet"}


def outcome(receipt: Receipt) -> str:
    """Return how it stands in a word: `erased`, `open`, `in doubt`, or `nothing`."""
    found = {one.verdict for one in receipt.purges}
    if not found:
        return "nothing"
    if found & {Verdict.OVERDUE, Verdict.CONTRADICTED, Verdict.RETURNED}:
        return "in doubt"
    return "erased" if found == {Verdict.ERASED} else "open"


def title(receipt: Receipt) -> str:
    """Return what a receipt is about."""
    chosen = receipt.selection
    customers = sorted({one.customer for one in receipt.purges if one.customer})
    customer = chosen.customer or (customers[0] if len(customers) == 1 else None)
    if chosen.request:
        return f"Request {chosen.request}" + (f", {customer}" if customer else "")
    return customer or f"Stack {receipt.stack}"


def lead(receipt: Receipt) -> str:
    """Return how it stands, in a sentence."""
    purges = receipt.purges
    if not purges:
        return "The ledger knows of no such purge."
    counts = ", ".join(f"{number:,} {_named(verdict)}" for verdict, number in receipt.counts.items())
    return f"The erasure of {counted(len(purges), 'binding')} was asked for: {counts}."


def totals(receipt: Receipt) -> list[tuple[str, str]]:
    """Return the receipt in numbers, each with its name."""
    purges = receipt.purges
    sizes = {(one.user, one.computer): one.stored_bytes for one in purges}
    known = [one for one in sizes.values() if one is not None]
    begun = [one.intended_at for one in purges if one.intended_at is not None]
    told = [
        ("Purges", f"{len(purges):,}"),
        ("Computers", f"{len(sizes):,}"),
        ("Stored before", f"at most {size(sum(known))}" if known else "not told"),
        *((_named(verdict).capitalize(), f"{number:,}") for verdict, number in receipt.counts.items()),
    ]
    if begun:
        told.append(("Asked for", _period(moment(min(begun)), moment(max(begun)))))
    if receipt.selection.since is not None:
        told.append(("Begun since", str(receipt.selection.since)))
    return told


def sections(receipt: Receipt) -> list[Section]:
    """Return the tables of a receipt, each where there is anything to list. The purges come first."""
    found = (purges(receipt), _requests(receipt), _asked(receipt), _doubts(receipt), _history(receipt))
    return [one for one in found if one.rows]


def purges(receipt: Receipt) -> Section:
    """Return every purge with its verdict, those that are not erased first."""
    rows = [
        (
            one.computer,
            one.user,
            one.destination,
            _verdict(one),
            one.because or "",
            _answer(one),
            size(one.stored_bytes) if one.stored_bytes is not None else "not told",
        )
        for one in sorted(receipt.purges, key=lambda each: (each.verdict is Verdict.ERASED, each.computer, each.user))
    ]
    columns = ("Computer", "User", "Destination", "Verdict", "Because", "Answer", "Stored")
    return Section("Purges", "What was stored before is of the computer on all destinations together.", columns, rows)


def _requests(receipt: Receipt) -> Section:
    rows = [
        (
            one.request,
            str(one.due) if one.due else "none",
            f"{one.purges:,}",
            f"{one.erased:,}",
            _DUE[one.due_met] if one.due_met else "none",
        )
        for one in receipt.requests
    ]
    columns = ("Request", "Deadline", "Purges", "Erased", "Deadline met")
    return Section("Erasure requests", "Met: the verdict `erased` came by that day, UTC.", columns, rows)


def _asked(receipt: Receipt) -> Section:
    sets: dict[tuple[str, ...], int] = {}
    for one in receipt.purges:
        key = (
            one.digest or "none is recorded",
            one.asked_by or "not recorded",
            _commit(one),
            one.approved_by or "within the limits",
            one.reason or "",
        )
        sets[key] = sets.get(key, 0) + 1
    rows = [(key[0], f"{number:,}", *key[1:]) for key, number in sets.items()]
    columns = ("Digest", "Purges", "Asked by", "Commit", "Approved by", "Reason")
    return Section("Who asked, and who approved", "One row for each set of purges.", columns, rows)


def _doubts(receipt: Receipt) -> Section:
    rows = [(one.computer, one.user, one.destination, text) for one in receipt.purges for text in one.unverified]
    columns = ("Computer", "User", "Destination", "Not verified")
    return Section("What could not be verified", "", columns, rows)


def _history(receipt: Receipt) -> Section:
    rows = sorted(
        ((at, one.computer, one.user, one.destination, text) for one in receipt.purges for at, text in _events(one)),
        key=lambda row: row[0],
    )
    columns = ("When (UTC)", "Computer", "User", "Destination", "What")
    explanation = "By the clock of the machine that wrote it."
    return Section("What happened", explanation, columns, [(moment(at), *rest) for at, *rest in rows])


def _events(one: Purge) -> Sequence[tuple[datetime.datetime, str]]:
    answer = {
        "accepted": "accepted: 200, no body",
        "gone": "not listed any more: nothing was sent",
        "gone after a lost answer": "not listed any more, after a call whose answer was lost",
    }.get(one.answer)
    return [
        *([(one.intended_at, "intended")] if one.intended_at else []),
        *((call.at, "sent") for call in one.calls),
        *((failure.at, f"refused: {failure.finding}") for failure in one.failures),
        *([(one.answered_at, answer)] if one.answered_at and answer else []),
        *((look.at, _seen(look.listed, look.stored_bytes, look.problem)) for look in one.looks),
        *((change.at, f"verdict: {change.verdict.value}, {change.because}") for change in one.verdicts),
        *([(one.managed_again_at, "managed again")] if one.managed_again_at else []),
    ]


def _seen(listed: bool | None, stored_bytes: int | None, problem: str | None) -> str:
    if listed is None:
        return f"looked at: {problem or 'the account could not tell'}"
    stored = "not told" if stored_bytes is None else size(stored_bytes)
    return f"looked at: {'listed' if listed else 'not listed'}, stored: {stored}"


def _verdict(one: Purge) -> str:
    return one.verdict.value if one.verdict else _UNSEEN


def _answer(one: Purge) -> str:
    return f"{one.answer}, {moment(one.answered_at)}" if one.answered_at else one.answer


def _commit(one: Purge) -> str:
    if one.commit is None:
        return "not recorded"
    more = f", pull request {one.pull_request}" if one.pull_request else ""
    return one.commit[:12] + more + (", and files that differed from it" if one.differed else "")


def _named(verdict: str) -> str:
    return _UNSEEN if verdict == "unseen" else verdict


def _period(first: str, last: str) -> str:
    return f"{first} UTC" if first == last else f"{first} to {last} UTC"
