"""The rules as a CrossGuard policy pack: `pulumi preview --policy-pack policies`.

A pack sees no deletion. It sees the plan's resource, which names every purge and every rule that fired, at whatever
level the stack's own configuration has set it: so that an organisation's levels count beside the stack's.
"""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, get_args

from pulumi_policy import (
    EnforcementLevel,
    PolicyConfigSchema,
    PolicyPack,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
)

# The engine starts the pack by its folder, from which the project's packages are not found.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from erasure.configuration import RuleName
from policies.rules import DEFAULT_LEVELS, Finding, max_percent, max_purges, some

_PLAN: Final = "pulumi-python:dynamic/mbs:PurgePlan"
_LIMITS: Final[dict[str, tuple[str, Callable[[int, int, int], Iterator[Finding]]]]] = {
    "max-purges": ("maxPurges", lambda purges, _bound, limit: max_purges(purges, limit)),
    "max-percent": ("maxPurgePercent", max_percent),
}


def _policy(rule: RuleName) -> ResourceValidationPolicy:
    limit, fires = _LIMITS.get(rule, (None, None))
    # What an approval may lift only shows here, unless an organisation says otherwise.
    is_refused = DEFAULT_LEVELS[rule] == "refuse"

    def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
        purges = list(args.props.get("purges") or ())
        if args.resource_type != _PLAN or not purges:
            return
        said = None
        if rule in args.props.get("unjudged", (rule,)):
            said = "it could not be judged on this plan; the preview says why"
        elif limit is not None and fires is not None and limit in args.get_config():
            # What was purged in the last 24 hours counts too, and was bound then.
            recent = int(args.props["recent"])
            findings = fires(len(purges) + recent, int(args.props["bound"]) + recent, int(args.get_config()[limit]))
            said = next((f"{found}; {remedy}" for found, remedy in findings), None)
        elif rule in args.props.get("fired", ()):
            said = "it fired on this plan; the preview says why"
        if said is not None:
            report(f"{rule}: {said}; {len(purges):,} planned: {some(purges)}", None)

    return ResourceValidationPolicy(
        name=rule,
        description=f"The rule {rule} of a purge (docs/rules.md).",
        validate=validate,
        enforcement_level=EnforcementLevel.MANDATORY if is_refused else EnforcementLevel.ADVISORY,
        config_schema=PolicyConfigSchema(properties={limit: {"type": "integer", "minimum": 0}}) if limit else None,
    )


PolicyPack("mbs-erasure", policies=[_policy(rule) for rule in get_args(RuleName)])
