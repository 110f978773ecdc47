"""What every rendering of the plan tells, in one order and in the same words, before it is dressed as text or page.

Nothing is escaped here: a cell holds a name as the account has it, and each rendering makes it safe for its own medium.
"""

import shlex
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from erasure.identity import fold
from erasure.plan import Fired
from erasure.reports.plan import Place, PlanReport, Purge, notes, riskiest_first
from erasure.reports.shown import counted, moment, size

OUTCOMES: Final[Mapping[str, str]] = {
    "nothing": "nothing to purge",
    "permitted": "permitted",
    "refused": "refused",
}
APPROVE: Final = "An approval of exactly these purges lifts what can be approved. Either run"
SIZES: Final = (
    "Riskiest first: on hold, backing up now, last copies, then unknown sizes and the largest. A size is of the"
    " computer on all destinations together, so that a purge may free less."
)


NUMBERS: Final = frozenset({"Stored", "Purged", "Stay", "Not in this inventory"})  # columns that end at their right


@dataclass(frozen=True)
class Section:
    """A table of a report: what it lists, and in which columns."""

    title: str
    explanation: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]


class Labels:
    """What people call the users and destinations of a report: a login, a name, or the ID where these do not tell."""

    def __init__(self, report: PlanReport) -> None:
        places: list[Purge | Place] = [*report.purges, *report.stays, *report.unlisted]
        self._users = _labels((one.user, one.login) for one in places)
        self._destinations = _labels((one.destination, one.destination_name) for one in report.purges)

    def user(self, user: str) -> str:
        """Return a user's login; the ID where it has none, and both where two users share one."""
        return self._users.get(fold(user), user)

    def destination(self, destination: str) -> str:
        """Return a destination's name, likewise."""
        return self._destinations.get(fold(destination), destination)


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


def lead(report: PlanReport) -> str:
    """Return what the plan is, in a sentence."""
    totals = report.totals
    if not report.purges:
        return "Nothing would be purged." if report.outcome == "nothing" else "This update cannot run."
    where = f"{counted(totals.computers, 'computer')} of {counted(totals.users, 'user')}"
    return f"{counted(totals.purges, 'purge')} would destroy backup data of {where} for good: {stored(report)}."


def stored(report: PlanReport) -> str:
    """Return how much would go, and of how many computers nobody can tell."""
    unknown = report.totals.unknown_bytes
    if unknown and unknown == report.totals.computers:
        return "of unknown size"
    more = f", and {counted(unknown, 'computer')} of unknown size" if unknown else ""
    return f"at most {size(report.totals.stored_bytes)}{more}"


def next_step(report: PlanReport) -> str:
    """Return what comes next, in a sentence; empty where nothing does."""
    if report.outcome == "refused":
        if report.approval is not None:
            return "Nothing is purged until these purges are approved, or what stands in the way is gone."
        return "No approval lifts this: what stands in the way has to go first."
    return "The next `pulumi up` purges this, and nobody can undo it." if report.purges else ""


def totals(report: PlanReport) -> list[tuple[str, str]]:
    """Return the plan in numbers, each with its name."""
    numbers = report.totals
    percent = f" ({numbers.purges * 100 / numbers.bound:.0f} %)" if numbers.bound else ""
    always = [
        ("Purges of all bindings", f"{numbers.purges:,} of {numbers.bound:,}{percent}"),
        ("Users", f"{numbers.users:,}"),
        ("Computers", f"{numbers.computers:,}"),
        ("Destinations", f"{numbers.destinations:,}"),
        ("Stored, at most", size(numbers.stored_bytes)),
    ]
    seldom = [
        ("Computers of unknown size", numbers.unknown_bytes),
        ("Last copies", numbers.last_copies),
        ("On hold", numbers.held),
        ("Begun before", numbers.owed),
        ("Adopted", numbers.adoptions),
        ("Released, data kept", numbers.releases),
    ]
    return [
        *(always if report.purges else []),
        ("Wanted by the inventory", f"{numbers.wanted:,}"),
        *((name, f"{number:,}") for name, number in seldom if number),
    ]


def rules(report: PlanReport) -> list[Fired]:
    """Return the rules that fired: what is in the way first, then what is lifted, then warnings."""
    return sorted(report.rules, key=lambda one: ("in the way", "lifted", "warns", "off").index(state(one)))


def state(rule: Fired) -> str:
    """Return what a fired rule means for this update."""
    if rule.is_in_the_way:
        return "in the way"
    if rule.is_lifted:
        return "lifted"
    return "warns" if rule.level == "warn" else "off"


def approve_command(report: PlanReport) -> str:
    """Return the command that approves a plan, with what only a person can fill in."""
    return f"python -m erasure approve --stack {shlex.quote(report.stack)} --reason TEXT --expires DATE"


def approve_by_hand(report: PlanReport) -> str:
    """Return where the approval entry belongs."""
    return (
        f"or add this entry to approvals/{report.stack}.yaml, below `version: 1` and `approvals:`, with its blanks"
        " filled in:"
    )


def purges(report: PlanReport) -> Section:
    """Return every purge, the riskiest first."""
    labels = Labels(report)
    rows = [
        (
            one.computer,
            labels.user(one.user),
            labels.destination(one.destination),
            size(one.stored_bytes),
            moment(one.last_backup),
            ", ".join(notes(one)),
        )
        for one in riskiest_first(report.purges)
    ]
    return Section(
        "Purges", SIZES, ("Computer", "User", "Destination", "Stored", "Last backup (UTC)", "To be noted"), rows
    )


def other_sections(report: PlanReport) -> list[Section]:
    """Return what stands beside the purges, each where there is anything to list."""
    labels = Labels(report)
    sections = (
        _users(report, labels),
        _destinations(report, labels),
        _due_later(report, labels),
        _stays(report, labels),
        _unlisted(report, labels),
        _ids("Adopted", "Entries that this update would begin to manage. Nothing is sent for them.", report.adoptions),
        _ids("Released", "Entries that this update would stop managing. Their data is kept.", report.releases),
    )
    return [one for one in sections if one.rows]


def _users(report: PlanReport, labels: Labels) -> Section:
    purged, stays, besides = (
        Counter(fold(one.user) for one in places) for places in (report.purges, report.stays, report.unlisted)
    )
    ids = {fold(one.user): one.user for one in report.purges}
    rows = [
        (labels.user(ids[key]), ids[key], f"{number:,}", f"{stays[key]:,}", f"{besides[key]:,}")
        for key, number in sorted(purged.items(), key=lambda pair: (-pair[1], pair[0]))
    ]
    return Section(
        "Users concerned",
        "Of each user: how many bindings would be purged, how many stay, and how many only the account lists.",
        ("User", "ID", "Purged", "Stay", "Not in this inventory"),
        rows,
    )


def _destinations(report: PlanReport, labels: Labels) -> Section:
    purged = Counter(fold(one.destination) for one in report.purges)
    ids = {fold(one.destination): one.destination for one in report.purges}
    rows = [
        (labels.destination(ids[key]), ids[key], f"{number:,}")
        for key, number in sorted(purged.items(), key=lambda pair: (-pair[1], pair[0]))
    ]
    return Section("Destinations concerned", "", ("Destination", "ID", "Purged"), rows)


def _due_later(report: PlanReport, labels: Labels) -> Section:
    rows = [
        (str(one.day), one.computer, labels.user(one.user), labels.destination(one.destination))
        for one in report.due_later
    ]
    return Section(
        "Due later",
        "Entries with a date: from that day on (UTC), an update purges them.",
        ("From", "Computer", "User", "Destination"),
        rows,
    )


def _stays(report: PlanReport, labels: Labels) -> Section:
    rows = [(one.computer, labels.user(one.user), labels.destination(one.destination)) for one in report.stays]
    return Section(
        "What stays",
        "What the inventory keeps of the users of whom something would be purged.",
        ("Computer", "User", "Destination"),
        rows,
    )


def _unlisted(report: PlanReport, labels: Labels) -> Section:
    rows = [
        (
            one.computer,
            labels.user(one.user),
            labels.destination(one.destination),
            one.wanted_in or "no inventory",
        )
        for one in report.unlisted
    ]
    return Section(
        "Not in this inventory",
        "What the account lists of these users besides. It stays as it is; nothing here manages it.",
        ("Computer", "User", "Destination", "Listed by"),
        rows,
    )


def _ids(title: str, explanation: str, ids: Sequence[str]) -> Section:
    return Section(title, explanation, ("Binding",), [(one,) for one in ids])
