"""The way from a provider's methods into the plugin: what judges and purges is loaded when the first of them is called.

The program imports the resources to declare them, and with them their providers; it calls none, and starts a third
quicker without the ledger, the client and the rules.
"""

from typing import TYPE_CHECKING

from pulumi import dynamic

if TYPE_CHECKING:
    from providers.operation import Operation


def operation() -> "Operation":
    """Return the operation that this process serves."""
    from providers.operation import current  # noqa: PLC0415 -- this is what the module is for

    return current()


def check_plan(request: str) -> dynamic.CheckResult:
    """Judge a plan's request, which is JSON, and permit it or refuse."""
    from providers.checking import check_plan  # noqa: PLC0415 -- as above

    return check_plan(request)
