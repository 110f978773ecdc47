"""The plan's page: what an update would purge, what speaks for and against it, and what stands beside it."""

import shlex
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from erasure.identity import fold
from erasure.plan import Fired
from erasure.reports import page
from erasure.reports.page import PLACE, Cell, Column, Fact, Section, row
from erasure.reports.plan import Place, PlanReport, Purge, notes, riskiest_first
from erasure.reports.shown import UNKNOWN, counted, moment, size, visible

_OUTCOMES: Final[dict[str, tuple[str, page.Tone]]] = {
    "nothing": ("nothing to purge", "good"),
    "permitted": ("permitted", "warn"),
    "refused": ("refused", "bad"),
}
_STATES: Final = ("in the way", "lifted", "warns", "off")  # in the order in which they show
_SIZES: Final = (
    "Riskiest first: on hold, backing up now, last copies, then unknown sizes and the largest. A size is of the"
    " computer on all destinations together, so that a purge may free less."
)
_BARS: Final = 10
_COMMAND: Final = 300  # characters
_COUNTED: Final = (Column("ID", "id"), Column("Purged", "number"))

Label = Callable[[str], str]


def plan_page(report: PlanReport) -> page.Page:
    """Return the page of a plan."""
    return page.Page(
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


def labels(named: Iterable[tuple[str, str | None]]) -> Label:
    """Return what tells how people call an ID, of IDs each with its name.

    That is its name, both where another ID has that name too, and the ID alone where it has none.
    """
    ids: dict[str, str] = {}
    names: dict[str, str] = {}
    for id_, name in named:
        ids.setdefault(fold(id_), id_)
        if name is not None:
            names.setdefault(fold(id_), name)
    used = Counter(map(fold, names.values()))
    shown = {}
    for key, id_ in ids.items():
        name = names.get(key, id_)
        shown[key] = f"{name} ({id_})" if used[fold(name)] > 1 else name
    return lambda id_: shown.get(fold(id_), id_)


def _lead(report: PlanReport) -> str:
    totals = report.totals
    if not report.purges:
        return "Nothing would be purged." if report.outcome == "nothing" else "This update cannot run."
    where = f"{counted(totals.computers, 'computer')} of {counted(totals.users, 'user')}"
    how_much = f"at most {size(totals.stored_bytes)}"
    if totals.unknown_bytes == totals.computers:
        how_much = "of unknown size"
    elif totals.unknown_bytes:
        how_much += f", and {counted(totals.unknown_bytes, 'computer')} of unknown size"
    return f"{counted(totals.purges, 'purge')} would destroy backup data of {where} for good: {how_much}."


def _next_step(report: PlanReport) -> str:
    if report.outcome != "refused":
        return "The next `pulumi up` purges this, and nobody can undo it." if report.purges else ""
    if report.approval is not None:
        return "Nothing is purged until these purges are approved, or what stands in the way is gone."
    return "No approval lifts this: what stands in the way has to go first."


def _facts(report: PlanReport) -> list[Fact]:
    numbers = report.totals
    percent = f" ({numbers.purges * 100 / numbers.bound:.0f} %)" if numbers.bound else ""
    purged = {
        "Purges of all bindings": f"{numbers.purges:,} of {numbers.bound:,}{percent}",
        "Users": f"{numbers.users:,}",
        "Computers": f"{numbers.computers:,}",
        "Destinations": f"{numbers.destinations:,}",
        "Stored, at most": size(numbers.stored_bytes),
    }
    besides = {
        "Computers of unknown size": numbers.unknown_bytes,
        "Last copies": numbers.last_copies,
        "On hold": numbers.held,
        "Begun before": numbers.owed,
        "Adopted": numbers.adoptions,
        "Released, data kept": numbers.releases,
    }
    facts = {**(purged if report.purges else {}), "Wanted by the inventory": f"{numbers.wanted:,}"}
    facts |= {name: f"{value:,}" for name, value in besides.items() if value}
    return [Fact(name, value) for name, value in facts.items()]


def _sections(report: PlanReport) -> Iterator[Section]:
    """Yield the sections, each where it has anything to say."""
    places: list[Purge | Place] = [*report.purges, *report.stays, *report.unlisted]
    user = labels((place.user, place.login) for place in places)
    destination = labels((purge.destination, purge.destination_name) for purge in report.purges)
    if report.rules:
        findings = sorted(map(_finding, report.rules), key=lambda finding: _STATES.index(finding[0]))
        yield Section("Rules that fired", findings=findings)
    if report.obstacles:
        yield Section("In the way besides, and nothing lifts it", texts=report.obstacles, is_part=bool(report.rules))
    if report.objections:
        yield Section("Approvals that do not count here", texts=report.objections, is_part=bool(report.rules))
    if report.approval is not None:
        yield Section("Approval", codes=_approval(report.stack, report.approval))
    if report.purges:
        yield _purges(report, user, destination)
        yield from _chart(report, user)
    yield from (table for table in _beside(report, user, destination) if table.rows)


def _finding(fired: Fired) -> tuple[str, page.Tone, Fired]:
    if fired.is_in_the_way:
        return "in the way", "bad", fired
    if fired.is_lifted:
        return "lifted", "good", fired
    return ("warns", "warn", fired) if fired.level == "warn" else ("off", "quiet", fired)


def _approval(stack: str, entry: str) -> list[page.Code]:
    command = f"python -m erasure approve --stack {shlex.quote(stack)} --reason TEXT --expires DATE"
    run = "An approval of exactly these purges lifts what can be approved. Either run"
    add = (
        f"or add this entry to approvals/{stack}.yaml, below `version: 1` and `approvals:`, with its blanks filled in:"
    )
    return [
        page.Code(run, "Command", "sh", visible(command, _COMMAND)),
        page.Code(add, "Approval entry", "yaml", entry.strip("\n")),
    ]


def _purges(report: PlanReport, user: Label, destination: Label) -> Section:
    rows = [
        row(
            purge.computer,
            Cell(user(purge.user), small="" if purge.login is None else purge.user),
            destination(purge.destination),
            page.stored(purge.stored_bytes, UNKNOWN),
            moment(purge.last_backup),
            ", ".join(notes(purge)),
        )
        for purge in riskiest_first(report.purges)
    ]
    more = (Column("Stored", "number"), Column("Last backup (UTC)", "date"), Column("To be noted", "order"))
    return Section("Purges", _SIZES, (*PLACE, *more), rows, is_main=True, searched_for="purge")


def _chart(report: PlanReport, user: Label) -> Iterator[Section]:
    """Yield the stored bytes by user, or by computer where there is but one user; each computer counts once."""
    by_user = report.totals.users > 1
    computers = {(fold(purge.user), fold(purge.computer)): purge for purge in report.purges if purge.stored_bytes}
    sizes = Counter[str]()
    for purge in computers.values():
        sizes[user(purge.user) if by_user else purge.computer] += purge.stored_bytes or 0
    largest = _most_first(sizes)[:_BARS]
    if len(largest) > 1:
        few = "The ten largest. " if len(largest) == _BARS else ""
        yield Section(
            f"Stored data by {'user' if by_user else 'computer'}",
            f"{few}Each computer counts once, with what it has on all destinations.",
            bars=largest,
        )


def _beside(report: PlanReport, user: Label, destination: Label) -> Iterator[Section]:
    """Yield the tables of what stands beside the purges."""
    purged, stays, besides = (
        Counter(fold(place.user) for place in places) for places in (report.purges, report.stays, report.unlisted)
    )
    ids = {fold(id_): id_ for purge in report.purges for id_ in (purge.user, purge.destination)}
    yield Section(
        "Users concerned",
        "Of each user: how many bindings would be purged, how many stay, and how many only the account lists.",
        (page.USER, *_COUNTED, Column("Stay", "number"), Column("Not in this inventory", "number")),
        [row(user(ids[key]), ids[key], count, stays[key], besides[key]) for key, count in _most_first(purged)],
    )
    concerned = Counter(fold(purge.destination) for purge in report.purges)
    yield Section(
        "Destinations concerned",
        columns=(page.DESTINATION, *_COUNTED),
        rows=[row(destination(ids[key]), ids[key], count) for key, count in _most_first(concerned)],
    )

    def place(entry: Place) -> tuple[str, str, str]:
        return entry.computer, user(entry.user), destination(entry.destination)

    yield Section(
        "Due later",
        "Entries with a date: from that day on (UTC), an update purges them.",
        (Column("From", "date"), *PLACE),
        [row(str(entry.day), *place(entry)) for entry in report.due_later],
    )
    yield Section(
        "What stays",
        "What the inventory keeps of the users of whom something would be purged.",
        PLACE,
        [row(*place(entry)) for entry in report.stays],
    )
    yield Section(
        "Not in this inventory",
        "What the account lists of these users besides. It stays as it is; nothing here manages it.",
        (*PLACE, Column("Listed by")),
        [row(*place(entry), entry.wanted_in or "no inventory") for entry in report.unlisted],
    )
    for title, explanation, names in (
        ("Adopted", "Entries that this update would begin to manage. Nothing is sent for them.", report.adoptions),
        ("Released", "Entries that this update would stop managing. Their data is kept.", report.releases),
    ):
        yield Section(title, explanation, (Column("Binding", "name"),), [row(name) for name in names])


def _most_first(counts: Counter[str]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))
