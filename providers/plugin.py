"""The way from a provider's methods into the plugin: what judges and purges is loaded when the first of them is called.

The program imports the resources to declare them, and with them their providers; it calls none, and starts a third
quicker without the ledger, the client and the rules.
"""

from typing import TYPE_CHECKING

from pulumi import dynamic

if TYPE_CHECKING:
    from erasure.plan import Bound
    from providers.operation import Operation


def operation() -> "Operation":
    """Return the operation that this process serves."""
    from providers.operation import current  # noqa: PLC0415 -- this is what the module is for

    return current()


def require_not_owed(bound: "Bound") -> None:
    """Raise Refusal where a binding's purge is intended or sent, or the ledger cannot tell."""
    from providers.checking import require_not_owed  # noqa: PLC0415 -- as above

    require_not_owed(bound)


def check_plan(request: str) -> dynamic.CheckResult:
    """Judge a plan's request, which is JSON, and permit it or refuse."""
    from providers.checking import check_plan  # noqa: PLC0415 -- as above

    return check_plan(request)
