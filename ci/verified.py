"""What `verify` found, as Markdown for a pipeline's summary."""

import json
from typing import Any

from erasure.reports.markdown import escaped

_LISTED = 200
_HEAD = ("Verdict", "Computer", "User", "Destination", "Asked for (UTC)", "Because")
# What needs somebody first.
_ORDER = ("returned", "contradicted", "overdue", "unknown", "delisted", "pending")


def verified_markdown(text: str) -> str:
    """Return the report of `verify --format json` as Markdown: the numbers, and each purge that is not yet erased."""
    found = json.loads(text)
    counts = ", ".join(f"{number:,} {verdict}" for verdict, number in sorted(found["counts"].items()))
    lines = [f"### Purges of {escaped(found['stack'])}: {counts or 'none was asked for'}"]
    open_ = [one for one in found["erasures"] if one["verdict"] != "erased"]
    if open_:
        open_.sort(key=lambda one: (_ORDER.index(one["verdict"]), one["asked_at"], one["binding"]))
        lines += ["", f"| {' | '.join(_HEAD)} |", "|---" * len(_HEAD) + "|", *map(_row, open_[:_LISTED])]
    if len(open_) > _LISTED:
        lines += ["", f"and {len(open_) - _LISTED:,} more, in the JSON report"]
    return "\n".join(lines)


def _row(one: dict[str, Any]) -> str:
    asked_at = one["asked_at"][:16].replace("T", " ")
    verdict, computer, user, destination, because = (
        escaped(one[key]) for key in ("verdict", "computer", "user", "destination", "because")
    )
    return f"| {verdict} | {computer} | {user} | {destination} | {asked_at} | {because} |"
