"""The chart of docs/performance.md: seconds by the number of bindings, on logarithmic axes."""

from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter

from bench.results import Operation, Results

_SHOWN: Final = (Operation.ADOPT, Operation.NO_OP, Operation.PURGE_TENTH)
_SETTINGS: Final[dict[Any, Any]] = {"svg.hashsalt": "mbs-erasure", "svg.fonttype": "path", "font.size": 10}
# Okabe and Ito's colours, which differ to every eye; marker and line tell them apart in black and white.
_LINES: Final[tuple[dict[str, Any], ...]] = (
    {"color": "#0072B2", "marker": "o", "linestyle": "-"},
    {"color": "#56B4E9", "marker": "s", "linestyle": "--"},
    {"color": "#D55E00", "marker": "^", "linestyle": "-"},
    {"color": "#CC79A7", "marker": "D", "linestyle": "-."},
    {"color": "#000000", "marker": "x", "linestyle": ":"},
    {"color": "#009E73", "marker": "v", "linestyle": "--"},
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
        order = [contender for contender in results.contenders if contender in handles]
        labels = [handles[contender] for contender in order]
        figure.legend(labels, order, loc="outside lower center", ncols=3, frameon=False)
        figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None})


def _panel(axes: Axes, results: Results, operation: Operation) -> None:
    for contender, line in zip(results.contenders, _LINES, strict=False):
        times = {size: results.seconds(contender, size, operation) for size in results.sizes}
        points = {size: seconds for size, seconds in times.items() if seconds is not None}
        if points:
            axes.plot([*points], [*points.values()], label=contender, **line)
    axes.set_title(operation)
    axes.set_xlabel("bindings")
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xticks(results.sizes)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(FuncFormatter(lambda value, _place: f"{value:,.10g}"))
        axis.set_minor_formatter(NullFormatter())
    axes.grid(visible=True, which="major", color="#DDDDDD", linewidth=0.8)
