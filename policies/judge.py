"""Applies the rules to a plan: what refuses, what only warns, and what an approval lifted."""

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from erasure.approvals import Approval, why_not
from erasure.configuration import Level, RuleName
from erasure.errors import Refusal
from erasure.ledger import Life
from erasure.plan import Bound, purges_digest
from policies.rules import RULES, Case, Finding, level_of


@dataclass(frozen=True)
class Fired:
    """A rule that fired at its level. `is_lifted`: an approval of exactly these purges stands against it."""

    rule: RuleName
    level: Level
    finding: Finding
    is_lifted: bool = False

    @property
    def refusal(self) -> Refusal:
        """The line that people read."""
        approve = "approve these purges (`python -m erasure approve`), or " if self.level == "approve" else ""
        return Refusal(self.rule, self.finding.found, approve + self.finding.remedy)


@dataclass(frozen=True)
class Ruling:
    """The rules' answer on one operation.

    `digest` is that of all purges, `approval` the one that stands for them; `approved_before` are the lives whose purge
    was begun under an approval that has counted ever since. `objections` say why other approvals lift nothing.
    """

    digest: str
    fired: tuple[Fired, ...] = ()
    obstacles: tuple[Refusal, ...] = ()
    approval: Approval | None = None
    approved_before: frozenset[str] = frozenset()
    objections: tuple[str, ...] = ()

    @property
    def refusals(self) -> tuple[Refusal, ...]:
        """What stands in the way of the whole operation."""
        rules = (one.refusal for one in self.fired if one.level in ("refuse", "approve") and not one.is_lifted)
        return (*self.obstacles, *rules)

    @property
    def warnings(self) -> tuple[Refusal, ...]:
        """What only has to be known."""
        return tuple(one.refusal for one in self.fired if one.level == "warn")


def judge(case: Case, stack: str, approvals: Sequence[Approval] = ()) -> Ruling:
    """Apply every rule at its level to what the plan would purge or release."""
    purges = case.plan.purges
    digest = purges_digest(case.configuration.endpoint, stack, purges)
    objections = {one: why_not(one, digest, len(purges), case.now.date()) for one in approvals} if purges else {}
    approval = next((one for one, objection in objections.items() if objection is None), None)
    begun = frozenset(one.life for one in purges if case.lives.get(one.life, Life()).approval is not None)
    rest = tuple(one for one in purges if one.life not in begun)
    fired = []
    names: Iterable[RuleName] = RULES if purges else ("hold",)
    for name in names:
        level = level_of(name, case.configuration)
        finding = _apply(name, case, rest if level == "approve" else purges)
        if finding is not None:
            fired.append(Fired(name, level, finding, level == "approve" and approval is not None))
    return Ruling(
        digest,
        tuple(fired),
        (*case.evidence.obstacles, *_too_alike(case), *_unreadable_adoption(case)),
        approval,
        begun,
        tuple(objection for objection in objections.values() if objection is not None),
    )


def _apply(name: RuleName, case: Case, purges: tuple[Bound, ...]) -> Finding | None:
    if not purges and not case.plan.releases:
        return None
    return RULES[name](dataclasses.replace(case, purges=purges))


def _too_alike(case: Case) -> list[Refusal]:
    """Refuse a purge that some server might take for something that an inventory wants. Nothing lifts this."""
    told = {one.id for one in case.plan.purges} if level_of("moved", case.configuration) == "refuse" else set[str]()
    neighbours = (one for one in case.neighbours if one.identity.id not in told)
    wanted = {one.identity.loosest: str(one.identity) for one in case.plan.wanted.values()}
    wanted |= {one.identity.loosest: f"{one.identity} in {one.file}" for one in neighbours}
    return [
        Refusal(
            "too-alike",
            f"{purge.identity} is dropped and {wanted[purge.identity.loosest]} is wanted, which a server might confuse",
            "give the entry `release`, and purge it in the MBS console once nothing is mistaken",
        )
        for purge in case.plan.purges
        if purge.identity.loosest in wanted
    ]


def _unreadable_adoption(case: Case) -> list[Refusal]:
    """Refuse to adopt what cannot be looked up: no purge is planned, so that no rule speaks of it."""
    finding = RULES["unreadable"](case) if not case.plan.purges else None
    return [Refusal("unreadable", finding.found, finding.remedy)] if finding else []
