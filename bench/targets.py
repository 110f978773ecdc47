"""What this project is to reach, as ratios and counts within one run, whatever the machine."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from bench.contenders.on_pulumi import Stock, ThisProject
from bench.contenders.on_terraform import TerraformData
from bench.results import Measurement, Operation, Results

MEBIBYTE: Final = 2**20

_OURS: Final = ThisProject.name
_STOCK: Final = Stock.name
_TERRAFORM: Final = TerraformData.name
_SMALL: Final = 1000
_LARGE: Final = 10_000
_GROWTH: Final = 12
_MOST_PLUGIN_BYTES: Final = 300 * MEBIBYTE
_MOST_INVENTORY_BYTES: Final = 500 * MEBIBYTE
_MOST_INVENTORY_SECONDS: Final = 5


@dataclass(frozen=True)
class Target:
    """What is to be reached, what was measured, and whether that is enough; None where it was not measured."""

    what: str
    bound: str
    measured: str
    is_met: bool | None


def targets(results: Results) -> list[Target]:
    """Return every target with what this run says to it."""
    return [
        *_purge(results),
        *_adoption(results),
        *_state(results),
        *_no_op(results),
        *_growth(results),
        *_size(results),
    ]


def _purge(results: Results) -> Iterator[Target]:
    ours = results.find(_OURS, _SMALL, Operation.PURGE_ALL)
    what = "purge 1,000 bindings of 100 users"
    yield _count(f"{what}: DELETE calls", ours.calls.get("DELETE", 0) if ours else None, "100", exactly=100)
    yield _count(
        f"{what}: DELETE calls in flight", ours.in_flight.get("DELETE", 0) if ours else None, "at least 8", least=8
    )
    yield _ratio(f"{what}: time, to {_STOCK}'s", *_times(results, _SMALL, Operation.PURGE_ALL, _STOCK), 1 / 10)
    yield _ratio(f"{what}: time, to {_TERRAFORM}'s", *_times(results, _SMALL, Operation.PURGE_ALL, _TERRAFORM), 1 / 7)


def _adoption(results: Results) -> Iterator[Target]:
    ours = results.find(_OURS, _SMALL, Operation.ADOPT)
    what = "adopt 1,000 bindings of 100 users"
    yield _count(f"{what}: GET calls", ours.calls.get("GET", 0) if ours else None, "100", exactly=100)
    yield _ratio(f"{what}: time, to {_STOCK}'s", *_times(results, _SMALL, Operation.ADOPT, _STOCK), 1 / 6)


def _state(results: Results) -> Iterator[Target]:
    ours, stock = results.state_bytes(_OURS, _SMALL), results.state_bytes(_STOCK, _SMALL)
    yield _ratio(f"state a binding at 1,000, the plan's share included, to {_STOCK}'s", ours, stock, 0.6)


def _no_op(results: Results) -> Iterator[Target]:
    for size, most in ((_SMALL, 0.7), (_LARGE, 0.45)):
        yield _ratio(
            f"no-op of {size:,} bindings: time, to {_STOCK}'s", *_times(results, size, Operation.NO_OP, _STOCK), most
        )


def _growth(results: Results) -> Iterator[Target]:
    for operation in (Operation.ADOPT, Operation.NO_OP, Operation.PURGE_TENTH):
        large, small = (results.seconds(_OURS, size, operation) for size in (_LARGE, _SMALL))
        yield _ratio(f"{operation} of 10,000 bindings: time, to that of 1,000", large, small, _GROWTH)


def _size(results: Results) -> Iterator[Target]:
    at_large = [one for one in results.measurements if (one.contender, one.bindings) == (_OURS, _LARGE)]
    plugin = max(map(_plugin_bytes, at_large), default=None)
    yield _amount("memory of the plugin at 10,000 bindings", plugin, _MOST_PLUGIN_BYTES)
    loaded = results.inventory
    what = f"inventory of {loaded.bindings if loaded else 100_000:,} bindings, read and checked"
    seconds = loaded.seconds if loaded else None
    yield Target(
        f"{what}: time",
        f"less than {_MOST_INVENTORY_SECONDS} s",
        "-" if seconds is None else f"{seconds:.1f} s",
        None if seconds is None else seconds < _MOST_INVENTORY_SECONDS,
    )
    yield _amount(f"{what}: memory", loaded.peak_bytes if loaded else None, _MOST_INVENTORY_BYTES)


def _plugin_bytes(one: Measurement) -> int:
    return one.usage.part_peak_bytes.get("plugin", 0)


def _times(results: Results, size: int, operation: Operation, rival: str) -> tuple[float | None, float | None]:
    return results.seconds(_OURS, size, operation), results.seconds(rival, size, operation)


def _ratio(what: str, part: float | None, whole: float | None, most: float) -> Target:
    bound = f"at most {_shown(most)}"
    if part is None or whole is None:
        return Target(what, bound, "-", None)
    return Target(what, bound, _shown(part / whole), part / whole <= most)


def _shown(ratio: float) -> str:
    """Show a small ratio as a fraction, since that is how one speaks of it."""
    if ratio < 0.25:
        return f"1/{1 / ratio:.1f}".removesuffix(".0")
    return f"{ratio:.1f}".removesuffix(".0") if ratio >= 1 else f"{ratio:.2f}".removesuffix("0")


def _count(what: str, number: int | None, bound: str, *, exactly: int | None = None, least: int = 0) -> Target:
    if number is None:
        return Target(what, bound, "-", None)
    return Target(what, bound, f"{number:,}", number == exactly if exactly is not None else number >= least)


def _amount(what: str, size: int | None, most: int) -> Target:
    bound = f"less than {most // MEBIBYTE} MiB"
    return (
        Target(what, bound, "-", None)
        if size is None
        else Target(what, bound, f"{size / MEBIBYTE:.0f} MiB", size < most)
    )
