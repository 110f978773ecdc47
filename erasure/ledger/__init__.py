"""The ledger: what was done to whose data, in an order that cannot be changed unnoticed."""

from erasure.ledger.check import Broken, check
from erasure.ledger.event import Event, Kind, LedgerError, Record
from erasure.ledger.lease import Holder, Lease, LeaseHeld
from erasure.ledger.ledger import Ledger, is_default
from erasure.ledger.life import SECOND_LOOK, Life, Observation, Verdict, is_return, purges_in

__all__ = [
    "SECOND_LOOK",
    "Broken",
    "Event",
    "Holder",
    "Kind",
    "Lease",
    "LeaseHeld",
    "Ledger",
    "LedgerError",
    "Life",
    "Observation",
    "Record",
    "Verdict",
    "check",
    "is_default",
    "is_return",
    "purges_in",
]
