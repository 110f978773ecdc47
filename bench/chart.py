"""The chart of docs/performance.md: seconds by the number of bindings, on logarithmic axes."""

from pathlib import Path
from typing import Any, Final, NamedTuple

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter

from bench.results import Operation, Results

_SHOWN: Final = (Operation.ADOPT, Operation.NO_OP, Operation.PURGE_TENTH)
_SETTINGS: Final[dict[Any, Any]] = {"svg.hashsalt": "mbs-erasure", "svg.fonttype": "path", "font.size": 10}


class _Line(NamedTuple):
    colour: str
    marker: str
    style: str


# Okabe and Ito's colours, which differ to every eye; marker and line tell them apart in black and white.
_LINES: Final = (
    _Line("#0072B2", "o", "-"),
    _Line("#56B4E9", "s", "--"),
    _Line("#D55E00", "^", "-"),
    _Line("#CC79A7", "D", "-."),
    _Line("#000000", "x", ":"),
    _Line("#009E73", "v", "--"),
)


def draw(results: Results, file: Path) -> None:
    """Write the chart as SVG; the same results give the same bytes."""
    with mpl.rc_context(_SETTINGS):
        figure = Figure(figsize=(11, 4.6), layout="constrained", facecolor="white")
        for axes, operation in zip(figure.subplots(1, len(_SHOWN), sharey=True), _SHOWN, strict=True):
            _panel(axes, results, operation)
        figure.axes[0].set_ylabel("wall-clock seconds")
        handles = {
            label: line for axes in figure.axes for line, label in zip(*axes.get_legend_handles_labels(), strict=True)
        }
        order = [one for one in results.contenders if one in handles]
        figure.legend([handles[one] for one in order], order, loc="outside lower center", ncols=3, frameon=False)
        figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None})


def _panel(axes: Axes, results: Results, operation: Operation) -> None:
    for contender, line in zip(results.contenders, _LINES, strict=False):
        measured = [(size, results.seconds(contender, size, operation)) for size in results.sizes]
        points = [(size, seconds) for size, seconds in measured if seconds is not None]
        if points:
            axes.plot(
                [size for size, _ in points],
                [seconds for _, seconds in points],
                color=line.colour,
                marker=line.marker,
                linestyle=line.style,
                label=contender,
            )
    axes.set_title(operation)
    axes.set_xlabel("bindings")
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xticks(results.sizes)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(FuncFormatter(_plain))
        axis.set_minor_formatter(NullFormatter())
    axes.grid(visible=True, which="major", color="#DDDDDD", linewidth=0.8)


def _plain(value: float, _place: int | None) -> str:
    return f"{value:,.10g}"
