"""Cases for the rules, in a few words."""

import datetime
from collections.abc import Mapping, Sequence
from typing import Any

from erasure.account import Listing
from erasure.configuration import Configuration
from erasure.evidence import Evidence, UserEvidence
from erasure.files.inventory import Entry
from erasure.identity import fold
from erasure.ledger import Observation
from erasure.plan import Bound, Plan, PlanRequest
from mbs.errors import MbsError
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


def evidence(
    purges: Sequence[Bound],
    *,
    copies: Sequence[str] = ("elsewhere",),
    stored: Mapping[str | None, int] | None = None,
    is_known: bool = True,
    user: str = "u",
    **seen: Any,  # noqa: ANN401 -- the fields of an Observation
) -> Evidence:
    """Return evidence that says the same about each of these purges, and lists each on other destinations too."""
    is_listed = seen.pop("is_listed", True) if is_known else None
    pairs = {purge.id: _pair(purge.destination, purge.computer) for purge in purges}
    listed = [*(pairs.values() if is_listed else ()), *(_pair(copy, one.computer) for copy in copies for one in purges)]
    about = UserEvidence(
        user=user,
        listing=Listing(user, listed),
        is_known=is_known,
        pairs=pairs if is_listed is not False else dict.fromkeys(pairs),
        observations={purge.id: Observation(NOW, is_listed=is_listed, **seen) for purge in purges},
        stored=stored,
    )
    return Evidence({fold(user): about})


def unreadable(error: MbsError) -> Evidence:
    """Return evidence of an account that did not answer about user `u`."""
    return Evidence({"u": UserEvidence("u", error)})


def _pair(destination: str, computer: str) -> UserComputer:
    return UserComputer(DestinationId=destination, ComputerName=computer)


def case(
    has: Sequence[Bound],
    wants: Sequence[str],
    *,
    released: Sequence[str] = (),
    settings: Mapping[str, Any] | None = None,
    **more: Any,  # noqa: ANN401 -- the fields of a Case, and those of a PlanRequest below
) -> Case:
    """Return a case: what the state has, and the computers that the inventory wants."""
    asked = {key: tuple(more.pop(key)) for key in ("elsewhere", "unreadable", "approvals") if key in more}
    entries = {key: entry(key) for key in wants}
    request = PlanRequest(
        project="mbs-erasure",
        stack="acme",
        dry_run=True,
        wanted=tuple(more.pop("wanted", entries.values())),
        released=tuple(entry(computer, release="Sold") for computer in released),
        bound=tuple(has),
        **asked,
    )
    configuration = Configuration.model_validate({"endpoint": HERE, **(settings or {})})
    plan = Plan(request)
    return Case(plan, more.pop("evidence", evidence(plan.purges)), configuration, NOW, **more)


def entry(computer: str, **fields: Any) -> Entry:  # noqa: ANN401 -- the fields of an Entry
    """Return an entry of user `u`."""
    return Entry(user="u", destination="d", computer=computer, **fields)


def ruling(has: Sequence[Bound], wants: Sequence[str], **more: Any) -> Ruling:  # noqa: ANN401 -- as `case`
    """Judge a case."""
    return judge(case(has, wants, **more))


def refusals(judged: Ruling) -> list[str]:
    """Return the rules that refuse."""
    return [one.rule for one in judged.refusals]


def warnings(judged: Ruling) -> list[str]:
    """Return the rules that only warn."""
    return [one.rule for one in judged.warnings]


def elsewhere(computer: str) -> Entry:
    """Return a binding of user `u` that another inventory wants."""
    return entry(computer, file="inventory/globex.yaml")
