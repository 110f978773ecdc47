"""Every rule: when it fires, what it says, and how it is lifted. Levels come from the configuration key `rules`."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from erasure.configuration import Configuration, Level, RuleName
from erasure.errors import Refusal
from erasure.evidence import Evidence
from erasure.plan import Plan

_SHOWN: Final = 5


@dataclass(frozen=True)
class Case:
    """What a rule judges."""

    plan: Plan
    evidence: Evidence
    configuration: Configuration


@dataclass(frozen=True)
class Finding:
    """A rule that fired: what it found, and what lifts it."""

    found: str
    remedy: str


@dataclass(frozen=True)
class Verdict:
    """What the rules say together: the operation is permitted where nothing refuses."""

    refusals: tuple[Refusal, ...]
    warnings: tuple[Refusal, ...]


def judge(case: Case) -> Verdict:
    """Apply every rule at its level. Without a planned purge none of them fires."""
    refusals: list[Refusal] = list(case.evidence.obstacles)
    warnings: list[Refusal] = []
    if not case.plan.purges:
        refusals += _unreadable_adoption(case)
        return Verdict(tuple(refusals), ())
    refusals += _too_alike(case)
    for name, rule in RULES.items():
        level = level_of(name, case.configuration)
        finding = rule(case) if level != "off" else None
        if finding is not None:
            told = Refusal(name, finding.found, finding.remedy)
            (warnings if level == "warn" else refusals).append(told)
    return Verdict(tuple(refusals), tuple(warnings))


def level_of(name: RuleName, configuration: Configuration) -> Level:
    """Return a rule's level on this stack."""
    return configuration.rules.get(name, DEFAULT_LEVELS[name])


def _max_purges(case: Case) -> Finding | None:
    purges, limit = len(case.plan.purges), case.configuration.max_purges
    if purges <= limit:
        return None
    return Finding(
        f"{_count(purges)} planned, and at most {limit} are permitted in one update",
        f"drop fewer entries at a time, or raise maxPurges (now {limit}) in a reviewed change",
    )


def _max_percent(case: Case) -> Finding | None:
    purges, bound, limit = len(case.plan.purges), len(case.plan.bound), case.configuration.max_purge_percent
    if purges <= 1 or purges * 100 <= limit * bound:
        return None
    return Finding(
        f"{_count(purges)} of {bound} bindings planned ({purges * 100 / bound:.0f} %), at most {limit} % are permitted",
        f"drop fewer entries at a time, or raise maxPurgePercent (now {limit}) in a reviewed change",
    )


def _emptied(case: Case) -> Finding | None:
    if case.plan.wanted:
        return None
    return Finding(
        f"nothing would be left of this stack: all its {_count(len(case.plan.purges))} would go",
        "if the whole stack is to be purged, set the rule emptied to warn (configuration key rules)",
    )


def _hold(case: Case) -> Finding | None:
    held = [one for one in case.plan.purges if one.hold is not None]
    if not held:
        return None
    return Finding(
        f"{_some(str(one.identity) + f' ({one.hold})' for one in held)} on hold",
        "restore the entry without its hold, run `pulumi up`, and drop it in a later update",
    )


def _account(case: Case) -> Finding | None:
    here = case.configuration.endpoint
    others = sorted({one.endpoint for one in case.plan.purges} - {here})
    if not others:
        return None
    return Finding(
        f"this stack was adopted from {', '.join(others)}, and the endpoint is now {here}",
        "set the endpoint that the stack was adopted from",
    )


def _unknown_user(case: Case) -> Finding | None:
    users = sorted(case.evidence.unknown_users)
    if not users:
        return None
    return Finding(
        f"the account does not know {_some(f'user {one}' for one in users)}, so that nothing can be verified",
        "check account and ID; if the user was deleted and its data is to go, set the rule unknown-user to warn"
        " (configuration key rules)",
    )


def _unreadable(case: Case) -> Finding | None:
    errors = case.evidence.unreadable
    if not errors:
        return None
    return Finding(_some(error.finding for error in errors), errors[0].remedy)


RULES: Final[Mapping[RuleName, Callable[[Case], Finding | None]]] = {
    "max-purges": _max_purges,
    "max-percent": _max_percent,
    "emptied": _emptied,
    "hold": _hold,
    "account": _account,
    "unknown-user": _unknown_user,
    "unreadable": _unreadable,
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


def _too_alike(case: Case) -> list[Refusal]:
    """Refuse a purge whose spelling some server might take for something that is wanted. Nothing lifts this."""
    wanted = {one.identity.loosest: one for one in case.plan.wanted.values()}
    return [
        Refusal(
            "too-alike",
            f"{purge.identity} is no longer wanted, but {wanted[purge.identity.loosest].identity} is,"
            " and a server might take one for the other",
            "purge it in the MBS console, and release it here",
        )
        for purge in case.plan.purges
        if purge.identity.loosest in wanted
    ]


def _unreadable_adoption(case: Case) -> list[Refusal]:
    finding = _unreadable(case)
    return [Refusal("unreadable", finding.found, finding.remedy)] if finding else []


def _count(number: int) -> str:
    return f"{number:,} purge" + ("" if number == 1 else "s")


def _some(parts: Iterable[str]) -> str:
    texts = list(dict.fromkeys(parts))
    more = len(texts) - _SHOWN
    return ", ".join(texts[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
