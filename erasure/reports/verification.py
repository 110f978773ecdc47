"""What came of purges, as a report and its page. The JSON form is version 1 of docs/verification.schema.json."""

import datetime
from collections import Counter
from collections.abc import Collection, Iterable
from operator import not_
from typing import Final, Literal

from pydantic import Field

from erasure.ledger import Life, Verdict
from erasure.message import Message
from erasure.reports.page import PLACE, Column, Fact, Page, Section, Tone, row
from erasure.reports.receipt import Closed, answer_of, closed
from erasure.reports.shown import counted, moment

# The worst first: what needs somebody.
MEANINGS: Final = {
    Verdict.RETURNED: "it came back",
    Verdict.CONTRADICTED: "not listed, and yet data is stored or was backed up since",
    Verdict.OVERDUE: "still listed past the deadline",
    Verdict.UNKNOWN: "the account cannot tell",
    Verdict.ABSENT: "found gone before anything was sent: not erased by us, and perhaps there by another name",
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
    closed: Closed | None = Field(
        default=None, exclude_if=not_, description="Nobody looks any more; left out where nobody closed it."
    )


class Owed(Message):
    """A purge that was permitted, and that the API has not accepted. Times are UTC."""

    binding: str
    life: str
    endpoint: str
    user: str
    destination: str
    computer: str
    permitted_at: datetime.datetime
    deadline: datetime.datetime = Field(description="When it is overdue: the time runs from the permission.")
    due: datetime.date | None = Field(description="The legal deadline of the request that it answers.")
    because: str

    def is_late(self, at: datetime.datetime) -> bool:
        """Whether one of its deadlines has passed."""
        return at >= self.deadline or (self.due is not None and at.date() > self.due)


class Verification(Message):
    """What came of all purges of a stack whose computers are not managed again, and what is still owed."""

    version: Literal[1] = 1
    stack: str
    endpoint: str
    at: datetime.datetime
    counts: dict[Verdict, int]
    erasures: tuple[Verified, ...]
    owed: tuple[Owed, ...] = Field(
        default=(), exclude_if=not_, description="Permitted and not done; left out where there is none."
    )

    def standings(self) -> list[tuple[Verdict, bool]]:
        """Return the verdict of each purge, and whether its deadline has passed; what a person closed stands no more.

        What is owed stands as what the account still lists.
        """
        looked = [(purge.verdict, self.at >= purge.deadline) for purge in self.erasures if purge.closed is None]
        late = [owed.is_late(self.at) for owed in self.owed]
        return [*looked, *((Verdict.OVERDUE if is_late else Verdict.PENDING, is_late) for is_late in late)]


def verification(
    stack: str,
    endpoint: str,
    lives: Iterable[Life],
    looked_at: Collection[str],
    at: datetime.datetime,
    deadline: datetime.timedelta,
) -> Verification:
    """Put together what came of purges and what is owed of them; `looked_at` are the lives that were looked at now."""
    followed = list(lives)
    verified = tuple(
        Verified(
            binding=life.binding,
            life=life.life,
            **_place(life),
            asked_at=life.asked_at,
            deadline=life.asked_at + deadline,
            verdict=life.verdict or Verdict.UNKNOWN,
            because=life.verdicts[-1][2] if life.verdicts else "nobody has looked",
            looked_now=life.life in looked_at,
            closed=closed(life),
        )
        for life in followed
        if life.asked_at is not None
    )
    owed = tuple(
        Owed(
            binding=life.binding,
            life=life.life,
            endpoint=life.endpoint,
            **_place(life),
            permitted_at=life.intended_at,
            deadline=life.intended_at + deadline,
            due=life.intention.get("due"),
            because=_because(life),
        )
        for life in followed
        if life.is_owed and life.intended_at is not None
    )
    counts = dict(sorted(Counter(purge.verdict for purge in verified).items()))
    return Verification(stack=stack, endpoint=endpoint, at=at, counts=counts, erasures=verified, owed=owed)


def _place(life: Life) -> dict[str, str]:
    return {part: life.named(part) for part in ("user", "destination", "computer")}


def _because(life: Life) -> str:
    if life.missing_at is not None:
        return (
            f"not listed when it was to be sent, first at {moment(life.missing_at)} UTC: a second look is to confirm it"
        )
    match answer_of(life):
        case "not asked":
            return "no call was sent"
        case "refused":
            return f"refused: {life.failures[-1][1]}"
        case "not understood":
            return f"not understood: {life.not_understood[-1][1]}"
        case _:
            return "sent, and the answer was lost"


def verification_page(done: Verification) -> Page:
    """Return the page of a verification; what is erased is counted, and the rest is listed, the worst first."""
    counts = ", ".join(f"{number:,} {verdict}" for verdict, number in (*done.counts.items(), *_owes(done)))
    open_ = [purge for purge in done.erasures if purge.verdict is not Verdict.ERASED]
    worst_first = list(MEANINGS)
    open_.sort(key=lambda purge: (worst_first.index(purge.verdict), purge.asked_at, purge.binding))
    rows = [
        row(purge.verdict, purge.computer, purge.user, purge.destination, moment(purge.asked_at), _reason(purge))
        for purge in open_
    ]
    columns = (Column("Verdict", "order"), *PLACE, Column("Asked for (UTC)", "date"), Column("Because"))
    sections = (_owed(done), Section("Not erased", "", columns, rows, is_main=True, searched_for="purge"))
    return Page(
        kind="verification",
        label="Verification",
        stack=done.stack,
        name=done.stack,
        title=f"Verification of {done.stack}",
        standing=standing(verdict for verdict, _ in done.standings()),
        lead=f"{counted(len(done.erasures) + len(done.owed), 'purge')}: {counts or 'none was asked for'}.",
        source=(Fact("Endpoint", done.endpoint), Fact("Looked at", f"{moment(done.at)} UTC")),
        sections=tuple(section for section in sections if section.rows),
        note="Made by mbs-erasure. A look at the account tells what it says at that moment; the ledger keeps each.",
    )


def _owes(done: Verification) -> list[tuple[str, int]]:
    return [("owed", len(done.owed))] if done.owed else []


def _owed(done: Verification) -> Section:
    """Return what was permitted and is not done, the oldest first."""
    oldest_first = sorted(done.owed, key=lambda owed: (owed.permitted_at, owed.binding))
    rows = [
        row(*(owed.computer, owed.user, owed.destination), moment(owed.permitted_at), _age(owed, done.at), owed.because)
        for owed in oldest_first
    ]
    columns = (*PLACE, Column("Permitted (UTC)", "date"), Column("Age", "order"), Column("Because"))
    explanation = "Permitted, and not accepted by the API: the next `pulumi up` tries again."
    return Section("Owed", explanation, columns, rows, is_main=True, searched_for="purge")


def _age(owed: Owed, at: datetime.datetime) -> str:
    age = at - owed.permitted_at
    shown = counted(age.days, "day") if age.days else counted(age.seconds // 3600, "hour")
    return f"{shown}, past the deadline" if owed.is_late(at) else shown


def _reason(purge: Verified) -> str:
    return f"{purge.because}; {purge.closed}" if purge.closed else purge.because


def standing(verdicts: Iterable[Verdict | None]) -> tuple[str, Tone]:
    """Return how purges stand in a word, `erased`, `open`, `in doubt` or `nothing`, and how grave that is."""
    found = set(verdicts)
    if not found:
        return "nothing", "good"
    if found & {Verdict.OVERDUE, Verdict.CONTRADICTED, Verdict.RETURNED}:
        return "in doubt", "bad"
    return ("erased", "good") if found == {Verdict.ERASED} else ("open", "warn")
