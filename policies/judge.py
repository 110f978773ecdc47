"""Applies the rules to a plan: what refuses, what only warns, and what an approval lifted."""

from dataclasses import dataclass

from erasure.errors import Refusal
from erasure.files.approvals import Approval, why_not
from erasure.plan import Fired, purges_digest
from policies.rules import ALWAYS, RULES, Case, level_of


@dataclass(frozen=True)
class Ruling:
    """The rules' answer on one operation.

    `digest` is that of all purges, `approval` the one that stands for them. `objections` say why other approvals lift
    nothing. `fired_on_all` are the rules that fire on all purges, those that an earlier approval stands for included.
    """

    digest: str
    fired: tuple[Fired, ...]
    approval: Approval | None
    objections: tuple[str, ...]
    fired_on_all: frozenset[str] = frozenset()

    @property
    def refusals(self) -> tuple[Refusal, ...]:
        """What stands in the way of the whole operation."""
        return tuple(fired.refusal for fired in self.fired if fired.is_in_the_way)

    @property
    def warnings(self) -> tuple[Refusal, ...]:
        """What only has to be known."""
        return tuple(fired.refusal for fired in self.fired if fired.level == "warn")


def judge(case: Case) -> Ruling:
    """Apply every rule at its level to what the plan would purge, release or adopt."""
    request, purges = case.plan.request, case.plan.purges
    digest = purges_digest(case.configuration.endpoint, request.stack, purges)
    today = case.now.date()
    objections = {approval: why_not(approval, digest, len(purges), today) for approval in request.approvals if purges}
    approval = next((approval for approval, objection in objections.items() if objection is None), None)
    # What an earlier update began under an approval stays approved; the limits are for the rest.
    rest = tuple(purge for purge in purges if case.life_of(purge).approval is None)
    fired: list[Fired] = []
    on_all: set[str] = set()
    for name, default, fires in RULES:
        level = ALWAYS if default == ALWAYS else level_of(name, case.configuration)
        # A rule that no approval lifts has been lifted by none: it is asked about all of them again.
        asked_about = rest if level == "approve" else purges
        # A release may break a hold, and an adoption what no level turns off, where nothing is purged at all.
        if asked_about or level == ALWAYS or name == "hold":
            is_lifted = level == "approve" and approval is not None
            fired += (
                Fired(
                    rule=name,
                    level=level,
                    found=found,
                    remedy=remedy,
                    is_lifted=is_lifted,
                    is_in_the_way=level in ("refuse", "approve", ALWAYS) and not is_lifted,
                )
                for found, remedy in fires(case, asked_about)
            )
        if level == "approve" and any(fires(case, purges)):
            on_all.add(name)
    return Ruling(
        digest=digest,
        fired=tuple(fired),
        approval=approval,
        objections=tuple(objection for objection in objections.values() if objection is not None),
        fired_on_all=frozenset(on_all | {each.rule for each in fired}),
    )
