"""The plan of an operation as a Pulumi resource: what its check refuses fails the preview and the update.

As with the bindings, names here are a state format.
"""

import os
from pathlib import Path
from typing import Any, Final

import pulumi
from pulumi.dynamic import (
    CheckFailure,
    CheckResult,
    ConfigureRequest,
    CreateResult,
    DiffResult,
    ReadResult,
    Resource,
    ResourceProvider,
    UpdateResult,
)

from erasure.errors import Refusal
from erasure.ledger import Kind, LedgerError
from erasure.plan import Plan, PlanRequest
from policies.summary import FULL_LIST, summary
from providers import connection, purge_run
from providers.judgement import Judgement, document, judge_request
from providers.record import holds, intentions, new_lives

Properties = dict[str, Any]

VERSION: Final = 1
_MOST_SHOWN: Final = 8


class PurgePlanProvider(ResourceProvider):
    """Judges a plan. It has no attributes: the state holds its name alone."""

    serialize_as_secret_always = False  # there is nothing secret in a name

    def configure(self, req: ConfigureRequest) -> None:
        """Take the connection from the stack's configuration."""
        connection.configure(req)

    def check(self, _olds: Properties, news: Properties) -> CheckResult:
        """Judge what this operation would purge, and permit it or refuse.

        What was only needed to judge is stripped from the inputs; the numbers and the purges stay and show in the diff.
        """
        run = purge_run.current()
        try:
            request = PlanRequest.model_validate_json(news["request"])
            if not request.dry_run and Plan.of(request).purges:
                run.take_lease(connection.ledger(request))  # before the ledger is read, so that what it says stays so
            judgement = judge_request(request)
            refusals = _settled(judgement, run)
        except Refusal as refusal:
            run.refuse()
            return CheckResult({}, [CheckFailure("", str(refusal))])
        except BaseException:
            run.refuse()
            raise
        if refusals:
            run.refuse()
            return CheckResult({}, _failures(judgement, refusals))
        for note in (*judgement.notes, *map(str, judgement.ruling.warnings)):
            pulumi.log.warn(note)
        return CheckResult(_inputs(judgement), [])

    def diff(self, _id: str, _olds: Properties, _news: Properties) -> DiffResult:
        """Compare all but the day; purges that became none were purged, which is no change to show."""
        changes = any(_olds.get(key) != _news.get(key) for key in ("version", "wanted", "digest"))
        purges = _news.get("purges")
        return DiffResult(changes=changes or (bool(purges) and purges != _olds.get("purges")), replaces=[])

    def create(self, props: Properties) -> CreateResult:
        """Record the plan."""
        return CreateResult("plan", _recorded(props))

    def read(self, id_: str, props: Properties) -> ReadResult:
        """Return the plan as it was recorded: it exists nowhere else."""
        return ReadResult(id_, dict(props))

    def update(self, _id: str, _olds: Properties, _news: Properties) -> UpdateResult:
        """Record the plan."""
        return UpdateResult(_recorded(_news))

    def delete(self, _id: str, _props: Properties) -> None:
        """Nothing depends on a recorded plan: the next operation reads the state and judges anew."""


class PurgePlan(Resource, module="mbs", name="PurgePlan"):
    """The resource of a plan: declared once, before the bindings."""

    def __init__(self, request: PlanRequest, opts: pulumi.ResourceOptions | None = None) -> None:
        """Declare the plan of this operation."""
        # One JSON string: the SDK takes milliseconds for every value of a property.
        super().__init__(PurgePlanProvider(), "plan", {"request": request.model_dump_json()}, opts)


def _settled(judgement: Judgement, run: purge_run.PurgeRun) -> tuple[Refusal, ...]:
    """Leave the judgement behind where others need it, and return what refuses; without that, the run has its permit.

    In an update the ledger knows what is intended before this returns. A preview writes nothing into it.
    """
    _write_plan_file(judgement)
    refusals, lives = judgement.refusals, new_lives(judgement)
    if not judgement.request.dry_run:
        events = [*holds(judgement), *(() if refusals else intentions(judgement, lives))]
        try:
            judgement.ledger.append(events)
        except LedgerError as error:
            if any(one.rule == "ledger" for one in refusals):
                return refusals
            if any(one.kind != Kind.ADOPTED for one in events):
                remedy = "set `ledger` (or MBS_LEDGER) to one that can be written"
                return (*refusals, Refusal("ledger", f"what is to be done cannot be recorded: {error}", remedy))
            pulumi.log.warn(f"ledger: this adoption is not recorded: {error}")
    if not refusals:
        run.permit(judgement, lives)
    return refusals


def _write_plan_file(judgement: Judgement) -> None:
    name = os.environ.get(FULL_LIST)
    if name:
        try:
            document(judgement).write(Path(name))
        except OSError as error:
            raise Refusal("plan-file", f"{name} cannot be written: {error.strerror}", f"correct {FULL_LIST}") from None


def _inputs(judgement: Judgement) -> Properties:
    plan = judgement.plan
    inputs: Properties = {
        "version": VERSION,
        "wanted": len(plan.wanted),
        "digest": plan.digest,
        "purges": [one.id for one in plan.purges],
    }
    if plan.releases:
        inputs["releases"] = [one.id for one in plan.releases]
    if plan.purges:
        # For a policy pack, which sees no deletion: what fired at any level, and of how many.
        inputs["bound"] = len(plan.bound)
        inputs["fired"] = [one.rule for one in judgement.ruling.fired]
    if judgement.request.day is not None:
        inputs["day"] = judgement.request.day.isoformat()
    return inputs


def _recorded(properties: Properties) -> Properties:
    return {key: value for key, value in properties.items() if not key.startswith("__")}


def _failures(judgement: Judgement, refusals: tuple[Refusal, ...]) -> list[CheckFailure]:
    texts = [str(one) for one in refusals[:_MOST_SHOWN]]
    if len(refusals) > _MOST_SHOWN:
        texts.append(f"and {len(refusals) - _MOST_SHOWN:,} more of these")
    texts[-1] += summary(judgement.case, judgement.ruling, os.environ.get(FULL_LIST))
    # A failure that names a property would have the engine print the property's whole value.
    return [CheckFailure("", text) for text in texts]
