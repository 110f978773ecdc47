"""The plan's page: what an update would purge, what speaks for and against it, and what stands beside it."""

import shlex
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from erasure.identity import fold
from erasure.plan import Fired
from erasure.reports.page import (
    DESTINATION,
    PLACE,
    USER,
    Bar,
    Cell,
    Chart,
    Code,
    Codes,
    Column,
    Fact,
    Finding,
    Findings,
    Page,
    Section,
    Table,
    Texts,
    Tone,
    number,
    row,
    stored,
)
from erasure.reports.plan import Place, PlanReport, Purge, notes, riskiest_first
from erasure.reports.shown import UNKNOWN, counted, moment, size, visible

_OUTCOMES: Final[dict[str, tuple[str, Tone]]] = {
    "nothing": ("nothing to purge", "good"),
    "permitted": ("permitted", "warn"),
    "refused": ("refused", "bad"),
}
_STATES: Final = ("in the way", "lifted", "warns", "off")
_SIZES: Final = (
    "Riskiest first: on hold, backing up now, last copies, then unknown sizes and the largest. A size is of the"
    " computer on all destinations together, so that a purge may free less."
)
_BARS: Final = 10
_COMMAND: Final = 300  # characters
_PURGED: Final = Column("Purged", "number")
_ID: Final = Column("ID", "id")


def plan_page(report: PlanReport) -> Page:
    """Return the page of a plan."""
    return Page(
        kind="plan",
        label="Purge plan",
        stack=report.stack,
        name=report.customer or report.stack,
        title=f"Purge plan of {report.stack}" + (f" ({report.customer})" if report.customer else ""),
        standing=_OUTCOMES[report.outcome],
        lead=_lead(report),
        next_step=_next_step(report),
        facts=_facts(report),
        source=(
            Fact("Endpoint", report.endpoint),
            Fact("Planned at", f"{moment(report.made_at)} UTC"),
            Fact("Digest", report.digest, is_exact=True),
        ),
        sections=tuple(_sections(report)),
        note="Made by mbs-erasure. A plan says what an update would do at this moment; the update judges it again.",
    )


class Labels:
    """What people call the users and destinations of a report: a login, a name, or the ID where these do not tell."""

    def __init__(self, report: PlanReport) -> None:
        places: list[Purge | Place] = [*report.purges, *report.stays, *report.unlisted]
        self._users = _labels((place.user, place.login) for place in places)
        self._destinations = _labels((purge.destination, purge.destination_name) for purge in report.purges)

    def user(self, user: str) -> str:
        """Return a user's login; the ID where it has none, and both where two users share one."""
        return self._users.get(fold(user), user)

    def destination(self, destination: str) -> str:
        """Return a destination's name, likewise."""
        return self._destinations.get(fold(destination), destination)

    def place(self, place: Place) -> tuple[str, str, str]:
        """Return a computer, its user and its destination."""
        return place.computer, self.user(place.user), self.destination(place.destination)


def _labels(named: Iterable[tuple[str, str | None]]) -> dict[str, str]:
    ids: dict[str, str] = {}
    names: dict[str, str] = {}
    for id_, name in named:
        ids.setdefault(fold(id_), id_)
        if name is not None:
            names.setdefault(fold(id_), name)
    used = Counter(fold(name) for name in names.values())
    return {
        key: f"{name} ({ids[key]})" if used[fold(name)] > 1 else name
        for key, name in ((key, names.get(key, id_)) for key, id_ in ids.items())
    }


def _lead(report: PlanReport) -> str:
    totals = report.totals
    if not report.purges:
        return "Nothing would be purged." if report.outcome == "nothing" else "This update cannot run."
    where = f"{counted(totals.computers, 'computer')} of {counted(totals.users, 'user')}"
    return f"{counted(totals.purges, 'purge')} would destroy backup data of {where} for good: {_size(report)}."


def _size(report: PlanReport) -> str:
    """Return how much would go, and of how many computers nobody can tell."""
    unknown = report.totals.unknown_bytes
    if unknown and unknown == report.totals.computers:
        return "of unknown size"
    more = f", and {counted(unknown, 'computer')} of unknown size" if unknown else ""
    return f"at most {size(report.totals.stored_bytes)}{more}"


def _next_step(report: PlanReport) -> str:
    if report.outcome == "refused":
        if report.approval is not None:
            return "Nothing is purged until these purges are approved, or what stands in the way is gone."
        return "No approval lifts this: what stands in the way has to go first."
    return "The next `pulumi up` purges this, and nobody can undo it." if report.purges else ""


def _facts(report: PlanReport) -> list[Fact]:
    numbers = report.totals
    percent = f" ({numbers.purges * 100 / numbers.bound:.0f} %)" if numbers.bound else ""
    always = [
        Fact("Purges of all bindings", f"{numbers.purges:,} of {numbers.bound:,}{percent}"),
        Fact("Users", f"{numbers.users:,}"),
        Fact("Computers", f"{numbers.computers:,}"),
        Fact("Destinations", f"{numbers.destinations:,}"),
        Fact("Stored, at most", size(numbers.stored_bytes)),
    ]
    seldom = {
        "Computers of unknown size": numbers.unknown_bytes,
        "Last copies": numbers.last_copies,
        "On hold": numbers.held,
        "Begun before": numbers.owed,
        "Adopted": numbers.adoptions,
        "Released, data kept": numbers.releases,
    }
    return [
        *(always if report.purges else []),
        Fact("Wanted by the inventory", f"{numbers.wanted:,}"),
        *(Fact(name, f"{value:,}") for name, value in seldom.items() if value),
    ]


def _sections(report: PlanReport) -> Iterator[Section]:
    """Yield the sections, each where it has anything to say."""
    labels = Labels(report)
    if report.rules:
        yield Findings("Rules that fired", _findings(report.rules))
    for title, texts in (
        ("In the way besides, and nothing lifts it", report.obstacles),
        ("Approvals that do not count here", report.objections),
    ):
        if texts:
            yield Texts(title, texts, is_part=bool(report.rules))
    if report.approval is not None:
        yield Codes("Approval", _approval(report.stack, report.approval))
    if report.purges:
        yield _purges(report, labels)
    chart = _chart(report, labels)
    if len(chart.bars) > 1:
        yield chart
    yield from (table for table in _beside(report, labels) if table.rows)


def _findings(rules: Iterable[Fired]) -> list[Finding]:
    """Return what is in the way first, then what is lifted, then warnings."""
    return sorted(map(_finding, rules), key=lambda finding: _STATES.index(finding.state))


def _finding(fired: Fired) -> Finding:
    state: str
    tone: Tone
    state, tone = ("warns", "warn") if fired.level == "warn" else ("off", "quiet")
    if fired.is_in_the_way:
        state, tone = "in the way", "bad"
    elif fired.is_lifted:
        state, tone = "lifted", "good"
    return Finding(state, tone, fired.rule, fired.found, fired.advice)


def _approval(stack: str, entry: str) -> list[Code]:
    command = f"python -m erasure approve --stack {shlex.quote(stack)} --reason TEXT --expires DATE"
    return [
        Code(
            "An approval of exactly these purges lifts what can be approved. Either run",
            "Command",
            "sh",
            visible(command, _COMMAND),
        ),
        Code(
            f"or add this entry to approvals/{stack}.yaml, below `version: 1` and `approvals:`, with its blanks"
            " filled in:",
            "Approval entry",
            "yaml",
            entry.strip("\n"),
        ),
    ]


def _purges(report: PlanReport, labels: Labels) -> Table:
    rows = [
        row(
            purge.computer,
            Cell(labels.user(purge.user), small="" if purge.login is None else purge.user),
            labels.destination(purge.destination),
            stored(purge.stored_bytes, UNKNOWN),
            moment(purge.last_backup),
            ", ".join(notes(purge)),
        )
        for purge in riskiest_first(report.purges)
    ]
    more = (Column("Stored", "number"), Column("Last backup (UTC)", "date"), Column("To be noted", "order"))
    return Table("Purges", _SIZES, (*PLACE, *more), rows, is_main=True, searched_for="purge")


def _chart(report: PlanReport, labels: Labels) -> Chart:
    """Return the stored bytes by user, or by computer where there is but one user; each computer counts once."""
    by_user = report.totals.users > 1
    computers = {(fold(purge.user), fold(purge.computer)): purge for purge in report.purges if purge.stored_bytes}
    sizes = Counter[str]()
    for purge in computers.values():
        sizes[labels.user(purge.user) if by_user else purge.computer] += purge.stored_bytes or 0
    largest = sorted(sizes.items(), key=lambda item: (-item[1], item[0]))[:_BARS]
    few = "The ten largest. " if len(largest) == _BARS else ""
    return Chart(
        f"Stored data by {'user' if by_user else 'computer'}",
        f"{few}Each computer counts once, with what it has on all destinations.",
        [Bar(name, size(value), max(0.4, round(100 * value / largest[0][1], 1))) for name, value in largest],
    )


def _beside(report: PlanReport, labels: Labels) -> Iterator[Table]:
    """Yield what stands beside the purges."""
    yield _users(report, labels)
    destinations = Counter(fold(purge.destination) for purge in report.purges)
    ids = {fold(purge.destination): purge.destination for purge in report.purges}
    yield Table(
        "Destinations concerned",
        "",
        (DESTINATION, _ID, _PURGED),
        [row(labels.destination(ids[key]), ids[key], number(count)) for key, count in _most_first(destinations)],
    )
    yield Table(
        "Due later",
        "Entries with a date: from that day on (UTC), an update purges them.",
        (Column("From", "date"), *PLACE),
        [
            row(str(entry.day), entry.computer, labels.user(entry.user), labels.destination(entry.destination))
            for entry in report.due_later
        ],
    )
    yield Table(
        "What stays",
        "What the inventory keeps of the users of whom something would be purged.",
        PLACE,
        [row(*labels.place(place)) for place in report.stays],
    )
    yield Table(
        "Not in this inventory",
        "What the account lists of these users besides. It stays as it is; nothing here manages it.",
        (*PLACE, Column("Listed by")),
        [row(*labels.place(place), place.wanted_in or "no inventory") for place in report.unlisted],
    )
    for title, explanation, names in (
        ("Adopted", "Entries that this update would begin to manage. Nothing is sent for them.", report.adoptions),
        ("Released", "Entries that this update would stop managing. Their data is kept.", report.releases),
    ):
        yield Table(title, explanation, (Column("Binding", "name"),), [row(name) for name in names])


def _users(report: PlanReport, labels: Labels) -> Table:
    purged, stays, besides = (
        Counter(fold(place.user) for place in places) for places in (report.purges, report.stays, report.unlisted)
    )
    ids = {fold(purge.user): purge.user for purge in report.purges}
    return Table(
        "Users concerned",
        "Of each user: how many bindings would be purged, how many stay, and how many only the account lists.",
        (USER, _ID, _PURGED, Column("Stay", "number"), Column("Not in this inventory", "number")),
        [
            row(labels.user(ids[key]), ids[key], number(count), number(stays[key]), number(besides[key]))
            for key, count in _most_first(purged)
        ],
    )


def _most_first(counts: Counter[str]) -> Sequence[tuple[str, int]]:
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))
