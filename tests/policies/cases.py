"""Cases for the rules, in a few words."""

import datetime
from collections.abc import Mapping, Sequence
from typing import Any

from erasure.approvals import Approval
from erasure.configuration import Configuration
from erasure.evidence import Evidence, Facts
from erasure.plan import Bound, Elsewhere, Plan, Released, Wanted
from mbs.models import UserComputer
from policies.judge import Ruling, judge
from policies.rules import Case

HERE = "https://api.example"
NOW = datetime.datetime(2026, 11, 24, 12, tzinfo=datetime.UTC)
EVERY_RULE = ("max-purges", "max-percent", "max-bytes", "emptied", "alive", "last-copy", "hold", "moved", "account",
              "unknown-user", "unreadable", "ledger")  # fmt: skip


def bound(computer: str, destination: str = "d", **marks: object) -> Bound:
    """Return a binding of user `u` in the state, with a life named after it."""
    one = Bound(id="", user="u", destination=destination, computer=computer, endpoint=HERE, life=f"life of {computer}")
    return one.model_copy(update={"id": one.identity.id, **marks})


def many(count: int) -> list[Bound]:
    """Return so many bindings, PC-0 and so on."""
    return [bound(name) for name in names(count)]


def names(count: int) -> list[str]:
    """Return the names of so many computers."""
    return [f"PC-{number}" for number in range(count)]


def evidence(purges: Sequence[Bound], **about: object) -> Evidence:
    """Return evidence that says the same about each of these purges."""
    known: dict[str, Any] = {"user_id": "u", "copies": frozenset(["elsewhere"]), **about}
    facts = {
        one.id: Facts(**{"pair": UserComputer(DestinationId="d", ComputerName=one.computer), **known}) for one in purges
    }
    return Evidence(facts)


def case(
    has: Sequence[Bound],
    wants: Sequence[str],
    *,
    released: Sequence[str] = (),
    settings: Mapping[str, Any] | None = None,
    **more: Any,  # noqa: ANN401 -- the fields of a Case
) -> Case:
    """Return a case: what the state has, and the computers that the inventory wants."""
    wanted = [Wanted(user="u", destination="d", computer=one) for one in wants]
    plan = Plan(
        {one.identity.id: one for one in wanted},
        {one: Released(id=one, reason="Sold") for one in released},
        {one.id: one for one in has},
    )
    configuration = Configuration.model_validate({"endpoint": HERE, **(settings or {})})
    return Case(plan, plan.purges, more.pop("evidence", evidence(plan.purges)), configuration, NOW, **more)


def ruling(
    has: Sequence[Bound],
    wants: Sequence[str],
    *,
    approvals: Sequence[Approval] = (),
    **more: Any,  # noqa: ANN401 -- as `case`
) -> Ruling:
    """Judge a case."""
    return judge(case(has, wants, **more), "acme", approvals)


def refusals(judged: Ruling) -> list[str]:
    """Return the rules that refuse."""
    return [one.rule for one in judged.refusals]


def warnings(judged: Ruling) -> list[str]:
    """Return the rules that only warn."""
    return [one.rule for one in judged.warnings]


def elsewhere(computer: str) -> Elsewhere:
    """Return a binding of user `u` that another inventory wants."""
    return Elsewhere(user="u", destination="d", computer=computer, file="inventory/globex.yaml")
