"""Judges a request: gathers what the rules need, asks them, and says what the operation may do."""

import datetime
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from erasure import clock
from erasure.account import Account
from erasure.configuration import Configuration
from erasure.erasures import is_return
from erasure.errors import Refusal
from erasure.evidence import Evidence, Person, Questions, look_up
from erasure.identity import Identity, fold
from erasure.judged import ConcernedUser, FiredRule, JudgedPlan, Pair, PlannedPurge
from erasure.ledger import Kind, Ledger, LedgerError, Life, is_default
from erasure.plan import Bound, Plan, PlanRequest, Wanted
from mbs.models import UserComputer
from policies.judge import Ruling, judge
from policies.rules import Case, Recent, level_of
from providers import connection

_A_DAY: Final = datetime.timedelta(hours=24)
_LEDGERS_REMEDY: Final = "set `ledger` (or MBS_LEDGER) to one that can be written"


@dataclass(frozen=True)
class Judgement:
    """A judged operation.

    `renewals` are the wanted bindings whose present life was used up, `rebinds` those that were adopted elsewhere and
    are found here. `notes` have only to be known.
    """

    request: PlanRequest
    plan: Plan
    evidence: Evidence
    case: Case
    ruling: Ruling
    account: Account | None
    ledger: Ledger
    renewals: Mapping[str, Bound]
    rebinds: Mapping[str, Bound]
    refusals: tuple[Refusal, ...]
    notes: tuple[str, ...]

    @property
    def lives(self) -> Mapping[str, Life]:
        """What the ledger knows of each bound life."""
        return self.case.lives


@dataclass(frozen=True)
class _Known:
    """What the ledger knows, or why it knows nothing."""

    lives: Mapping[str, Life]
    recent: Recent
    problem: str | None


def judge_request(request: PlanRequest) -> Judgement:
    """Judge one operation. Raises Refusal where it cannot even be judged."""
    configuration = connection.configuration()
    plan = Plan.of(request)
    ledger = connection.ledger(request)
    known = _known(plan, ledger, configuration)
    foreign = {one.identity.id: bound for one, bound in plan.kept if bound.endpoint != configuration.endpoint}
    renewals = {
        one.identity.id: bound
        for one, bound in plan.kept
        if known.lives.get(bound.life, Life()).is_used and bound.endpoint == configuration.endpoint
    }
    asked = [*plan.adoptions, *(plan.wanted[key] for key in renewals)]
    needs_account = bool(plan.purges or foreign or any(not one.deleted for one in asked))
    account = connection.account() if needs_account else None
    evidence = look_up(plan.purges, asked, _questions(configuration), account) if account else Evidence()
    why_not_here = _why_not_here(plan, account) if foreign and account and not plan.purges else None
    case = Case(
        plan,
        plan.purges,
        evidence,
        configuration,
        clock.now(),
        known.lives,
        known.recent,
        known.problem,
        request.elsewhere,
        request.unreadable,
    )
    ruling = judge(case, request.stack, request.approvals)
    return Judgement(
        request,
        plan,
        evidence,
        case,
        ruling,
        account,
        ledger,
        renewals,
        foreign if foreign and not plan.purges and why_not_here is None else {},
        (
            *ruling.refusals,
            *_mixed(plan, why_not_here, configuration),
            *_unrecorded_holds(plan, known),
            *_came_back(asked, ledger, configuration.endpoint),
        ),
        _notes(plan, evidence, known, why_not_here),
    )


def document(judgement: Judgement) -> JudgedPlan:
    """Return a judgement as the console reads it."""
    facts = judgement.evidence.facts
    purges = []
    purged: dict[tuple[str, str], set[str]] = {}
    for one in judgement.plan.purges:
        purged.setdefault((fold(one.user), fold(one.computer)), set()).add(fold(one.destination))
    for one in judgement.plan.purges:
        about = facts.get(one.id)
        person = judgement.evidence.people.get(fold(one.user))
        unknown = about is None or about.user_id in judgement.evidence.unknown_users
        purges.append(
            PlannedPurge(
                id=one.id,
                user=one.user,
                destination=one.destination,
                destination_name=person.destinations.get(fold(one.destination)) if person else None,
                computer=one.computer,
                life=one.life,
                hold=one.hold,
                is_owed=judgement.lives.get(one.life, Life()).is_intended,
                is_listed=None if unknown or about is None else about.pair is not None,
                is_running=about.is_running if about else False,
                last_backup=about.last_backup if about else None,
                stored_bytes=about.stored_bytes if about else None,
                other_copies=(
                    None if unknown or about is None else len(about.copies - purged[fold(one.user), fold(one.computer)])
                ),
            )
        )
    return JudgedPlan(
        stack=judgement.request.stack,
        customer=judgement.request.customer,
        endpoint=judgement.case.configuration.endpoint,
        dry_run=judgement.request.dry_run,
        is_permitted=not judgement.refusals,
        wanted=len(judgement.plan.wanted),
        bound=len(judgement.plan.bound),
        digest=judgement.ruling.digest,
        purges=tuple(purges),
        releases=tuple(one.id for one in judgement.plan.releases),
        adoptions=tuple(one.identity.id for one in judgement.plan.adoptions),
        rules=tuple(
            FiredRule(
                rule=one.rule,
                level=one.level,
                found=one.finding.found,
                remedy=one.finding.remedy,
                is_lifted=one.is_lifted,
            )
            for one in judgement.ruling.fired
        ),
        obstacles=tuple(
            str(one) for one in judgement.refusals if one.rule not in {fired.rule for fired in judgement.ruling.fired}
        ),
        objections=judgement.ruling.objections,
        users=tuple(_users(judgement)),
    )


def _users(judgement: Judgement) -> Iterator[ConcernedUser]:
    """Yield the users of purges, with what stays of each, and what the account lists besides."""
    plan, evidence = judgement.plan, judgement.evidence
    staying: dict[str, list[Pair]] = {}
    for one in plan.wanted.values():
        staying.setdefault(fold(one.user), []).append(Pair(destination=one.destination, computer=one.computer))
    for user, purge in {fold(one.user): one for one in plan.purges}.items():
        person = evidence.people.get(user)
        listed = ((pair, Identity(purge.user, pair.destination_id, pair.computer_name).id) for pair in _listed(person))
        stored = evidence.stored.get(user)
        yield ConcernedUser(
            id=purge.user,
            login=person.login if person else None,
            is_known=person is not None and person.user_id not in evidence.unknown_users,
            unattributed_bytes=None if stored is None else stored.get(None, 0),
            stays=tuple(staying.get(user, ())),
            besides=tuple(
                Pair(destination=pair.destination_id, computer=pair.computer_name)
                for pair, key in listed
                if key not in plan.wanted and key not in plan.purged
            ),
        )


def _listed(person: Person | None) -> tuple[UserComputer, ...]:
    return person.listed if person else ()


def _known(plan: Plan, ledger: Ledger, configuration: Configuration) -> _Known:
    try:
        lives = ledger.lives(one.life for one in plan.bound.values())
        if not plan.purges:
            return _Known(lives, Recent(), None)
        if is_default(configuration.ledger.get_secret_value()) and _is_ci():
            return _Known(
                lives, Recent(), "CI is set and the ledger is the default file, which does not outlast the job"
            )
        ledger.require_writable()
        accepted = ledger.accepted_since(clock.now() - _A_DAY)
    except LedgerError as error:
        return _Known({}, Recent(), f"it cannot be read and written: {error}")
    stored = sum(int(record.event.data.get("stored_bytes") or 0) for record in accepted.values())
    return _Known(lives, Recent(frozenset(accepted), stored), None)


def _is_ci() -> bool:
    return os.environ.get("CI", "").lower() not in ("", "0", "false")


def _questions(configuration: Configuration) -> Questions:
    needed = configuration.max_purge_bytes is not None and level_of("max-bytes", configuration) != "off"
    asked_for = bool(os.environ.get("MBS_PLAN_FILE"))
    return Questions(
        activity=level_of("alive", configuration) != "off",
        stored_bytes=needed or asked_for,
        bytes_needed=needed,
        names=asked_for,
    )


def _why_not_here(plan: Plan, account: Account) -> str | None:
    """Say why a stack that was adopted elsewhere cannot be bound to this endpoint; None: every entry is found here."""
    wanted = [Wanted(**{**one.model_dump(), "deleted": False}) for one, _ in plan.kept]
    found = look_up((), wanted, Questions(False, False, False), account)
    return next((str(one) for one in (*found.unreadable, *found.obstacles)), None)


def _mixed(plan: Plan, why_not_here: str | None, configuration: Configuration) -> tuple[Refusal, ...]:
    if why_not_here is None or not plan.adoptions:
        return ()
    finding = (
        f"this stack was adopted from another endpoint than {configuration.endpoint}, where not all of it is found"
    )
    return (Refusal("account", f"{finding}: {why_not_here}", "set the endpoint of adoption"),)


def _came_back(asked: Sequence[Wanted], ledger: Ledger, endpoint: str) -> Iterator[Refusal]:
    """Refuse to adopt, without a reason, what was purged and came back: somebody asked for its erasure."""
    unexplained = {one.identity.id: one for one in asked if one.readopt is None}
    try:
        records = ledger.of_bindings(unexplained, (Kind.VERDICT, Kind.ADOPTED)) if unexplained else []
    except LedgerError:
        return  # an adoption is not recorded then either, and says so
    last = {(one.chain, one.event.binding): one.event for one in records if one.event.endpoint == endpoint}
    for binding in sorted({binding for (_, binding), event in last.items() if is_return(event)}):
        yield Refusal(
            "returned",
            f"{unexplained[binding].identity} was purged and its data came back, says the ledger",
            "say why it is to be managed again: `readopt: ...` in its entry",
        )


def _unrecorded_holds(plan: Plan, known: _Known) -> tuple[Refusal, ...]:
    """Refuse what would set a hold that the ledger cannot keep in mind, should the rest of the update be refused."""
    new = [one for one, bound in plan.kept if one.hold is not None and bound.hold is None]
    if known.problem is None or plan.purges or not new:
        return ()
    return (Refusal("ledger", f"a hold is to be recorded, and {known.problem}", _LEDGERS_REMEDY),)


def _notes(plan: Plan, evidence: Evidence, known: _Known, why_not_here: str | None) -> tuple[str, ...]:
    notes = [f"not all that is stored could be looked up: {one}" for one in evidence.unread[:1]]
    if known.problem is not None and not plan.purges:
        notes.append(f"ledger: {known.problem}; {_LEDGERS_REMEDY} before anything is to be purged")
    if why_not_here is not None:
        notes.append(f"account: the stack stays bound to the endpoint that it was adopted from: {why_not_here}")
    absent = [one for one in plan.purges if one.id in evidence.facts and evidence.facts[one.id].pair is None]
    if absent:
        more = f" and {len(absent) - 1:,} more" if len(absent) > 1 else ""
        notes.append(f"{absent[0].identity}{more}: not listed any more, so that there is nothing to purge")
    return tuple(notes)
