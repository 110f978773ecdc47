"""The pages to render: of each report a usual one, and one in which every name is hostile."""

import datetime
from typing import Any, Final

from erasure.ledger import Verdict
from erasure.reports.page import Page
from erasure.reports.plan_page import plan_page
from erasure.reports.receipt_page import receipt_page
from erasure.reports.verification import Owed, Verification, Verified, verification_page
from tests.reports import receipts
from tests.reports.samples import COLD, ENDPOINT, HOSTILE, NOW, named, refused

_DAY: Final = datetime.timedelta(days=1)
_HOUR: Final = datetime.timedelta(hours=1)


def verified(computer: str, verdict: str, **other: Any) -> Verified:  # noqa: ANN401 -- fields of the model
    """Return what came of one purge."""
    usual: dict[str, Any] = {
        "binding": computer.casefold(),
        "life": "3f9c",
        "user": "6970973d-e245-4bbf-a766-dc65a96549c9",
        "destination": COLD,
        "computer": computer,
        "asked_at": NOW,
        "deadline": NOW + _DAY,
        "verdict": verdict,
        "because": "so the account says",
        "looked_now": verdict != "erased",
    }
    return Verified.model_validate(usual | other)


def verification(*purges: Verified, stack: str = "acme") -> Verification:
    """Return a verification of these purges."""
    verdicts = sorted(purge.verdict for purge in purges)
    counts = {verdict: verdicts.count(verdict) for verdict in verdicts}
    return Verification(stack=stack, endpoint=ENDPOINT, at=NOW + _DAY, counts=counts, erasures=purges)


def owed(computer: str, **other: Any) -> Owed:  # noqa: ANN401 -- fields of the model
    """Return a purge that was permitted an hour ago, and not sent."""
    usual = verified(computer, "pending").model_dump(include={"binding", "life", "user", "destination", "computer"})
    usual |= {"endpoint": ENDPOINT, "permitted_at": NOW + 23 * _HOUR, "deadline": NOW + 2 * _DAY, "due": None}
    return Owed.model_validate(usual | {"because": "no call was sent"} | other)


def hostile_receipt() -> Page:
    """Return the page of a receipt in which everything that can have a name has a hostile one."""
    purges = [
        receipts.purge(name, "erased", user=name, destination=name, reason=name, asked_by=name, because=name)
        for name in HOSTILE
    ]
    return receipt_page(receipts.receipt(purges, stack=HOSTILE[4]))


def hostile_verification() -> Page:
    """Return the page of a verification, likewise."""
    purges = [
        verified(name, "overdue", user=name, destination=name, because=name, asked_at=NOW + number * _DAY)
        for number, name in enumerate(HOSTILE)
    ]
    still = tuple(owed(name, user=name, destination=name, because=name) for name in HOSTILE)
    return verification_page(verification(*purges, stack=HOSTILE[4]).model_copy(update={"owed": still}))


USUAL: Final = {
    "plan": plan_page(refused()),
    "receipt": receipt_page(receipts.mixed()),
    "verification": verification_page(
        verification(*(verified(f"PC_{number}", verdict) for number, verdict in enumerate(Verdict)))
    ),
}
HOSTILE_PAGES: Final = {
    "plan": plan_page(named()),
    "receipt": hostile_receipt(),
    "verification": hostile_verification(),
}
