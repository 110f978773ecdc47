"""The plan as a report: what the next update would purge, with all that speaks for and against it.

The JSON form is version 1 of a documented format: docs/plan.schema.json.
"""

import datetime
from collections.abc import Iterable
from typing import Literal

from pydantic import Field

from erasure.approvals import approval_entry
from erasure.identity import Identity, fold
from erasure.inventory import Entry, Inventory
from erasure.judged import FiredRule, JudgedPlan
from erasure.message import Message
from erasure.neighbours import Neighbours


class Purge(Message):
    """One computer on one destination that would be purged. Sizes are in bytes, times in UTC."""

    id: str = Field(description="The binding's id, which stays the same for every spelling.")
    life: str = Field(description="Which adoption of it ends; the digest is over ids and lives.")
    user: str
    login: str | None = Field(description="The user's login; null: the account does not tell.")
    computer: str
    destination: str
    destination_name: str | None
    stored_bytes: int | None = Field(
        description="Of this computer, on all destinations, as billing has it; null: the account does not tell."
    )
    last_backup: datetime.datetime | None = Field(description="Read as UTC: the account's times have no zone.")
    is_running: bool = Field(description="Whether it is backing up now.")
    other_copies: int | None = Field(
        description="Destinations of this computer that stay; null: the account cannot tell."
    )
    is_listed: bool | None = Field(
        description="false: the data is gone, nothing will be sent; null: the account cannot tell."
    )
    is_owed: bool = Field(description="Whether an earlier update began this purge and did not end it.")
    hold: str | None
    due: datetime.date | None = Field(description="The date in the inventory that has come, if there is one.")


class Place(Message):
    """A computer on a destination that is not purged."""

    user: str
    login: str | None
    computer: str
    destination: str


class Unlisted(Place):
    """Something that the account lists and this inventory does not."""

    wanted_in: str | None = Field(description="Another inventory file that wants it; null: no inventory lists it.")


class DueLater(Message):
    """An entry that counts as dropped from a day to come."""

    day: datetime.date
    user: str
    computer: str
    destination: str


class Rule(Message):
    """A rule that fired. `is_in_the_way`: this update cannot run before it is lifted."""

    rule: str
    level: str
    found: str
    remedy: str
    is_lifted: bool
    is_in_the_way: bool


class Totals(Message):
    """The plan in numbers. `stored_bytes` counts each computer once, `unknown_bytes` those of unknown size."""

    purges: int
    users: int
    computers: int
    destinations: int
    stored_bytes: int
    unknown_bytes: int
    owed: int
    held: int
    last_copies: int
    bound: int
    wanted: int
    adoptions: int
    releases: int


class PlanReport(Message):
    """What the next update of a stack would purge, and what the rules say."""

    version: Literal[1] = 1
    stack: str
    customer: str | None
    endpoint: str
    made_at: datetime.datetime
    outcome: Literal["nothing", "permitted", "refused"]
    digest: str = Field(description="Of exactly this set of purges; an approval names it.")
    totals: Totals
    rules: tuple[Rule, ...]
    obstacles: tuple[str, ...] = Field(description="What stands in the way besides, which nothing lifts.")
    objections: tuple[str, ...] = Field(description="Why approvals of this stack do not count here.")
    approval: str | None = Field(description="The entry of the approvals file that would lift what can be approved.")
    purges: tuple[Purge, ...]
    due_later: tuple[DueLater, ...]
    stays: tuple[Place, ...] = Field(description="What stays of the users of whom something would be purged.")
    unlisted: tuple[Unlisted, ...] = Field(description="What the account lists of these users besides.")
    adoptions: tuple[str, ...]
    releases: tuple[str, ...]


def plan_report(plan: JudgedPlan, inventory: Inventory, neighbours: Neighbours, now: datetime.datetime) -> PlanReport:
    """Put together what the engine's preview judged and what the reviewed files say."""
    entries = {one.identity.id: one for one in inventory.entries}
    purges = tuple(_purges(plan, entries))
    rules = tuple(_rule(one) for one in plan.rules)
    can_be_approved = any(one.is_in_the_way and one.level == "approve" for one in rules)
    is_refused_whatever = bool(plan.obstacles) or any(one.is_in_the_way and one.level == "refuse" for one in rules)
    return PlanReport(
        stack=plan.stack,
        customer=plan.customer,
        endpoint=plan.endpoint,
        made_at=now,
        outcome="refused" if not plan.is_permitted else "permitted" if purges else "nothing",
        digest=plan.digest,
        totals=_totals(plan, purges),
        rules=rules,
        obstacles=plan.obstacles,
        objections=plan.objections,
        approval=(
            approval_entry(plan.digest, len(plan.purges), now.date())
            if can_be_approved and not is_refused_whatever
            else None
        ),
        purges=purges,
        due_later=tuple(_due_later(inventory, now.date())),
        stays=tuple(
            Place(user=user.id, login=user.login, computer=one.computer, destination=one.destination)
            for user in plan.users
            for one in user.stays
        ),
        unlisted=tuple(_unlisted(plan, neighbours)),
        adoptions=plan.adoptions,
        releases=plan.releases,
    )


def _purges(plan: JudgedPlan, entries: dict[str, Entry]) -> Iterable[Purge]:
    logins = {fold(one.id): one.login for one in plan.users}
    for one in plan.purges:
        entry = entries.get(one.id)
        yield Purge(
            **one.model_dump(),
            login=logins.get(fold(one.user)),
            due=entry.purge_after if entry is not None else None,
        )


def _rule(fired: FiredRule) -> Rule:
    is_in_the_way = fired.level in ("refuse", "approve") and not fired.is_lifted
    return Rule(**fired.model_dump(), is_in_the_way=is_in_the_way)


def _totals(plan: JudgedPlan, purges: tuple[Purge, ...]) -> Totals:
    sizes = {(fold(one.user), fold(one.computer)): one.stored_bytes for one in purges}
    return Totals(
        purges=len(purges),
        users=len({fold(one.user) for one in purges}),
        computers=len(sizes),
        destinations=len({fold(one.destination) for one in purges}),
        stored_bytes=sum(size or 0 for size in sizes.values()),
        unknown_bytes=sum(size is None for size in sizes.values()),
        owed=sum(one.is_owed for one in purges),
        held=sum(one.hold is not None for one in purges),
        last_copies=sum(one.other_copies == 0 for one in purges),
        bound=plan.bound,
        wanted=plan.wanted,
        adoptions=len(plan.adoptions),
        releases=len(plan.releases),
    )


def _due_later(inventory: Inventory, today: datetime.date) -> list[DueLater]:
    dated = [one for one in inventory.entries if one.purge_after is not None and not one.is_due(today)]
    found = [
        DueLater(
            day=one.purge_after,
            user=one.identity.user,
            computer=one.identity.computer,
            destination=one.identity.destination,
        )
        for one in dated
        if one.purge_after is not None
    ]
    return sorted(found, key=lambda one: (one.day, one.user, one.computer))


def _unlisted(plan: JudgedPlan, neighbours: Neighbours) -> Iterable[Unlisted]:
    wanted_in = {one.identity.id: one.file for one in neighbours.wanted}
    released = frozenset(plan.releases)
    for user in plan.users:
        for one in user.besides:
            key = Identity(user.id, one.destination, one.computer).id
            if key not in released:
                yield Unlisted(
                    user=user.id,
                    login=user.login,
                    computer=one.computer,
                    destination=one.destination,
                    wanted_in=wanted_in.get(key),
                )
