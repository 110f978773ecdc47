"""What this project is to reach, as ratios and counts within one run, whatever the machine."""

from dataclasses import dataclass
from typing import Final

from bench.contenders import OURS, STOCK, TERRAFORM, Contender
from bench.results import Operation, Results

MEBIBYTE: Final = 2**20

_SMALL: Final = 1000
_LARGE: Final = 10_000


@dataclass(frozen=True)
class Target:
    """What is to be reached, what was measured, and whether that is enough; None where it was not measured."""

    what: str
    bound: str
    measured: str
    is_met: bool | None


def targets(results: Results) -> list[Target]:
    """Return every target with what this run says to it."""

    def seconds(size: int, operation: Operation, contender: Contender = OURS) -> float | None:
        return results.seconds(contender.name, size, operation)

    def to_rival(what: str, size: int, operation: Operation, rival: Contender, most: float) -> Target:
        times = seconds(size, operation), seconds(size, operation, rival)
        return _ratio(f"{what}: time, to {rival.name}'s", *times, most)

    def growth(operation: Operation) -> Target:
        times = seconds(_LARGE, operation), seconds(_SMALL, operation)
        return _ratio(f"{operation} of 10,000 bindings: time, to that of 1,000", *times, 12)

    def calls(what: str, operation: Operation, method: str) -> Target:
        ours = results.find(OURS.name, _SMALL, operation)
        number = ours.calls.get(method, 0) if ours else None
        return _target(f"{what}: {method} calls", "100", number, is_met=number == 100)

    purge, adopt = "purge 1,000 bindings of 100 users", "adopt 1,000 bindings of 100 users"
    purged = results.find(OURS.name, _SMALL, Operation.PURGE_ALL)
    at_once = purged.in_flight.get("DELETE", 0) if purged else None
    states = [results.state_bytes(contender.name, _SMALL) for contender in (OURS, STOCK)]
    at_large = [each.usage for each in results.measurements if (each.contender, each.bindings) == (OURS.name, _LARGE)]
    plugin = max((usage.part_peak_bytes.get("plugin", 0) for usage in at_large), default=None)
    loaded = results.inventory
    inventory = f"inventory of {loaded.bindings if loaded else 100_000:,} bindings, read and checked"
    loading = loaded.seconds if loaded else None
    return [
        calls(purge, Operation.PURGE_ALL, "DELETE"),
        _target(f"{purge}: DELETE calls in flight", "at least 8", at_once, is_met=(at_once or 0) >= 8),
        to_rival(purge, _SMALL, Operation.PURGE_ALL, STOCK, 1 / 10),
        to_rival(purge, _SMALL, Operation.PURGE_ALL, TERRAFORM, 1 / 7),
        calls(adopt, Operation.ADOPT, "GET"),
        to_rival(adopt, _SMALL, Operation.ADOPT, STOCK, 1 / 6),
        _ratio(f"state a binding at 1,000, the plan's share included, to {STOCK.name}'s", states[0], states[1], 0.6),
        to_rival("no-op of 1,000 bindings", _SMALL, Operation.NO_OP, STOCK, 0.7),
        to_rival("no-op of 10,000 bindings", _LARGE, Operation.NO_OP, STOCK, 0.45),
        *map(growth, (Operation.ADOPT, Operation.NO_OP, Operation.PURGE_TENTH)),
        _memory("memory of the plugin at 10,000 bindings", plugin, 300),
        _target(f"{inventory}: time", "less than 5 s", loading, is_met=(loading or 0) < 5, form="{:.1f} s"),
        _memory(f"{inventory}: memory", loaded.peak_bytes if loaded else None, 500),
    ]


def _target(what: str, bound: str, measured: float | None, *, is_met: bool, form: str = "{:,}") -> Target:
    is_known = measured is not None
    return Target(what, bound, form.format(measured) if is_known else "-", is_met if is_known else None)


def _memory(what: str, size: int | None, most: int) -> Target:
    """Compare a number of bytes with one of MiB."""
    mebibytes = None if size is None else size / MEBIBYTE
    return _target(what, f"less than {most} MiB", mebibytes, is_met=(mebibytes or 0) < most, form="{:.0f} MiB")


def _ratio(what: str, part: float | None, whole: float | None, most: float) -> Target:
    ratio = None if part is None or whole is None else part / whole
    shown = "-" if ratio is None else _shown(ratio)
    return Target(what, f"at most {_shown(most)}", shown, None if ratio is None else ratio <= most)


def _shown(ratio: float) -> str:
    """Show a small ratio as a fraction, since that is how one speaks of it."""
    if ratio < 0.25:
        return f"1/{1 / ratio:.1f}".removesuffix(".0")
    return f"{ratio:.1f}".removesuffix(".0") if ratio >= 1 else f"{ratio:.2f}".removesuffix("0")
