"""The check of a plan: judge what this operation would purge, and permit it or refuse."""

import os
from pathlib import Path
from typing import Final

import pulumi
from pulumi import dynamic

from erasure.errors import Refusal
from erasure.ledger import LedgerError
from erasure.plan import Bound, Plan, PlanRequest
from erasure.reports.plan import PLAN_FILE, PlanReport
from policies.rules import LEDGERS_REMEDY, unjudged
from providers import operation, shown
from providers.judgement import Judgement, judge_plan
from providers.purge_plan import VERSION, Properties
from providers.record import holds, intentions
from providers.report import destroyed, plan_report, summary

_MOST_SHOWN: Final = 8


def check_plan(request: str) -> dynamic.CheckResult:
    """Judge a request, which is JSON, and return the plan's inputs or what refuses it.

    What was only needed to judge is not among the inputs; the numbers and the purges are, and show in the diff.
    """
    current = operation.current()
    try:
        plan = Plan(PlanRequest.model_validate_json(request))
        if not plan.request.dry_run and plan.purges:
            # Before the ledger is read, so that what it says stays so.
            current.take_lease(current.connection.ledger(plan.request.project, plan.request.stack))
        judgement = judge_plan(plan, current.connection)
        file = os.environ.get(PLAN_FILE)
        report = plan_report(judgement) if file or judgement.ruling.refusals else None  # seconds at 100,000 purges
        if file and report:
            _write(report, file)
        refusals = _settled(judgement, current)
    except Refusal as refusal:
        current.refuse()
        return dynamic.CheckResult({}, [dynamic.CheckFailure("", str(refusal))])
    except BaseException:
        current.refuse()
        raise
    if refusals:
        current.refuse()
        return dynamic.CheckResult({}, _failures(report or plan_report(judgement), refusals))
    if judgement.case.plan.request.dry_run:
        shown.leave(judgement.ruling.digest)
    if not judgement.case.plan.request.dry_run and not judgement.case.plan.purges:
        other = current.other_run(judgement.ledger)
        if other is not None:
            pulumi.log.warn(other)
    for note in (*destroyed(judgement), *judgement.notes, *map(str, judgement.ruling.warnings)):
        pulumi.log.warn(note)
    return dynamic.CheckResult(_inputs(judgement), [])


def require_not_owed(bound: Bound) -> None:
    """Raise Refusal where a binding's purge is intended or sent, or the ledger cannot tell."""
    try:
        life = operation.current().connection.life(bound.life)
    except LedgerError as error:
        raise Refusal("ledger", f"whether its purge is owed cannot be read: {error}", LEDGERS_REMEDY) from None
    if life.is_intended or life.is_unanswered:
        finding = "it is not listed any more, and its purge is owed"
        raise Refusal("not-found", finding, "run `pulumi up`, which writes down what became of it")


def _settled(judgement: Judgement, current: operation.Operation) -> tuple[Refusal, ...]:
    """Leave the judgement behind where others need it, and return what refuses; without that, there is a permit.

    In an update the ledger knows what is intended before this returns. A preview writes nothing into it.
    """
    refusals = judgement.ruling.refusals
    if not judgement.case.plan.request.dry_run:
        intended = () if refusals else intentions(judgement, current.connection.root)
        try:
            judgement.ledger.append([*holds(judgement), *intended])
        except LedgerError as error:
            if any(refusal.rule == "ledger" for refusal in refusals):
                return refusals
            finding = f"what is to be done cannot be recorded: {error}"
            return (*refusals, Refusal("ledger", finding, LEDGERS_REMEDY))
    if not refusals:
        current.permit(judgement)
    return refusals


def _write(report: PlanReport, file: str) -> None:
    try:
        report.write(Path(file))
    except OSError as error:
        raise Refusal("plan-file", f"{file} cannot be written: {error.strerror}", f"correct {PLAN_FILE}") from None


def _inputs(judgement: Judgement) -> Properties:
    plan = judgement.case.plan
    inputs: Properties = {
        "version": VERSION,
        "wanted": len(plan.wanted),
        "digest": plan.digest,
        "purges": [purge.id for purge in plan.purges],
    }
    if plan.releases:
        inputs["releases"] = [release.id for release in plan.releases]
    if plan.purges:
        # For a policy pack, which sees no deletion: what fired at any level, of how many, and beside how many of a day.
        inputs["bound"] = len(plan.bound)
        if judgement.case.recent is not None:
            inputs["recent"] = len(judgement.case.recent.keys() - {bound.life for bound in plan.bound.values()})
        inputs["unjudged"] = sorted(unjudged(judgement.case))
        inputs["fired"] = sorted(judgement.ruling.fired_on_all)
    if plan.request.day is not None:
        inputs["day"] = plan.request.day.isoformat()
    return inputs


def _failures(report: PlanReport, refusals: tuple[Refusal, ...]) -> list[dynamic.CheckFailure]:
    texts = [str(refusal) for refusal in refusals[:_MOST_SHOWN]]
    if len(refusals) > _MOST_SHOWN:
        texts.append(f"and {len(refusals) - _MOST_SHOWN:,} more of these")
    texts[-1] += summary(report, os.environ.get(PLAN_FILE))
    # A failure that names a property would have the engine print the property's whole value.
    return [dynamic.CheckFailure("", text) for text in texts]
