"""A judgement as the plan document, and the few lines of it that stand under a refusal."""

import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence

from erasure.files.approvals import approval_entry
from erasure.files.inventory import Entry
from erasure.identity import Identity, fold
from erasure.plan import Plan
from erasure.reports.plan import PLAN_FILE, Place, PlanReport, Purge, Totals, notes, riskiest_first
from erasure.reports.shown import counted, size, visible
from mbs.errors import MbsError
from policies.rules import ALWAYS, Case
from providers.judgement import Judgement

_SHOWN = 5
_SHOWN_TO_PEOPLE = 10


def plan_report(judgement: Judgement) -> PlanReport:
    """Return what an operation would purge, with all that speaks for and against it."""
    case, ruling = judgement.case, judgement.ruling
    plan, request = case.plan, case.plan.request
    users = {fold(purge.user): purge.user for purge in plan.purges}
    logins = {user: about.account.login for user, about in case.evidence.users.items() if about.account is not None}
    purges = tuple(_purges(case, logins))
    in_the_way = {fired.level for fired in ruling.fired if fired.is_in_the_way}
    return PlanReport(
        stack=request.stack,
        customer=request.customer,
        endpoint=case.configuration.endpoint,
        made_at=case.now,
        outcome="refused" if ruling.refusals else "permitted" if purges else "nothing",
        digest=ruling.digest,
        totals=_totals(plan, purges),
        rules=tuple(fired for fired in ruling.fired if fired.level != ALWAYS),
        obstacles=tuple(str(fired.refusal) for fired in ruling.fired if fired.level == ALWAYS),
        objections=ruling.objections,
        # An entry to paste is of use only where nothing but an approval is missing.
        approval=approval_entry(ruling.digest, len(purges), case.now.date()) if in_the_way == {"approve"} else None,
        purges=purges,
        due_later=_due_later(request.wanted),
        stays=tuple(_stays(plan, users, logins)),
        unlisted=tuple(_unlisted(case, users, logins)),
        adoptions=tuple(entry.identity.id for entry in plan.adoptions),
        releases=tuple(bound.id for bound in plan.releases),
    )


def destroyed(judgement: Judgement) -> Iterator[str]:
    """Say in people's words what is about to be destroyed, the riskiest first.

    The engine's own question, "Do you want to perform this update?", cuts the names off.
    """
    case = judgement.case
    if not case.plan.purges:
        return
    first = riskiest_first(_purges(case, {}))[:_SHOWN_TO_PEOPLE]
    lines = [_in_words(judgement, purge) for purge in first]
    more = len(case.plan.purges) - len(first)
    lines.append(f"{f'and {more:,} more; ' if more else ''}`python -m erasure plan` shows all")
    yield "destroys for good: " + "\n    ".join(lines)


def _in_words(judgement: Judgement, purge: Purge) -> str:
    about = None
    with contextlib.suppress(MbsError):
        # Names are for people, who are asked by a preview; an update goes without.
        if judgement.account is not None and judgement.case.plan.request.dry_run:
            about = judgement.account.user(purge.user)
    names = {fold(named.id): named.name for named in about.destinations} if about else {}
    user = (about.login if about else None) or purge.user
    destination = names.get(fold(purge.destination), purge.destination)
    stored = "how much is not told" if purge.stored_bytes is None else size(purge.stored_bytes)
    backup = f"last backup {purge.last_backup.date()}" if purge.last_backup else "its last backup is not told"
    known = "not listed any more" if purge.is_listed is False else "backing up now" if purge.is_running else backup
    return f"{visible(purge.computer)} of {visible(user)} on {visible(destination)}, {stored}, {known}"


def summary(report: PlanReport, file: str | None) -> str:
    """Return a few lines about all purges; `file` is where the whole report was written, if it was."""
    totals = report.totals
    if not report.purges:
        return ""
    sizes = ((purge.stored_bytes, purge) for purge in report.purges if purge.stored_bytes)
    largest = sorted(sizes, key=lambda pair: -pair[0])[:_SHOWN]
    lines = [
        f"in all: {counted(totals.purges, 'purge')} of {totals.bound:,} bindings, {counted(totals.users, 'user')}"
        + (f", {size(totals.stored_bytes)}" if totals.stored_bytes else ""),
        f"digest: {report.digest}",
        *(f"not lifted: {objection}" for objection in report.objections[:_SHOWN]),
        *(f"largest: {_named(purge)} ({size(stored)})" for stored, purge in largest),
        *(
            f"riskiest: {_named(purge)} ({', '.join(notes(purge)) or size(purge.stored_bytes)})"
            for purge in riskiest_first(report.purges)[:_SHOWN]
        ),
        f"the full list: {file}" if file else f"for the full list, set {PLAN_FILE} to a file's name and preview again",
    ]
    return "".join(f"\n    {line}" for line in lines)


def _named(purge: Purge) -> Identity:
    return Identity(purge.user, purge.destination, purge.computer)


def _purges(case: Case, logins: dict[str, str | None]) -> Iterator[Purge]:
    due = {entry.identity.id: entry.purge_after for entry in case.plan.request.due}
    for purge in case.plan.purges:
        about, seen = case.evidence.of_user(purge.user), case.observation(purge)
        names = {fold(named.id): named.name for named in about.account.destinations} if about.account else {}
        yield Purge(
            id=purge.id,
            life=purge.life,
            user=purge.user,
            login=logins.get(fold(purge.user)),
            computer=purge.computer,
            destination=purge.destination,
            destination_name=names.get(fold(purge.destination)),
            stored_bytes=seen.stored_bytes if seen else None,
            last_backup=seen.last_backup if seen else None,
            is_running=bool(seen and seen.is_running),
            other_copies=case.copies_left.get(purge.id) if about.is_known else None,
            is_listed=seen.is_listed if seen else None,
            is_owed=case.life_of(purge).is_intended,
            hold=purge.hold,
            due=due.get(purge.id),
        )


def _totals(plan: Plan, purges: Sequence[Purge]) -> Totals:
    sizes = {(fold(purge.user), fold(purge.computer)): purge.stored_bytes for purge in purges}
    return Totals(
        purges=len(purges),
        users=len({fold(purge.user) for purge in purges}),
        computers=len(sizes),
        destinations=len({fold(purge.destination) for purge in purges}),
        stored_bytes=sum(stored or 0 for stored in sizes.values()),
        unknown_bytes=sum(stored is None for stored in sizes.values()),
        owed=sum(purge.is_owed for purge in purges),
        held=sum(purge.hold is not None for purge in purges),
        last_copies=sum(purge.other_copies == 0 for purge in purges),
        bound=len(plan.bound),
        wanted=len(plan.wanted),
        adoptions=len(plan.adoptions),
        releases=len(plan.releases),
    )


def _due_later(wanted: Iterable[Entry]) -> tuple[Place, ...]:
    places = (
        Place(day=entry.purge_after, user=entry.user, computer=entry.computer, destination=entry.destination)
        for entry in wanted
        if entry.purge_after is not None
    )
    return tuple(sorted(places, key=lambda place: (str(place.day), place.user, place.computer)))


def _stays(plan: Plan, users: Mapping[str, str], logins: Mapping[str, str | None]) -> Iterator[Place]:
    """Yield what the inventory keeps of the users of purges."""
    staying: dict[str, list[Entry]] = {user: [] for user in users}
    for entry in plan.wanted.values():
        if fold(entry.user) in staying:
            staying[fold(entry.user)].append(entry)
    for user, entries in staying.items():
        for entry in entries:
            yield Place(
                user=users[user], login=logins.get(user), computer=entry.computer, destination=entry.destination
            )


def _unlisted(case: Case, users: Mapping[str, str], logins: Mapping[str, str | None]) -> Iterator[Place]:
    """Yield what the account lists of the users of purges and this inventory does not."""
    plan = case.plan
    wanted_in = {entry.identity.id: entry.file for entry in plan.request.elsewhere}
    for user, user_id in users.items():
        listing = case.evidence.of_user(user_id).listing
        for pair in listing.pairs() if listing is not None else ():
            binding = Identity(user_id, pair.destination_id, pair.computer_name).id
            is_ours = binding in plan.wanted or binding in plan.purge_ids
            if not is_ours and not (binding in plan.released and binding in plan.bound):
                yield Place(
                    user=user_id,
                    login=logins.get(user),
                    computer=pair.computer_name,
                    destination=pair.destination_id,
                    wanted_in=wanted_in.get(binding),
                )
