"""What a person sees of a command: its report on stdout, and, on a terminal's stderr, that it is at work."""

import contextlib
import sys
from collections.abc import Iterator
from typing import Final

from rich.console import Console
from rich.live import Live
from rich.spinner import Spinner

_WIDTH: Final = 160  # columns of a log, which is no terminal


def report_console() -> Console:
    """Return where a report is printed."""
    return Console(highlight=False, width=None if sys.stdout.isatty() else _WIDTH)


@contextlib.contextmanager
def working(on: str) -> Iterator[None]:
    """Show that a command is at work while the block runs, and on what."""
    shown = Spinner("dots", f"{on} ...")
    # The report is for stdout; by default it would be taken along to stderr.
    with Live(shown, console=Console(stderr=True), transient=True, redirect_stdout=False, redirect_stderr=False):
        yield
