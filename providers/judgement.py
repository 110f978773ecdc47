"""Judges a plan: gathers what the rules need from the ledger and the account, and asks them."""

import datetime
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from erasure import clock
from erasure.account import Account
from erasure.configuration import Configuration
from erasure.errors import Refusal
from erasure.evidence import Evidence, look_up
from erasure.files.inventory import Entry
from erasure.identity import fold
from erasure.ledger import Kind, Ledger, LedgerError, Life, is_default, is_return
from erasure.plan import Bound, Plan, purges_digest
from erasure.reports.plan import PLAN_FILE
from mbs.errors import MbsError
from policies.judge import Ruling, judge
from policies.rules import LEDGERS_REMEDY, Case, level_of, needs_bytes, some
from providers import shown
from providers.connection import Connection

_A_DAY: Final = datetime.timedelta(hours=24)


@dataclass(frozen=True)
class Judgement:
    """A judged operation.

    `renewals` are the wanted bindings whose present life was spent, `rebinds` those that were adopted elsewhere and are
    found here. `notes` have only to be known. `account` is None where nothing had to be asked of it.
    """

    case: Case
    ruling: Ruling
    ledger: Ledger
    account: Account | None
    renewals: Mapping[str, Bound]
    rebinds: Mapping[str, Bound]
    notes: tuple[str, ...]


def judge_plan(plan: Plan, connection: Connection) -> Judgement:
    """Judge one operation. Raises Refusal where it cannot even be judged."""
    configuration, now = connection.configuration, clock.now()
    here = configuration.endpoint
    ledger = connection.ledger(plan.request.project, plan.request.stack)
    known = _known(plan, ledger, configuration, now)
    lives = known.lives
    plan = Plan(plan.request, frozenset(id_ for id_, bound in plan.bound.items() if _is_released(lives, bound)))
    foreign = {bound.id: bound for _, bound in plan.kept if bound.endpoint != here}
    # What is wanted although its life was spent has to be looked up as if it were new.
    renewals = {
        bound.id: bound
        for _, bound in plan.kept
        if bound.endpoint == here and (lives.get(bound.life) or Life()).is_spent
    }
    adopted = [*plan.adoptions, *(plan.wanted[key] for key in renewals)]
    looked_up = [entry.identity for entry in adopted if not entry.deleted]
    # An update that purges and adopts nothing needs no credentials, and passes while the account is down.
    account = connection.account() if plan.purges or foreign or looked_up else None
    evidence, not_here = Evidence(), None
    if account is not None:
        evidence = look_up(
            (purge.identity for purge in plan.purges),
            looked_up,
            account,
            now,
            is_activity_needed=level_of("alive", configuration) != "off",
            names=bool(os.environ.get(PLAN_FILE)),
        )
        # Never beside a purge: a mistaken endpoint must not become the one that purges are sent to.
        if foreign and not plan.purges:
            not_here = _why_not_here(plan, account, now)
    case = Case(
        plan=plan,
        evidence=evidence,
        configuration=configuration,
        now=now,
        lives=lives,
        recent=known.recent,
        holds=known.holds,
        ledger_problem=known.problem,
        not_here=not_here,
        not_shown=_why_not_shown(plan, here),
        is_watched=bool(plan.purges) and shown.is_watched(),
        returned=_returned(adopted, ledger, here),
    )
    return Judgement(
        case=case,
        ruling=judge(case),
        ledger=ledger,
        account=account,
        renewals=renewals,
        rebinds=foreign if not plan.purges and not_here is None else {},
        notes=(*_notes(case), *_said_to_be_deleted(plan, connection)),
    )


def _why_not_shown(plan: Plan, endpoint: str) -> str | None:
    if plan.request.dry_run or not plan.purges:
        return None
    return shown.why_not_shown(purges_digest(endpoint, plan.request.stack, plan.purges))


def _is_released(lives: Mapping[str, Life], bound: Bound) -> bool:
    return bound.life in lives and lives[bound.life].is_released


class _Known(NamedTuple):
    """What the ledger knows; None, where it cannot be read."""

    lives: Mapping[str, Life]
    recent: Mapping[str, int] | None
    holds: Mapping[str, str]
    problem: str | None


def _known(plan: Plan, ledger: Ledger, configuration: Configuration, now: datetime.datetime) -> _Known:
    """Return what the ledger knows of bound lives, of the last day and of other stacks, and what is wrong with it."""
    is_ci = os.environ.get("CI", "").lower() not in ("", "0", "false")
    bound = [one.life for one in plan.bound.values()]
    try:
        lives = ledger.lives(bound)
        # What follows is about purges alone: without one, a ledger that can only be read is enough.
        if not plan.purges:
            return _Known(lives, {}, {}, None)
        accepted = ledger.accepted_since(now - _A_DAY, bound)
        holds = _holds_elsewhere(plan, ledger, configuration.endpoint)
    except LedgerError as error:
        return _Known({}, None, {}, f"it cannot be read and written: {error}")
    recent = {life: int(at.event.data.get("stored_bytes") or 0) for life, at in accepted.items()}
    problem = None
    if not lives:
        problem = "it knows no adoption of anything that this stack has bound, so that it is not this stack's"
    elif is_default(configuration.ledger.get_secret_value()) and is_ci:
        problem = "CI is set and the ledger is the default file, which does not outlast the job"
    else:
        try:
            ledger.require_writable()
        except LedgerError as error:
            problem = f"it cannot be read and written: {error}"
    return _Known(lives, recent, holds, problem)


def _holds_elsewhere(plan: Plan, ledger: Ledger, endpoint: str) -> dict[str, str]:
    """Return the purges that another stack of this ledger has on hold at this endpoint, each with the reason.

    Of each stack the last life counts: a hold of one before it ended with that.
    """
    ours = {bound.life for bound in plan.bound.values()}
    kinds = (Kind.ADOPTED, Kind.HELD, Kind.LIFTED, Kind.RELEASED)
    last: dict[tuple[str, str], str | None] = {}
    for record in ledger.of_bindings(plan.purge_ids, kinds):
        event, place = record.event, (record.chain, record.event.binding)
        if event.endpoint == endpoint and event.life not in ours:
            reason = f"{event.data.get('reason', 'no reason is recorded')}, by {record.chain.partition('/')[2]}"
            last[place] = reason if event.kind is Kind.HELD else None
        elif event.life in ours:
            last.pop(place, None)
    return {binding: reason for (_, binding), reason in last.items() if reason is not None}


def _why_not_here(plan: Plan, account: Account, now: datetime.datetime) -> str | None:
    """Say why a stack that was adopted elsewhere cannot be bound to this endpoint; None: every entry is found here."""
    found = look_up((), (entry.identity for entry, _ in plan.kept), account, now).users.values()
    errors = [str(about.error) for about in found if about.error is not None]
    return next(iter([*errors, *(str(refusal) for about in found for refusal in about.refusals)]), None)


def _returned(adopted: Iterable[Entry], ledger: Ledger, endpoint: str) -> frozenset[str]:
    """Return what of this was purged and came back, and was not adopted since."""
    ids = {entry.identity.id for entry in adopted}
    try:
        records = ledger.of_bindings(ids, (Kind.VERDICT, Kind.ADOPTED)) if ids else []
    except LedgerError:
        return frozenset()  # an adoption is not recorded then either, and says so
    last = {
        (record.chain, record.event.binding): record.event for record in records if record.event.endpoint == endpoint
    }
    return frozenset(event.binding for event in last.values() if is_return(event))


def _said_to_be_deleted(plan: Plan, connection: Connection) -> Iterator[str]:
    """Say of which users the mark `deleted` is wrong, or could not be checked: what they have is adopted unseen."""
    adopted = [entry.user for entry in plan.adoptions if entry.deleted]
    purged = [purge.user for purge in plan.purges if purge.deleted]
    for user in {fold(user): user for user in (*adopted, *purged)}.values():
        try:
            if connection.account().user(user) is not None:
                finding = f"user {user} is marked `deleted: true`, and the account knows it"
                yield f"deleted: {finding}; take the mark away, so that what is adopted is looked up"
        except (MbsError, Refusal) as error:
            yield f"deleted: whether the account still knows user {user} could not be asked: {error}"


def _notes(case: Case) -> Iterator[str]:
    unread = [
        error
        for about in case.evidence.users.values()
        for error in (about.name_error, None if needs_bytes(case.configuration) else about.billing_error)
        if error is not None
    ]
    for about in case.evidence.users.values():
        if about.listing is not None and about.listing.unusable:
            rows = f"{len(about.listing.unusable):,} of the rows that the account lists for user {about.user}"
            yield f"{rows} have no name or no destination: what they may be is neither purged nor adopted"
    yield from (f"not all that is stored could be looked up: {error}" for error in unread[:1])
    if case.ledger_problem is not None and not case.plan.purges:
        yield f"ledger: {case.ledger_problem}; {LEDGERS_REMEDY} before anything is to be purged"
    if case.not_here is not None:
        yield f"account: the stack stays bound to the endpoint that it was adopted from: {case.not_here}"
    silent = [
        purge
        for purge in case.plan.purges
        if (seen := case.observation(purge)) and seen.is_listed and seen.not_before is None and not seen.is_running
    ]
    if silent and level_of("alive", case.configuration) != "off":
        named = some(str(purge.identity) for purge in silent)
        yield f"alive: no run of a backup is known of {named}, so that nobody can tell whether it still backs up"
    absent = [purge for purge in case.plan.purges if (seen := case.observation(purge)) and seen.is_listed is False]
    if absent:
        more = f" and {len(absent) - 1:,} more" if len(absent) > 1 else ""
        yield f"{absent[0].identity}{more}: not listed any more, which a second look, an hour later, is to confirm"
