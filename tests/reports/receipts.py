"""Receipts to show."""

import datetime
from typing import Any

from erasure.reports.receipt import LIMITS, Receipt

_HOUR = datetime.timedelta(hours=1)
_BEGIN = datetime.datetime(2026, 11, 30, 9, tzinfo=datetime.UTC)
_HISTORIES: dict[str, list[tuple[str, int, bool | None]]] = {
    "erased": [("pending", 1, True), ("delisted", 25, False), ("erased", 26, False)],
    "overdue": [("pending", 1, True), ("overdue", 25, True)],
    "returned": [("delisted", 25, False), ("erased", 26, False), ("returned", 47, True)],
    "unknown": [("unknown", 25, None)],
}
_BECAUSE = {
    "pending": "still listed; the deadline has not passed",
    "delisted": "not listed any more; a second look, an hour later or more, is to confirm it",
    "erased": "twice not listed past the deadline, nothing stored, no backup since",
    "overdue": "still listed past the deadline",
    "returned": "listed again after it had gone",
    "unknown": "the account does not know user u any more",
}


def purge(computer: str, verdict: str, **other: Any) -> dict[str, Any]:  # noqa: ANN401 -- fields of a purge
    """Return a purge with the looks that led to a verdict."""
    history = _HISTORIES[verdict]
    changes = [{"at": _BEGIN + hours * _HOUR, "verdict": name, "because": _BECAUSE[name]} for name, hours, _ in history]
    looks = [
        {
            "at": _BEGIN + hours * _HOUR,
            "listed": listed,
            "stored_bytes": None if listed is None else 0 if not listed else 48_318_382_080,
            "other_copies": 0,
            "last_backup_not_after": None,
            "problem": _BECAUSE["unknown"] if listed is None else None,
        }
        for _, hours, listed in history
    ]
    usual: dict[str, Any] = {
        "customer": "Acme Dental",
        "user": "6970973d-e245-4bbf-a766-dc65a96549c9",
        "computer": computer,
        "destination": "74c0060b-1ca5-4342-9d02-2a7f57e378c4",
        "endpoint": "https://api.mspbackups.com",
        "request": "DSR-2026-17",
        "due": datetime.date(2026, 12, 31),
        "due_met": "met" if verdict == "erased" else "open",
        "reason": "Erasure request of 28 November",
        "asked_by": "dana@msp.example",
        "approved_by": "eve@msp.example",
        "digest": "sha256:" + "3f9c" * 16,
        "set_size": 4,
        "commit": "3d3c42e5aac5ba805825da76410c181273ba90b1",
        "differed": False,
        "pull_request": "42",
        "run": "https://forge.example/msp/erasure/actions/runs/7",
        "stored_bytes": 48_318_382_080,
        "intended_at": _BEGIN - _HOUR,
        "calls": [{"at": _BEGIN}],
        "failures": [],
        "answer": "accepted",
        "answered_at": _BEGIN,
        "verdict": verdict,
        "because": _BECAUSE[verdict],
        "verdicts": changes,
        "looks": looks,
        "managed_again_at": None,
        "unverified": [] if verdict == "erased" else [f"That the data is erased: {_BECAUSE[verdict]}."],
        "events": [{"event": 7, "hash": "0" * 64}],
    }
    return usual | other


def receipt(purges: list[dict[str, Any]], **other: Any) -> Receipt:  # noqa: ANN401 -- fields of a receipt
    """Return a receipt of these purges."""
    counts: dict[str, int] = {}
    for one in purges:
        counts[one["verdict"]] = counts.get(one["verdict"], 0) + 1
    request = {
        "request": "DSR-2026-17",
        "due": datetime.date(2026, 12, 31),
        "purges": len(purges),
        "erased": counts.get("erased", 0),
        "due_met": "open",
    }
    usual: dict[str, Any] = {
        "stack": "acme",
        "made_at": _BEGIN + 48 * _HOUR,
        "selection": {"customer": None, "request": "DSR-2026-17", "since": None},
        "ledger": {"chain": "mbs-erasure/acme", "event": 1234, "hash": "9e21" * 16},
        "counts": counts,
        "requests": [request] if purges else [],
        "purges": purges,
        "limits": LIMITS,
    }
    return Receipt.model_validate(usual | other)


def mixed() -> Receipt:
    """Return a receipt with purges of several verdicts."""
    return receipt(
        [
            purge("CHARLIE-LAPTOP", "erased"),
            purge("RECEPTION-01", "erased"),
            purge("XRAY-ARCHIVE", "overdue"),
            purge("FRONT-DESK", "returned"),
            purge("OLD-SERVER", "unknown"),
        ]
    )
