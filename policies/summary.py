"""What stands under a refusal: totals first, then the largest and the riskiest purges."""

from collections.abc import Iterator
from typing import Final

from rich.filesize import decimal as shown_bytes

from erasure.identity import fold
from erasure.plan import Bound
from policies.judge import Ruling
from policies.rules import Case, counted

_SHOWN: Final = 5
FULL_LIST: Final = "MBS_PLAN_FILE"


def summary(case: Case, ruling: Ruling, file: str | None) -> str:
    """Return a few lines about all purges; `file` is where the full list was written, if it was."""
    purges = case.plan.purges
    if not purges:
        return ""
    users = len({fold(one.user) for one in purges})
    known = case.evidence.stored_bytes(purges)
    lines = [
        f"in all: {counted(len(purges))} of {len(case.plan.bound):,} bindings, {users:,} user{'s' * (users != 1)}"
        + (f", {shown_bytes(known)}" if known else ""),
        f"digest: {ruling.digest}",
        *(f"not lifted: {objection}" for objection in ruling.objections[:_SHOWN]),
        *_some("largest", _largest(case)),
        *_some("riskiest", _riskiest(case)),
        f"the full list: {file}" if file else f"for the full list, set {FULL_LIST} to a file's name and preview again",
    ]
    return "".join(f"\n    {line}" for line in lines)


def _some(title: str, purges: Iterator[tuple[Bound, str]]) -> Iterator[str]:
    for (purge, why), _ in zip(purges, range(_SHOWN), strict=False):
        yield f"{title}: {purge.identity} ({why})"


def _largest(case: Case) -> Iterator[tuple[Bound, str]]:
    facts = case.evidence.facts
    sizes = [(one, facts[one.id].stored_bytes or 0) for one in case.plan.purges if one.id in facts]
    for one, size in sorted(sizes, key=lambda pair: -pair[1]):
        if size:
            yield one, shown_bytes(size)


def _riskiest(case: Case) -> Iterator[tuple[Bound, str]]:
    facts = case.evidence.facts
    found = [(one, facts[one.id]) for one in case.plan.purges if one.id in facts]
    yield from ((one, "on hold") for one in case.plan.purges if one.hold)
    yield from ((one, "running now") for one, about in found if about.is_running)
    dated = [(one, about.last_backup) for one, about in found if about.last_backup and not about.is_running]
    for one, last in sorted(dated, key=lambda pair: pair[1], reverse=True):
        yield one, f"last backup {last.date()}"
