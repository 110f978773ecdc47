"""The plan of an operation as a Pulumi resource: what its check refuses fails the preview and the update.

As with the bindings, names here are a state format.
"""

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
from erasure.evidence import Evidence, look_up
from erasure.plan import Plan, PlanRequest
from policies.rules import Case, judge
from providers import connection, purge_run

Properties = dict[str, Any]

VERSION: Final = 1
_MOST_SHOWN: Final = 20


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
            plan = Plan.of(request)
            evidence, account = Evidence(), None
            if plan.purges or any(not one.deleted for one in plan.adoptions):
                account = connection.account()
                evidence = look_up(plan, account)
            verdict = judge(Case(plan, evidence, connection.configuration()))
        except Refusal as refusal:
            run.refuse()
            return CheckResult({}, [CheckFailure("", str(refusal))])
        except BaseException:
            run.refuse()
            raise
        for warning in verdict.warnings:
            pulumi.log.warn(str(warning))
        if verdict.refusals:
            run.refuse()
            return CheckResult({}, _failures(verdict.refusals))
        run.permit(purge_run.Permit(plan, evidence, account))
        inputs = {
            "version": VERSION,
            "wanted": len(plan.wanted),
            "digest": plan.digest,
            "purges": [one.id for one in plan.purges],
        }
        if request.day is not None:
            inputs["day"] = request.day.isoformat()
        return CheckResult(inputs, [])

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


def _recorded(properties: Properties) -> Properties:
    return {key: value for key, value in properties.items() if not key.startswith("__")}


def _failures(refusals: tuple[Refusal, ...]) -> list[CheckFailure]:
    texts = [str(one) for one in refusals[:_MOST_SHOWN]]
    more = len(refusals) - _MOST_SHOWN
    if more > 0:
        texts.append(f"and {more} more of these")
    # A failure that names a property would have the engine print the property's whole value.
    return [CheckFailure("", text) for text in texts]
