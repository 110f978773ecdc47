"""docs/performance.md, from what a run measured."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from bench.account import COMPUTERS_A_USER
from bench.contenders import CONTENDERS, OURS
from bench.results import Measurement, Operation, Results
from bench.targets import MEBIBYTE, targets

_NOT_MEASURED: Final = "-"
_VERDICTS: Final = {True: "met", False: "**not met**", None: "not measured"}


def page(results: Results, chart: str) -> str:
    """Return the page; `chart` is the name of the picture beside it."""
    machine = results.machine
    terraform = f"Terraform {machine.terraform}" if machine.terraform else "no Terraform"
    verdicts = [(each.what, each.bound, each.measured, _VERDICTS[each.is_met]) for each in targets(results)]
    abouts = {contender.name: contender.about for contender in CONTENDERS.values()}
    return f"""\
# Performance

Written by `make bench`, which measures this project and what one would use in its place, side by side in one run on one
machine. Seconds depend on the machine; the targets are ratios and counts within the run.

Measured on {results.day}: {machine.cores} cores, {machine.memory_bytes / 2**30:.0f} GiB of memory,
{machine.system}, Python {machine.python}, Pulumi {machine.engine}, {terraform}.
The account is the sandbox, which answers each call after {results.latency_seconds * 1000:.0f} ms.

## Targets

`{OURS.name}` stands for this project as `make up` runs it.

{_table(("target", "bound", "measured", "verdict"), verdicts)}

## Time

![Seconds by the number of bindings, for adopting, a no-op and the purge of a tenth]({chart})

{times(results)}
{_gaps(results)}## How cost grows

{_growth(results)}

## What each operation takes

CPU time and memory are those of all processes of the command: for Pulumi the engine, the language host, the program and
the plugin. Memory, in MiB, is the largest sum of resident sizes seen in a look every tenth of a second; the plugin is
shown alone as well. Calls in flight are counted at the least: each is taken to last no longer than the sandbox
waits.

{"".join(_details(results, size) for size in results.sizes)}## How it is measured

- Each user has {COMPUTERS_A_USER} computers, each on one destination. IDs are GUIDs.
- `adopt` begins with nothing, every other operation with all bindings adopted. `preview` is that of the purge of a
  tenth; `no-op` finds nothing to do. What is purged are whole users, as when customers leave.
- An operation counts only if it did what it was to do: each binding that goes was in one accepted DELETE, no other one
  was in any, the account lists what was to stay, and the state holds as many. A no-op makes no call.
- Updates run without a preview of their own. Terraform plans in `apply`.
- State is the size of the file on disk by the number of bindings, all else that stands in it included.
- This project has its ledger, evidence and retries, and limits that let the purges pass; all else is default.
- The inventory is read in a process of its own, whose whole memory counts.

{_table(("contender", ""), [(name, abouts[name]) for name in results.contenders])}

`make bench SIZES="100 1000"` is quicker, `make bench CONTENDERS="project stock"` leaves some out; neither writes this
page. The raw results are in `bench/results.json`.
"""


def times(results: Results) -> str:
    """Return the tables of seconds, one for each size."""
    return "\n".join(
        f"{size:,} bindings of {size // COMPUTERS_A_USER:,} users, wall-clock seconds:\n\n"
        f"{_table(('', *Operation, 'state a binding'), _rows(results, size))}\n"
        for size in results.sizes
    )


def _rows(results: Results, size: int) -> Iterator[list[str]]:
    """Yield a row for each contender of which anything was measured at a size."""
    measured = {each.contender for each in results.measurements if each.bindings == size}
    for contender in results.contenders:
        if contender in measured:
            times = (results.seconds(contender, size, operation) for operation in Operation)
            state = results.state_bytes(contender, size)
            cells = (_NOT_MEASURED if seconds is None else f"{seconds:.1f}" for seconds in times)
            yield [contender, *cells, _NOT_MEASURED if state is None else f"{state:,.0f} B"]


def _gaps(results: Results) -> str:
    """Say why there are gaps: each reason once, with the sizes that it holds for."""
    gaps: dict[tuple[str, str], list[str]] = {}
    for skipped in results.skipped:
        gaps.setdefault((skipped.contender, skipped.reason), []).append(f"{skipped.bindings:,}")
    lines = [
        f"- {contender}, {' and '.join(sizes)} bindings: {reason}.\n" for (contender, reason), sizes in gaps.items()
    ]
    return "".join([*lines, "\n"]) if lines else ""


def _growth(results: Results) -> str:
    if len(results.sizes) < 2:
        return "One size alone was measured."
    small, large = results.sizes[-2:]
    rows = []
    for operation in Operation:
        few, many = (results.find(OURS.name, size, operation) for size in (small, large))
        if few and many:
            figures = ("seconds", "cpu_seconds", "peak_bytes")
            ratios = (getattr(many.usage, figure) / getattr(few.usage, figure) for figure in figures)
            rows.append((operation, *(f"{ratio:.1f}" for ratio in ratios)))
    what = f"How many times as much `{OURS.name}` takes for {large:,} bindings as for {small:,}:"
    return f"{what}\n\n{_table(('', 'time', 'CPU time', 'memory'), rows)}"


def _details(results: Results, size: int) -> str:
    head = ("", "operation", "wall s", "CPU s", "memory", "plugin", "calls", "in flight")
    measured = [each for each in results.measurements if each.bindings == size and each.problem is None]
    return f"### {size:,} bindings\n\n{_table(head, map(_detail, measured))}\n\n"


def _detail(measurement: Measurement) -> tuple[str, ...]:
    usage, calls, in_flight = measurement.usage, measurement.calls, measurement.in_flight
    plugin = usage.part_peak_bytes.get("plugin")
    return (
        measurement.contender,
        measurement.operation,
        f"{usage.seconds:.1f}",
        f"{usage.cpu_seconds:.1f}",
        f"{usage.peak_bytes / MEBIBYTE:,.0f}",
        _NOT_MEASURED if plugin is None else f"{plugin / MEBIBYTE:,.0f}",
        ", ".join(f"{number:,} {method}" for method, number in calls.items()) or "none",
        ", ".join(f"{in_flight[method]:,} {method}" for method in calls) or "none",
    )


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = (f"| {' | '.join(row)} |" for row in rows)
    return "\n".join([f"| {' | '.join(head)} |", f"|{'---|' * len(head)}", *lines])
