"""The plan of an operation as a Pulumi resource: what its check refuses fails the preview and the update.

As with the bindings, names here are a state format.
"""

from typing import Any, Final

import pulumi
from pulumi import dynamic

from erasure.plan import PlanRequest
from providers import plugin

Properties = dict[str, Any]

VERSION: Final = 1


class PurgePlanProvider(dynamic.ResourceProvider):
    """Judges a plan. It has no attributes: the state holds its name alone."""

    serialize_as_secret_always = False  # there is nothing secret in a name

    def configure(self, req: dynamic.ConfigureRequest) -> None:
        """Take the connection from the stack's configuration."""
        plugin.operation().configure(req)

    def check(self, _olds: Properties, news: Properties) -> dynamic.CheckResult:
        """Judge what this operation would purge, and permit it or refuse."""
        return plugin.check_plan(news["request"])

    def diff(self, _id: str, _olds: Properties, _news: Properties) -> dynamic.DiffResult:
        """Compare all but the day; purges that became none were purged, which is no change to show."""
        changes = any(_olds.get(key) != _news.get(key) for key in ("version", "wanted", "digest"))
        purges = _news.get("purges")
        return dynamic.DiffResult(changes=changes or (bool(purges) and purges != _olds.get("purges")), replaces=[])

    def create(self, props: Properties) -> dynamic.CreateResult:
        """Record the plan."""
        return dynamic.CreateResult("plan", _recorded(props))

    def read(self, id_: str, props: Properties) -> dynamic.ReadResult:
        """Return the plan as it was recorded: it exists nowhere else."""
        return dynamic.ReadResult(id_, dict(props))

    def update(self, _id: str, _olds: Properties, _news: Properties) -> dynamic.UpdateResult:
        """Record the plan."""
        return dynamic.UpdateResult(_recorded(_news))

    def delete(self, _id: str, _props: Properties) -> None:
        """Nothing depends on a recorded plan: the next operation reads the state and judges anew."""


class PurgePlan(dynamic.Resource, module="mbs", name="PurgePlan"):
    """The resource of a plan: declared once, before the bindings."""

    def __init__(self, request: PlanRequest, opts: pulumi.ResourceOptions | None = None) -> None:
        """Declare the plan of this operation."""
        # One JSON string: the SDK takes milliseconds for every value of a property.
        super().__init__(PurgePlanProvider(), "plan", {"request": request.model_dump_json(exclude_defaults=True)}, opts)


def _recorded(properties: Properties) -> Properties:
    return {key: value for key, value in properties.items() if not key.startswith("__")}
