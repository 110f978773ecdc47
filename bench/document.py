"""docs/performance.md, from what a run measured."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from bench.account import COMPUTERS_A_USER
from bench.contenders.field import CONTENDERS
from bench.contenders.on_pulumi import ThisProject
from bench.results import Measurement, Operation, Results
from bench.targets import MEBIBYTE, targets

_NOT_MEASURED: Final = "-"
_ABOUT: Final = """\
Written by `make bench`, which measures this project and what one would use in its place, side by side in one run on one
machine. Seconds depend on the machine; the targets are ratios and counts within the run.""".splitlines()
_DETAILS: Final = """\
CPU time and memory are those of all processes of the command: for Pulumi the engine, the language host, the program and
the plugin. Memory, in MiB, is the largest sum of resident sizes seen in a look every tenth of a second; the plugin is
shown alone as well. Calls in flight are counted at the least: each is taken to last no longer than the sandbox
waits.""".splitlines()
_HOW: Final = """\
- `adopt` begins with nothing, every other operation with all bindings adopted. `preview` is that of the purge of a
  tenth; `no-op` finds nothing to do. What is purged are whole users, as when customers leave.
- An operation counts only if it did what it was to do: each binding that goes was in one accepted DELETE, no other one
  was in any, the account lists what was to stay, and the state holds as many. A no-op makes no call.
- Updates run without a preview of their own. Terraform plans in `apply`.
- State is the size of the file on disk by the number of bindings, all else that stands in it included.
- This project has its ledger, evidence and retries, and limits that let the purges pass; all else is default.
- The inventory is read in a process of its own, whose whole memory counts.""".splitlines()
_AGAIN: Final = """\
`make bench SIZES="100 1000"` is quicker, `make bench CONTENDERS="project stock"` leaves some out; neither writes this
page. The raw results are in `bench/results.json`.""".splitlines()
_VERDICTS: Final = {True: "met", False: "**not met**", None: "not measured"}


def page(results: Results, chart: str) -> str:
    """Return the page; `chart` is the name of the picture beside it."""
    parts = [
        _head(results),
        _targets(results),
        _times(results, chart),
        _growth(results),
        _details(results),
        _how(results),
    ]
    return "\n".join(line for part in parts for line in [*part, ""]).rstrip() + "\n"


def _head(results: Results) -> Iterator[str]:
    machine = results.machine
    terraform = f"Terraform {machine.terraform}" if machine.terraform else "no Terraform"
    yield "# Performance"
    yield ""
    yield from _ABOUT
    yield ""
    yield f"Measured on {results.day}: {machine.cores} cores, {machine.memory_bytes / 2**30:.0f} GiB of memory,"
    yield f"{machine.system}, Python {machine.python}, Pulumi {machine.engine}, {terraform}."
    yield f"The account is the sandbox, which answers each call after {results.latency_seconds * 1000:.0f} ms."


def _targets(results: Results) -> Iterator[str]:
    yield "## Targets"
    yield ""
    yield f"`{ThisProject.name}` stands for this project as `make up` runs it."
    yield ""
    yield from _table(
        ("target", "bound", "measured", "verdict"),
        ((one.what, one.bound, one.measured, _VERDICTS[one.is_met]) for one in targets(results)),
    )


def _times(results: Results, chart: str) -> Iterator[str]:
    yield "## Time"
    yield ""
    yield f"![Seconds by the number of bindings, for adopting, a no-op and the purge of a tenth]({chart})"
    for size in results.sizes:
        yield ""
        yield f"{size:,} bindings of {size // COMPUTERS_A_USER:,} users, wall-clock seconds:"
        yield ""
        yield from _table(("", *Operation, "state a binding"), _rows(results, size))
    if reasons := _reasons(results):
        yield ""
        yield from (f"- {one}" for one in reasons)


def _rows(results: Results, size: int) -> Iterator[tuple[str, ...]]:
    """Yield a row for each contender of which anything was measured at a size."""
    measured = {one.contender for one in results.measurements if one.bindings == size}
    yield from (_row(results, name, size) for name in results.contenders if name in measured)


def _row(results: Results, contender: str, size: int) -> tuple[str, ...]:
    seconds = (results.seconds(contender, size, operation) for operation in Operation)
    state = results.state_bytes(contender, size)
    return (
        contender,
        *(_NOT_MEASURED if one is None else f"{one:.1f}" for one in seconds),
        _NOT_MEASURED if state is None else f"{state:,.0f} B",
    )


def _reasons(results: Results) -> list[str]:
    """Return why there are gaps: each reason once, with the sizes that it holds for."""
    sizes: dict[tuple[str, str], list[int]] = {}
    for one in results.skipped:
        sizes.setdefault((one.contender, one.reason), []).append(one.bindings)
    return [
        f"{contender}, {' and '.join(f'{one:,}' for one in some)} bindings: {reason}."
        for (contender, reason), some in sizes.items()
    ]


def _growth(results: Results) -> Iterator[str]:
    yield "## How cost grows"
    if len(results.sizes) < 2:
        yield ""
        yield "One size alone was measured."
        return
    small, large = results.sizes[-2:]
    yield ""
    yield f"How many times as much `{ThisProject.name}` takes for {large:,} bindings as for {small:,}:"
    yield ""
    rows = []
    for operation in Operation:
        few, many = (results.find(ThisProject.name, size, operation) for size in (small, large))
        if few and many:
            time, cpu = many.usage.seconds / few.usage.seconds, many.usage.cpu_seconds / few.usage.cpu_seconds
            memory = many.usage.peak_bytes / few.usage.peak_bytes
            rows.append((str(operation), f"{time:.1f}", f"{cpu:.1f}", f"{memory:.1f}"))
    yield from _table(("", "time", "CPU time", "memory"), rows)


def _details(results: Results) -> Iterator[str]:
    yield "## What each operation takes"
    yield ""
    yield from _DETAILS
    for size in results.sizes:
        yield ""
        yield f"### {size:,} bindings"
        yield ""
        measured = [one for one in results.measurements if one.bindings == size and one.problem is None]
        yield from _table(
            ("", "operation", "wall s", "CPU s", "memory", "plugin", "calls", "in flight"), map(_detail, measured)
        )


def _detail(one: Measurement) -> tuple[str, ...]:
    plugin = one.usage.part_peak_bytes.get("plugin")
    calls = ", ".join(f"{number:,} {method}" for method, number in one.calls.items())
    return (
        one.contender,
        one.operation,
        f"{one.usage.seconds:.1f}",
        f"{one.usage.cpu_seconds:.1f}",
        f"{one.usage.peak_bytes / MEBIBYTE:,.0f}",
        _NOT_MEASURED if plugin is None else f"{plugin / MEBIBYTE:,.0f}",
        calls or "none",
        ", ".join(f"{one.in_flight[method]:,} {method}" for method in one.calls) or "none",
    )


def _how(results: Results) -> Iterator[str]:
    yield "## How it is measured"
    yield ""
    yield f"- Each user has {COMPUTERS_A_USER} computers, each on one destination. IDs are GUIDs."
    yield from _HOW
    yield ""
    abouts = {one.name: one.about for one in CONTENDERS.values()}
    yield from _table(("contender", ""), ((name, abouts[name]) for name in results.contenders))
    yield ""
    yield from _AGAIN


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"
