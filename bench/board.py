"""What a person sees while it runs: a table on stderr that fills, and what is being measured now."""

from types import TracebackType
from typing import Final, Self

from rich.console import Console, Group
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table

from bench.results import Measurement, Operation, Skipped, StateSize

_WIDE: Final = 120  # columns where there is no terminal to say
_NOTHING: Final = "-"


class Board:
    """The table of a run. Where stderr is no terminal, a line for each measurement takes its place until the end."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True, highlight=False)
        if not self._console.is_terminal:
            self._console.width = _WIDE
        self._rows: dict[tuple[int, str], dict[str, str]] = {}
        self._now = ""
        self._live = Live(console=self._console, get_renderable=self._shown, refresh_per_second=4)

    def __enter__(self) -> Self:
        """Show it."""
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Leave the table as it is."""
        self._now = ""
        self._live.stop()

    def say(self, what: str) -> None:
        """Say what is being done now."""
        self._now = what

    def begin(self, bindings: int, contender: str, what: str) -> None:
        """Say what is being measured now."""
        self._rows.setdefault((bindings, contender), {})
        self.say(f"{bindings:,} bindings, {contender}: {what}")

    def measured(self, one: Measurement) -> None:
        """Show a measurement."""
        cell = f"{one.usage.seconds:.1f} s" if one.problem is None else "[red]failed[/red]"
        self._rows.setdefault((one.bindings, one.contender), {})[one.operation] = cell
        self._tell(f"{one.bindings:,} bindings, {one.contender}, {one.operation}: {one.usage.seconds:.1f} s")
        if one.problem is not None:
            self._console.print(f"{one.bindings:,} bindings, {one.contender}, {one.operation}: {one.problem}")

    def stored(self, one: StateSize) -> None:
        """Show how large a state is."""
        self._rows.setdefault((one.bindings, one.contender), {})["state"] = f"{one.state_bytes / one.bindings:,.0f} B"

    def skipped(self, one: Skipped) -> None:
        """Say what was left out."""
        self._console.print(f"[dim]{one.bindings:,} bindings, {one.contender}: {one.reason}[/dim]")

    def _tell(self, text: str) -> None:
        if not self._console.is_terminal:
            self._console.print(text)

    def _shown(self) -> Group:
        table = Table("bindings", "contender", *Operation, "state a binding")
        previous = None
        for (bindings, contender), cells in self._rows.items():
            if previous not in (None, bindings):
                table.add_section()
            previous = bindings
            operations = (cells.get(operation, _NOTHING) for operation in Operation)
            table.add_row(f"{bindings:,}", contender, *operations, cells.get("state", _NOTHING))
        return Group(table, *([Spinner("dots", self._now)] if self._now else []))
