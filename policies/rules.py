"""Every rule: when it fires, what it says, and how it is lifted. Levels come from the configuration key `rules`."""

import datetime
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from rich.filesize import decimal as shown_bytes

from erasure.configuration import Configuration, Level, RuleName
from erasure.evidence import Evidence, Facts
from erasure.identity import fold
from erasure.ledger import Life
from erasure.plan import Bound, Elsewhere, Plan

_SHOWN: Final = 3


@dataclass(frozen=True)
class Recent:
    """What was accepted in the last 24 hours on this stack: lives, and the bytes that they held as far as known."""

    lives: frozenset[str] = frozenset()
    stored_bytes: int = 0


@dataclass(frozen=True)
class Case:
    """What the rules judge.

    `purges` are those that one rule is asked about. `lives` is what the ledger knows of each life, and `ledger_problem`
    why it knows nothing. `neighbours` are bindings that other inventory files want, `unreadable_files` what is wrong
    with such files.
    """

    plan: Plan
    purges: Sequence[Bound]
    evidence: Evidence
    configuration: Configuration
    now: datetime.datetime
    lives: Mapping[str, Life] = field(default_factory=dict)
    recent: Recent = Recent()
    ledger_problem: str | None = None
    neighbours: Sequence[Elsewhere] = ()
    unreadable_files: Sequence[str] = ()


@dataclass(frozen=True)
class Finding:
    """A rule that fired: what it found, and what to do besides approving, if there is something."""

    found: str
    remedy: str


def max_purges(planned: int, limit: int) -> Finding | None:
    """Fire where more purges are planned than one update may make."""
    if planned <= limit:
        return None
    return Finding(
        f"{counted(planned)}, and at most {limit:,} are permitted in 24 hours",
        f"drop fewer entries at a time, or raise maxPurges (now {limit})",
    )


def max_percent(planned: int, bound: int, limit: int) -> Finding | None:
    """Fire where a larger part of what was bound is to go than `limit` percent; a single purge is within it."""
    if planned <= 1 or planned * 100 <= limit * bound:
        return None
    return Finding(
        f"{counted(planned)} of {bound:,} bindings ({planned * 100 / bound:.0f} %), and at most {limit} % are permitted"
        " in 24 hours",
        f"drop fewer entries at a time, or raise maxPurgePercent (now {limit})",
    )


def emptied(planned: int, wanted: int) -> Finding | None:
    """Fire where purges leave nothing of a stack."""
    if planned == 0 or wanted > 0:
        return None
    return Finding(f"nothing would be left of this stack: all {counted(planned)}", "keep an entry")


def _max_purges(case: Case) -> Finding | None:
    return max_purges(len(_counted_lives(case)), case.configuration.max_purges)


def _max_percent(case: Case) -> Finding | None:
    lives = _counted_lives(case)
    bound = {one.life for one in case.plan.bound.values()} | case.recent.lives
    return max_percent(len(lives), len(bound), case.configuration.max_purge_percent)


def _max_bytes(case: Case) -> Finding | None:
    limit = case.configuration.max_purge_bytes
    if limit is None:
        return None
    recent = case.recent.stored_bytes
    planned = case.evidence.stored_bytes(one for one in case.purges if one.life not in case.recent.lives) + recent
    if planned <= limit:
        return None
    return Finding(
        f"{shown_bytes(planned)} would go, and at most {shown_bytes(limit)} are permitted in 24 hours",
        f"drop fewer entries at a time, or raise maxPurgeBytes (now {limit})",
    )


def _emptied(case: Case) -> Finding | None:
    return emptied(len(case.purges), len(case.plan.wanted))


def _alive(case: Case) -> Finding | None:
    quiet = datetime.timedelta(days=case.configuration.quiet_days)
    alive = [
        f"{one.identity} ({_activity(facts)})"
        for one, facts in _with_facts(case)
        if facts.is_running or (facts.alive_at is not None and facts.alive_at > case.now - quiet)
    ]
    if not alive:
        return None
    return Finding(
        f"{some(alive)} backed up within {case.configuration.quiet_days} days",
        "remove the backup plan on the computer and wait, or lower quietDays",
    )


def _last_copy(case: Case) -> Finding | None:
    purged: dict[tuple[str, str], set[str]] = {}
    for one in case.plan.purges:
        purged.setdefault((fold(one.user), fold(one.computer)), set()).add(fold(one.destination))
    last = [
        str(one.identity)
        for one, facts in _with_facts(case)
        if not facts.copies - purged[fold(one.user), fold(one.computer)]
    ]
    if not last:
        return None
    return Finding(f"no other destination is left of {some(last)}", "check that nobody relies on this data")


def _hold(case: Case) -> Finding | None:
    leaving = (*case.purges, *case.plan.releases)
    reasons = {one.id: one.hold or case.lives.get(one.life, Life()).hold for one in leaving}
    held = [f"{one.identity} ({reasons[one.id]})" for one in leaving if reasons[one.id]]
    marked = [str(one.identity) for one in leaving if (one.protect or one.retain) and not reasons[one.id]]
    if held:
        return Finding(
            f"{some(held)} on hold",
            "restore the entry without its hold, run `pulumi up`, and drop it in a later update",
        )
    if marked:
        return Finding(
            f"{some(marked)} protected or to be retained, says the state",
            "restore the entry, run `pulumi up`, which removes that mark, and drop it in a later update",
        )
    return None


def _moved(case: Case) -> Finding | None:
    if case.unreadable_files:
        return Finding(
            f"another inventory cannot be read, and may want what is to be purged: {some(case.unreadable_files)}",
            "correct that file",
        )
    purges = {one.id for one in case.purges}
    moved = [f"{one.identity} (in {one.file})" for one in case.neighbours if one.identity.id in purges]
    if not moved:
        return None
    return Finding(
        f"{some(moved)} wanted by another stack",
        "to move it, run `pulumi up` there, then give the entry `release` here; to purge it, drop it there first",
    )


def _account(case: Case) -> Finding | None:
    here = case.configuration.endpoint
    others = sorted({one.endpoint for one in case.purges} - {here})
    if not others:
        return None
    return Finding(
        f"this stack was adopted from {', '.join(others)}, and the endpoint is now {here}",
        "set the endpoint of adoption; or restore the entries and run `pulumi up`: an update that purges nothing and"
        " finds every entry at the new endpoint binds the stack to it",
    )


def _unknown_user(case: Case) -> Finding | None:
    purged = {fold(one.user) for one in case.purges}
    users = sorted(user for user in case.evidence.unknown_users if fold(user) in purged)
    if not users:
        return None
    return Finding(
        f"the account does not know {some(f'user {one}' for one in users)} any more, so that nothing can be verified",
        "check the account and the ID",
    )


def _unreadable(case: Case) -> Finding | None:
    errors = case.evidence.unreadable
    return Finding(some(one.finding for one in errors), errors[0].remedy) if errors else None


def _ledger(case: Case) -> Finding | None:
    if case.ledger_problem is None:
        return None
    return Finding(case.ledger_problem, "set `ledger` (or MBS_LEDGER) to one that lasts and can be written")


RULES: Final[Mapping[RuleName, Callable[[Case], Finding | None]]] = {
    "max-purges": _max_purges,
    "max-percent": _max_percent,
    "max-bytes": _max_bytes,
    "emptied": _emptied,
    "alive": _alive,
    "last-copy": _last_copy,
    "hold": _hold,
    "moved": _moved,
    "account": _account,
    "unknown-user": _unknown_user,
    "unreadable": _unreadable,
    "ledger": _ledger,
}

DEFAULT_LEVELS: Final[Mapping[RuleName, Level]] = {
    "max-purges": "approve",
    "max-percent": "approve",
    "max-bytes": "approve",
    "emptied": "approve",
    "alive": "approve",
    "last-copy": "warn",
    "hold": "refuse",
    "moved": "refuse",
    "account": "refuse",
    "unknown-user": "approve",
    "unreadable": "refuse",
    "ledger": "refuse",
}


def level_of(name: RuleName, configuration: Configuration) -> Level:
    """Return a rule's level on this stack."""
    return configuration.rules.get(name, DEFAULT_LEVELS[name])


def counted(number: int) -> str:
    """Return a number of purges in words."""
    return f"{number:,} purge" + ("" if number == 1 else "s")


def some(parts: Iterable[str]) -> str:
    """Return the first few of a list, and how many more there are."""
    texts = list(dict.fromkeys(parts))
    more = len(texts) - _SHOWN
    return ", ".join(texts[:_SHOWN]) + (f" and {more:,} more" if more > 0 else "")


def _counted_lives(case: Case) -> set[str]:
    """Return the lives that count into the limits: planned, and accepted in the last 24 hours."""
    return {one.life for one in case.purges} | case.recent.lives


def _with_facts(case: Case) -> list[tuple[Bound, Facts]]:
    facts = case.evidence.facts
    return [(one, facts[one.id]) for one in case.purges if one.id in facts and facts[one.id].pair is not None]


def _activity(facts: Facts) -> str:
    if facts.is_running or facts.last_backup is None:
        return "running now"
    return f"last on {facts.last_backup.date()}"
