"""The receipt: what was asked for, what was answered, what was seen since, and what cannot be known.

It is made of the ledger alone, as it stood at one event: made again from the same events it is the same, to the byte.
The JSON form is version 1 of a documented format: docs/receipt.schema.json.
"""

import datetime
import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from operator import not_
from typing import Any, Final, Literal

from pydantic import Field

from erasure.identity import fold
from erasure.ledger import Kind, Life, Observation, Record, Verdict, purges_in
from erasure.message import Message

WORDING: Final = 2
"""The version of the words, to be raised with a release that says the same events in others."""

_WORDS: Final = {"unverified", "limits", "seal"}  # what tells nothing that is in the ledger

LIMITS = (
    "The API accepts a purge and confirms no erasure: what stands here is what its other answers said afterwards.",
    "Billing reads as a monthly statistic: that nothing is stored corroborates an erasure, and does not prove it.",
    "A computer is addressed by its name. Copies that the account does not list are not covered.",
    (
        "Where the storage has Object Lock, only the metadata goes, says the vendor's console: the list empties, and"
        " the data stays until its lock ends. Nobody can tell that from the account's answers."
    ),
    f"It is told in the words of version {WORDING}.",
)

DueMet = Literal["met", "missed", "open"] | None
Answer = Literal["accepted", "gone", "gone after a lost answer", "lost", "refused", "not understood", "not asked"]


class Selection(Message):
    """Which purges of the stack a receipt is about; null: all of them."""

    customer: str | None = None
    request: str | None = None
    since: datetime.date | None = Field(default=None, description="Those that were begun on this day, UTC, or later.")


class Look(Message):
    """One look at the account after a purge."""

    at: datetime.datetime
    listed: bool | None = Field(description="null: the account could not tell.")
    stored_bytes: int | None = Field(description="Of the computer, on all destinations; null: not told.")
    other_copies: int = Field(description="Other destinations that list the computer.")
    last_backup_not_after: datetime.datetime | None
    problem: str | None


class Change(Message):
    """A verdict, from the moment it was given on."""

    at: datetime.datetime
    verdict: Verdict
    because: str


class Closed(Message):
    """The end that a person put to the watch over a purge; its verdict stays as it was seen."""

    at: datetime.datetime
    by: str
    reason: str

    def __str__(self) -> str:
        """Return who closed it, and why."""
        return f"closed by {self.by}: {self.reason}"


class Call(Message):
    """A call for this purge: when it was recorded, before it was sent."""

    at: datetime.datetime
    digest: str | None = Field(
        default=None,
        exclude_if=not_,
        description="Of the set under which it was made; left out where that is the purge's.",
    )


class Failure(Message):
    """A call that the API refused."""

    at: datetime.datetime
    finding: str


class Link(Message):
    """An event of the ledger that this tells of: its place in the chain, and its hash."""

    event: int
    hash: str
    chain: str | None = Field(
        default=None, exclude_if=not_, description="Where the stack had another name; left out for the chain above."
    )


class Purge(Message):
    """One computer on one destination. Times are UTC."""

    customer: str | None
    user: str
    computer: str
    destination: str
    endpoint: str
    request: str | None = Field(description="The erasure request that this answers.")
    due: datetime.date | None = Field(description="The request's legal deadline.")
    due_met: DueMet = Field(description="Whether the verdict `erased` came by the deadline; null: there is none.")
    reason: str | None
    asked_by: str | None = Field(description="Who ran the update.")
    approved_by: str | None
    digest: str | None = Field(description="Of the set of purges that this was one of.")
    set_size: int | None = Field(description="How many purges that set had.")
    commit: str | None
    differed: bool | None = Field(description="Whether the reviewed files differed from that commit.")
    pull_request: str | None
    run: str | None
    stored_bytes: int | None = Field(description="Of the computer before the purge, where it was told.")
    intended_at: datetime.datetime | None
    calls: tuple[Call, ...]
    failures: tuple[Failure, ...]
    not_understood: tuple[Failure, ...] = Field(
        default=(),
        exclude_if=not_,
        description="Answers that are documented neither as a yes nor as a no; left out where there is none.",
    )
    answer: Answer = Field(
        description="accepted: 200 and no body. gone: not listed any more when it was to be purged; nothing was sent."
    )
    answered_at: datetime.datetime | None
    verdict: Verdict | None = Field(description="The last one; null: nobody has looked yet.")
    because: str | None
    verdicts: tuple[Change, ...]
    looks: tuple[Look, ...]
    managed_again_at: datetime.datetime | None = Field(description="When the computer was adopted again.")
    closed: Closed | None = Field(
        default=None, exclude_if=not_, description="Nobody looks any more; left out where nobody closed it."
    )
    unverified: tuple[str, ...] = Field(description="What could not be verified.")
    events: tuple[Link, ...]


class Request(Message):
    """An erasure request, over all of its purges in this receipt."""

    request: str
    due: datetime.date | None
    purges: int
    erased: int
    due_met: DueMet


class Head(Message):
    """The ledger that this was made of: the last event of the stack's chain, and its hash."""

    chain: str
    event: int
    hash: str


class Receipt(Message):
    """What happened to the data of a selection of purges."""

    version: Literal[1] = 1
    stack: str
    made_at: datetime.datetime
    selection: Selection
    ledger: Head
    earlier: tuple[Head, ...] = Field(
        default=(), exclude_if=not_, description="Likewise, of other names of the stack; left out where it had none."
    )
    counts: dict[str, int] = Field(description="How many purges have each verdict; `unseen`: nobody has looked yet.")
    requests: tuple[Request, ...]
    purges: tuple[Purge, ...]
    limits: tuple[str, ...] = LIMITS
    seal: str = Field(default="", description="SHA-256 of this document with an empty seal.")

    @property
    def wording(self) -> int:
        """The version of its words. The first one did not say it."""
        said = re.search(r"the words of version (\d+)", " ".join(self.limits))
        return int(said[1]) if said else 1

    def sealed(self) -> "Receipt":
        """Return it with the seal that it has to have."""
        unsealed = self.model_copy(update={"seal": ""})
        return self.model_copy(update={"seal": "sha256:" + hashlib.sha256(unsealed.text().encode()).hexdigest()})


def receipt(
    stack: str, records: Sequence[tuple[Record, str]], selection: Selection, made_at: datetime.datetime
) -> Receipt:
    """Make a receipt of a stack's events, each with its hash, from the first one on. Raises ValueError for none.

    A stack that was renamed has several chains, one after the other.
    """
    if not records:
        raise ValueError("the ledger has no event of this stack")
    heads = {one.chain: Head(chain=one.chain, event=one.sequence, hash=hash_) for one, hash_ in records}
    *earlier, last = heads.values()
    links = {
        (one.chain, one.sequence): Link(
            event=one.sequence, hash=hash_, chain=one.chain if one.chain != last.chain else None
        )
        for one, hash_ in records
    }
    chosen = (life for life in purges_in(record for record, _ in records) if _is_chosen(life, selection))
    purges = tuple(_purge(life, links, made_at) for life in chosen)
    counts = Counter(purge.verdict.value if purge.verdict else "unseen" for purge in purges)
    return Receipt(
        stack=stack,
        made_at=made_at,
        selection=selection,
        ledger=last,
        earlier=tuple(earlier),
        counts=dict(sorted(counts.items())),
        requests=tuple(_requests(purges)),
        purges=purges,
    ).sealed()


def tells_the_same(earlier: Any, now: Any) -> bool:  # noqa: ANN401 -- any JSON
    """Whether a receipt of an earlier version, as JSON, says of its events what this version does, in other words.

    What only a later version tells is nothing to compare.
    """
    if isinstance(earlier, dict) and isinstance(now, dict):
        told = earlier.keys() - _WORDS
        return told <= now.keys() and all(tells_the_same(earlier[key], now[key]) for key in told)
    if isinstance(earlier, list) and isinstance(now, list):
        return len(earlier) == len(now) and all(map(tells_the_same, earlier, now))
    return bool(earlier == now)


def _is_chosen(life: Life, selection: Selection) -> bool:
    customer, request = life.intention.get("customer"), life.intention.get("request")
    begun_at = life.intended_at or life.sent_at[0]
    return (
        (selection.customer is None or (isinstance(customer, str) and fold(customer) == fold(selection.customer)))
        and (selection.request is None or request == selection.request)
        and (selection.since is None or begun_at.date() >= selection.since)
    )


def _purge(life: Life, links: dict[tuple[str, int], Link], made_at: datetime.datetime) -> Purge:
    known = life.intention
    # An approval is of the set that it was given for, whatever set what it left over was intended with later.
    said = life.approved or known
    due = datetime.date.fromisoformat(said["due"]) if said.get("due") else None
    return Purge(
        **{name: known.get(name) for name in ("customer", "commit", "pull_request", "run")},
        **{name: said.get(name) for name in ("request", "reason", "approved_by", "digest")},
        asked_by=known.get("who"),
        set_size=said.get("purges"),
        differed=known.get("differs"),
        **{name: life.named(name) for name in ("user", "computer", "destination")},
        endpoint=life.endpoint,
        due=due,
        due_met=_due_met(life, due, made_at),
        stored_bytes=life.stored_bytes,
        intended_at=life.intended_at,
        calls=tuple(
            Call(at=record.at, digest=None if (own := record.event.data.get("digest")) == said.get("digest") else own)
            for record in life.records
            if record.event.kind is Kind.SENT
        ),
        failures=tuple(Failure(at=at, finding=finding) for at, finding in life.failures),
        not_understood=tuple(Failure(at=at, finding=finding) for at, finding in life.not_understood),
        answer=answer_of(life),
        answered_at=life.asked_at,
        verdict=life.verdict,
        because=life.verdicts[-1][2] if life.verdicts else None,
        verdicts=tuple(Change(at=at, verdict=given, because=because) for at, given, because in life.verdicts),
        looks=tuple(map(_look, life.observations)),
        managed_again_at=life.adopted_again_at,
        closed=closed(life),
        unverified=tuple(_unverified(life)),
        events=tuple(links[record.chain, record.sequence] for record in life.records),
    )


def _look(seen: Observation) -> Look:
    return Look(
        at=seen.at,
        listed=seen.is_listed,
        stored_bytes=seen.stored_bytes,
        other_copies=seen.copies,
        last_backup_not_after=seen.not_after,
        problem=seen.problem,
    )


def closed(life: Life) -> Closed | None:
    """Return the end that a person put to the watch over a purge."""
    return Closed(at=life.closed[0], by=life.closed[1], reason=life.closed[2]) if life.closed else None


def answer_of(life: Life) -> Answer:
    """Return what the API said to a purge."""
    if life.accepted_at is not None:
        return "accepted"
    if life.absent_at is not None:
        return "gone after a lost answer" if life.after_call else "gone"
    if not life.sent_at:
        return "not asked"
    if life.not_understood and life.not_understood[-1][0] >= life.sent_at[-1]:
        return "not understood"
    return "lost" if life.is_unanswered else "refused"


def _due_met(life: Life, due: datetime.date | None, made_at: datetime.datetime) -> DueMet:
    if due is None:
        return None
    is_erased = life.verdict is Verdict.ERASED
    until = life.verdicts[-1][0] if is_erased else made_at
    if until.date() > due:
        return "missed"
    return "met" if is_erased else "open"


def _unverified(life: Life) -> Iterable[str]:
    if life.asked_at is None:
        yield "The API has not accepted this purge: nothing is erased as far as is known."
    elif not life.observations:
        yield "Nobody has looked at the account since."
    elif life.verdict is not Verdict.ERASED:
        yield f"That the data is erased: {life.verdicts[-1][2] if life.verdicts else 'no verdict was given'}."
    if (end := closed(life)) is not None:
        yield f"What became of it since then: {end}."
    looks = [look for look in life.observations if look.is_listed is not None]
    if looks and all(look.stored_bytes is None for look in looks):
        yield "How much is stored: the account did not tell."
    if looks and looks[-1].copies:
        yield "What is stored of this computer alone on this destination: the account tells it for all its copies."
    if life.answer_is_inferred:
        yield "Whether our call removed it: its answer was lost, and the data was not listed any more."


def _requests(purges: Iterable[Purge]) -> Iterable[Request]:
    groups: dict[str, list[Purge]] = {}
    for purge in purges:
        if purge.request is not None:
            groups.setdefault(purge.request, []).append(purge)
    worst_first: tuple[DueMet, ...] = ("missed", "open", "met", None)
    for name, members in groups.items():
        yield Request(
            request=name,
            due=min((purge.due for purge in members if purge.due is not None), default=None),
            purges=len(members),
            erased=sum(purge.verdict is Verdict.ERASED for purge in members),
            due_met=min((purge.due_met for purge in members), key=worst_first.index),
        )
