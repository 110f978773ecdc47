"""A stack's console, whose clock goes with the sandbox's."""

import contextlib
import datetime
from types import TracebackType
from typing import Self
from unittest import mock

from click.testing import CliRunner

from erasure import clock
from erasure.console.main import main
from tests.engine.rehearsal import Rehearsal


class Story:
    """Runs the console's commands for a stack, at an hour that moves on. While it is entered, it moves this process."""

    def __init__(self, rehearsal: Rehearsal) -> None:
        self.rehearsal = rehearsal
        self._hours = 0.0
        self._until_the_end = contextlib.ExitStack()

    def __enter__(self) -> Self:
        real = clock.now

        def now() -> datetime.datetime:
            return real() + datetime.timedelta(hours=self._hours)

        moved = mock.patch.object(clock, "now", now)
        self._until_the_end.enter_context(moved)
        self._until_the_end.enter_context(contextlib.chdir(self.rehearsal.workspace.directory))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._until_the_end.close()

    def goes_on_until(self, hours: float) -> None:
        """Move both clocks to so many hours after the beginning."""
        self.rehearsal.sandbox.move_clock(datetime.timedelta(hours=hours - self._hours))
        self._hours = hours

    def says(self, *arguments: str, code: int) -> str:
        """Run a command, which has to exit with this code, and return its report."""
        result = CliRunner().invoke(main, arguments, env=self.rehearsal.workspace.env, standalone_mode=False)
        assert result.exception is None, f"{result.exception!r} {result.output}"
        assert result.return_value == code, result.output
        return result.stdout
