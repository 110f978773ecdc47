"""Every rule that judges a plan: its level, and when it fires. Levels come from the configuration key `rules`.

What guards a single deletion (`lease`, `not-permitted`, `state`) stands where the deletion is asked for.
"""

import datetime
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Final, Literal

from erasure.configuration import Configuration, Level
from erasure.evidence import Evidence
from erasure.identity import fold
from erasure.ledger import Life, Observation
from erasure.plan import Bound, Plan
from erasure.reports.shown import counted, size

_SHOWN: Final = 3
ALWAYS: Final = "always"  # the level of what no level turns off

Finding = tuple[str, str]
"""What a rule found, and what to do besides approving."""


@dataclass(frozen=True)
class Case:
    """What the rules judge.

    `lives` is what the ledger knows of each life, `recent` how many bytes each held that was accepted on this stack in
    the last 24 hours (None: that cannot be read), `holds` what other stacks of the ledger have on hold, by binding id,
    and `ledger_problem` why the ledger knows nothing or could not be written. `not_here` says why a
    stack that was adopted elsewhere cannot be bound to this endpoint, and `returned` are bindings to be adopted whose
    purged data came back, says the ledger. `not_shown` says why these purges are not what a preview showed, where one
    was to, and `is_watched` that no person runs this update.
    """

    plan: Plan
    evidence: Evidence
    configuration: Configuration
    now: datetime.datetime
    lives: Mapping[str, Life] = field(default_factory=dict)
    recent: Mapping[str, int] | None = field(default_factory=dict)
    holds: Mapping[str, str] = field(default_factory=dict)
    ledger_problem: str | None = None
    not_here: str | None = None
    not_shown: str | None = None
    is_watched: bool = False
    returned: frozenset[str] = frozenset()

    def life_of(self, bound: Bound) -> Life:
        """Return what the ledger knows of a binding's present life."""
        return self.lives.get(bound.life) or Life()

    def observation(self, purge: Bound) -> Observation | None:
        """Return what was seen of a purge in the account, where something could be."""
        return self.evidence.observation(purge.identity)

    @cached_property
    def copies_left(self) -> Mapping[str, int]:
        """How many destinations of its computer stay, by the id of each purge that was looked up."""
        purged: dict[tuple[str, str], set[str]] = {}
        for purge in self.plan.purges:
            purged.setdefault((fold(purge.user), fold(purge.computer)), set()).add(fold(purge.destination))
        found = {}
        for purge in self.plan.purges:
            listing = self.evidence.of_user(purge.user).listing
            if listing is not None and self.observation(purge) is not None:
                copies = listing.destinations(purge.computer)
                found[purge.id] = len(copies - purged[fold(purge.user), fold(purge.computer)])
        return found


Fires = Callable[[Case, Sequence[Bound]], Iterator[Finding]]
"""A rule: it yields what it finds in a case about the purges that it is asked about."""


def max_purges(planned: int, limit: int) -> Iterator[Finding]:
    """Fire where more purges are planned than one update may make."""
    if planned > limit:
        yield (
            f"{counted(planned, 'purge')}, and at most {limit:,} are permitted in 24 hours",
            f"drop fewer entries at a time, or raise maxPurges (now {limit})",
        )


def max_percent(planned: int, bound: int, limit: int) -> Iterator[Finding]:
    """Fire where a larger part of what was bound is to go than `limit` percent; a single purge is within it."""
    if planned > 1 and planned * 100 > limit * bound:
        part = f"{counted(planned, 'purge')} of {bound:,} bindings ({planned * 100 / bound:.0f} %)"
        yield (
            f"{part}, and at most {limit} % are permitted in 24 hours",
            f"drop fewer entries at a time, or raise maxPurgePercent (now {limit})",
        )


def _unknown_day(case: Case, purges: Sequence[Bound]) -> Iterator[Finding]:
    """Fire where nobody knows what counts besides; a level lifts its own rule alone, so that of `ledger` not this."""
    if purges and case.recent is None and level_of("ledger", case.configuration) != "refuse":
        yield (
            "the ledger cannot be read, so that nobody knows what was purged in the last 24 hours",
            "set `ledger` (or MBS_LEDGER) to one that can be read",
        )


def _max_purges(case: Case, purges: Sequence[Bound]) -> Iterator[Finding]:
    yield from _unknown_day(case, purges)
    yield from max_purges(len(_counted_lives(case, purges)), case.configuration.max_purges)


def _max_percent(case: Case, purges: Sequence[Bound]) -> Iterator[Finding]:
    yield from _unknown_day(case, purges)
    bound = {binding.life for binding in case.plan.bound.values()} | (case.recent or {}).keys()
    yield from max_percent(len(_counted_lives(case, purges)), len(bound), case.configuration.max_purge_percent)


def _max_bytes(case: Case, purges: Sequence[Bound]) -> Iterator[Finding]:
    limit = case.configuration.max_purge_bytes
    if limit is None or not purges:
        return
    yield from _unknown_day(case, purges)
    new = [purge for purge in purges if purge.life not in (case.recent or {})]
    planned = case.evidence.stored_bytes(purge.identity for purge in new) + sum((case.recent or {}).values())
    # Without a row of its own a computer is within what is not attributed; where nothing is, its size is not told.
    unknown = [
        str(purge.identity)
        for purge, _ in _still_there(case, new)
        if (stored := case.evidence.of_user(purge.user).stored) is not None
        and not stored.keys() & {fold(purge.computer), None}
    ]
    if unknown:
        yield (
            f"how much is stored is not told of {some(unknown)}, and at most {size(limit)} are permitted in 24 hours",
            f"drop other entries first, or unset maxPurgeBytes (now {limit})",
        )
    elif planned > limit:
        yield (
            f"{size(planned)} would go, and at most {size(limit)} are permitted in 24 hours",
            f"drop fewer entries at a time, or raise maxPurgeBytes (now {limit})",
        )


def _emptied(case: Case, purges: Sequence[Bound]) -> Iterator[Finding]:
    if purges and not case.plan.wanted:
        yield f"nothing would be left of this stack: all {counted(len(purges), 'purge')}", "keep an entry"


def _alive(case: Case, purges: Sequence[Bound]) -> Iterator[Finding]:
    quiet = datetime.timedelta(days=case.configuration.quiet_days)
    alive = [
        f"{purge.identity} ({_activity(seen)})"
        for purge, seen in _still_there(case, purges)
        if seen.is_running is not False or (seen.not_after is not None and seen.not_after > case.now - quiet)
    ]
    if alive:
        yield (
            f"{some(alive)} backed up within {case.configuration.quiet_days} days",
            "remove the backup plan on the computer and wait, or lower quietDays",
        )


def _last_copy(case: Case, purges: Sequence[Bound]) -> Iterator[Finding]:
    last = [str(purge.identity) for purge, _ in _still_there(case, purges) if not case.copies_left[purge.id]]
    if last:
        yield f"no other destination is left of {some(last)}", "check that nobody relies on this data"


def _hold(case: Case, purges: Sequence[Bound]) -> Iterator[Finding]:
    leaving = (*purges, *case.plan.releases)
    reasons = {binding.id: binding.hold or case.life_of(binding).hold for binding in leaving}
    elsewhere = [f"{purge.identity} ({case.holds[purge.id]})" for purge in purges if purge.id in case.holds]
    if elsewhere:
        yield f"{some(elsewhere)} on hold", "lift the hold in the stack that has it, and run `pulumi up` there"
    held = [f"{binding.identity} ({reasons[binding.id]})" for binding in leaving if reasons[binding.id]]
    marked = [
        str(binding.identity) for binding in leaving if (binding.protect or binding.retain) and not reasons[binding.id]
    ]
    if purges and case.recent is None and level_of("ledger", case.configuration) != "refuse":
        yield (
            "the ledger cannot be read, so that nobody knows what another update or stack has on hold",
            "set `ledger` (or MBS_LEDGER) to one that can be read",
        )
    if held:
        yield (
            f"{some(held)} on hold",
            "restore the entry without its hold, run `pulumi up`, and drop it in a later update",
        )
    elif marked:
        yield (
            f"{some(marked)} protected or to be retained, says the state",
            "restore the entry, run `pulumi up`, which removes that mark, and drop it in a later update",
        )


def _moved(case: Case, purges: Sequence[Bound]) -> Iterator[Finding]:
    request = case.plan.request
    if request.unreadable:
        yield (
            f"another inventory cannot be read, and may want what is to be purged: {some(request.unreadable)}",
            "correct that file",
        )
        return
    ids = {purge.id for purge in purges}
    moved = [f"{entry.identity} (in {entry.file})" for entry in request.elsewhere if entry.identity.id in ids]
    if moved:
        yield (
            f"{some(moved)} wanted by another stack",
            "to move it, run `pulumi up` there, then give the entry `release` here; to purge it, drop it there first",
        )


def _account(case: Case, purges: Sequence[Bound]) -> Iterator[Finding]:
    here = case.configuration.endpoint
    others = sorted({purge.endpoint for purge in purges} - {here})
    if others:
        remedy = (
            "set the endpoint of adoption; or restore the entries and run `pulumi up`: an update that purges nothing"
            " and finds every entry at the new endpoint binds the stack to it"
        )
        yield f"this stack was adopted from {', '.join(others)}, and the endpoint is now {here}", remedy


def _unknown_user(case: Case, purges: Sequence[Bound]) -> Iterator[Finding]:
    about = (case.evidence.of_user(purge.user) for purge in purges)
    users = sorted({evidence.user for evidence in about if not evidence.is_known})
    if users:
        named = some(f"user {user}" for user in users)
        yield (
            f"the account does not know {named} any more, so that nothing can be verified",
            "check the account and the ID",
        )


def _unreadable(case: Case, _purges: Sequence[Bound]) -> Iterator[Finding]:
    # What is stored is asked for anyway, for people; only a limit in bytes depends on it.
    is_needed = needs_bytes(case.configuration)
    found = ((about.error, about.billing_error if is_needed else None) for about in case.evidence.users.values())
    errors = [error for both in found for error in both if error is not None]
    if errors:
        yield some(error.finding for error in errors), errors[0].remedy


def _ledger(case: Case, _purges: Sequence[Bound]) -> Iterator[Finding]:
    if case.ledger_problem is not None:
        yield case.ledger_problem, "set `ledger` (or MBS_LEDGER) to this stack's own, which lasts and can be written"


def _refused_by_the_listing(name: str, case: Case, _purges: Sequence[Bound]) -> Iterator[Finding]:
    """Pass on what the account's listing was refused for."""
    for about in case.evidence.users.values():
        yield from ((refusal.finding, refusal.remedy) for refusal in about.refusals if refusal.rule == name)


def _too_alike(case: Case, purges: Sequence[Bound]) -> Iterator[Finding]:
    """Fire on a purge that some server might take for something that an inventory wants."""
    # What `moved` refuses by its exact id already is not said twice.
    said = {purge.id for purge in purges} if level_of("moved", case.configuration) == "refuse" else set[str]()
    neighbours = (entry for entry in case.plan.request.elsewhere if entry.identity.id not in said)
    wanted = {entry.identity.skeleton: str(entry.identity) for entry in case.plan.wanted.values()} if purges else {}
    wanted |= {entry.identity.skeleton: f"{entry.identity} in {entry.file}" for entry in neighbours}
    for purge in purges:
        other = wanted.get(purge.identity.skeleton)
        if other is not None:
            yield (
                f"{purge.identity} is dropped and {other} is wanted, which a server might confuse",
                "give the entry `release`, and purge it in the MBS console once nothing is mistaken",
            )


def _unreadable_adoption(case: Case, purges: Sequence[Bound]) -> Iterator[Finding]:
    """Fire on what is to be adopted and cannot be looked up."""
    if not purges:
        yield from _unreadable(case, purges)


def _mixed_account(case: Case, _purges: Sequence[Bound]) -> Iterator[Finding]:
    """Fire on adoptions from this endpoint by a stack that stays bound to another."""
    if case.not_here is not None and case.plan.adoptions:
        elsewhere = f"this stack was adopted from another endpoint than {case.configuration.endpoint}"
        yield f"{elsewhere}, where not all of it is found: {case.not_here}", "set the endpoint of adoption"


def _unrecorded_hold(case: Case, purges: Sequence[Bound]) -> Iterator[Finding]:
    """Fire on a new hold that the ledger cannot keep in mind, should the rest of the update be refused."""
    new = [entry for entry, bound in case.plan.kept if entry.hold is not None and bound.hold is None]
    if case.ledger_problem is not None and not purges and new:
        yield f"a hold is to be recorded, and {case.ledger_problem}", LEDGERS_REMEDY


def _returned(case: Case, _purges: Sequence[Bound]) -> Iterator[Finding]:
    """Fire on what is to be adopted, without a reason, although it was purged: somebody asked for its erasure."""
    for binding in sorted(case.returned):
        entry = case.plan.wanted[binding]
        if entry.readopt is None:
            yield (
                f"{entry.identity} was purged and its data came back, says the ledger",
                "say why it is to be managed again: `readopt: ...` in its entry",
            )


def _not_shown(case: Case, purges: Sequence[Bound]) -> Iterator[Finding]:
    """Fire on what the person who said yes did not see."""
    if purges and case.not_shown is not None:
        yield case.not_shown, "run `pulumi up --strict` again, and look at what it shows"


def _watch(case: Case, purges: Sequence[Bound]) -> Iterator[Finding]:
    if purges and case.is_watched:
        yield "`pulumi watch` would purge at the next save, and a save is no decision", "run `pulumi up --strict`"


LEDGERS_REMEDY: Final = "set `ledger` (or MBS_LEDGER) to one that can be written"

RULES: Final[Sequence[tuple[str, Level | Literal["always"], Fires]]] = (
    ("ambiguous", ALWAYS, partial(_refused_by_the_listing, "ambiguous")),
    ("not-listed", ALWAYS, partial(_refused_by_the_listing, "not-listed")),
    ("too-alike", ALWAYS, _too_alike),
    ("too-alike", ALWAYS, partial(_refused_by_the_listing, "too-alike")),
    ("unreadable", ALWAYS, _unreadable_adoption),
    ("max-purges", "approve", _max_purges),
    ("max-percent", "approve", _max_percent),
    ("max-bytes", "approve", _max_bytes),
    ("emptied", "approve", _emptied),
    ("alive", "approve", _alive),
    ("last-copy", "warn", _last_copy),
    ("hold", "refuse", _hold),
    ("moved", "refuse", _moved),
    ("account", "refuse", _account),
    ("unknown-user", "approve", _unknown_user),
    ("unreadable", "refuse", _unreadable),
    ("ledger", "refuse", _ledger),
    ("account", ALWAYS, _mixed_account),
    ("ledger", ALWAYS, _unrecorded_hold),
    ("returned", ALWAYS, _returned),
    ("not-shown", ALWAYS, _not_shown),
    ("watch", ALWAYS, _watch),
)
"""Each rule's name, its level where the configuration sets no other, and the rule itself."""

DEFAULT_LEVELS: Final[Mapping[str, str]] = {name: level for name, level, _ in RULES if level != ALWAYS}


def level_of(name: str, configuration: Configuration) -> str:
    """Return the level of a rule that has one on this stack."""
    configured = (level for rule, level in configuration.rules.items() if rule == name)
    return next(configured, DEFAULT_LEVELS[name])


def needs_bytes(configuration: Configuration) -> bool:
    """Whether a rule depends on how much is stored."""
    return configuration.max_purge_bytes is not None and level_of("max-bytes", configuration) != "off"


def unjudged(case: Case) -> set[str]:
    """Return the rules that could not be judged, since the account or the ledger did not say what they rest on."""
    found: set[str] = set()
    if any(about.error is not None for about in case.evidence.users.values()):
        found |= {"alive", "last-copy", "unknown-user", "max-bytes"}
    if any(about.billing_error is not None for about in case.evidence.users.values()):
        found.add("max-bytes")
    if case.recent is None:
        found |= {"max-purges", "max-percent", "max-bytes", "hold"}
    return found if case.configuration.max_purge_bytes is not None else found - {"max-bytes"}


def some(parts: Iterable[str]) -> str:
    """Return the first few of a list, and how many more there are."""
    texts = list(dict.fromkeys(parts))
    more = len(texts) - _SHOWN
    return ", ".join(texts[:_SHOWN]) + (f" and {more:,} more" if more > 0 else "")


def _counted_lives(case: Case, purges: Sequence[Bound]) -> set[str]:
    """Return the lives that count into the limits: planned, and accepted in the last 24 hours."""
    return {purge.life for purge in purges} | (case.recent or {}).keys()


def _still_there(case: Case, purges: Sequence[Bound]) -> Iterator[tuple[Bound, Observation]]:
    """Yield the purges that were looked up and are not gone already, with what was seen."""
    for purge in purges:
        seen = case.observation(purge)
        if seen is not None and seen.is_listed is not False:
            yield purge, seen


def _activity(seen: Observation) -> str:
    if seen.is_running:
        return "running now"
    if seen.is_running is None:
        return "whether it is running is not told"
    return f"last on {seen.last_backup.date()}" if seen.last_backup else "at a time that is not told"
