"""A stack's console, whose clock goes with the sandbox's."""

import contextlib
import datetime
from collections.abc import Iterator
from unittest import mock

from click.testing import CliRunner

from erasure import clock
from erasure.console.main import main
from tests.engine.rehearsal import Rehearsal


class Story:
    """Runs the console's commands for a stack, at an hour that moves on."""

    def __init__(self, rehearsal: Rehearsal) -> None:
        self.rehearsal = rehearsal
        self.hours = 0.0

    def goes_on_until(self, hours: float) -> None:
        """Move both clocks to so many hours after the beginning."""
        self.rehearsal.sandbox.move_clock(datetime.timedelta(hours=hours - self.hours))
        self.hours = hours

    def says(self, *arguments: str, code: int) -> str:
        """Run a command, which has to exit with this code, and return its report."""
        result = CliRunner().invoke(main, arguments, env=self.rehearsal.workspace.env, standalone_mode=False)
        assert result.exception is None, f"{result.exception!r} {result.output}"
        assert result.return_value == code, result.output
        return result.stdout


@contextlib.contextmanager
def telling(rehearsal: Rehearsal) -> Iterator[Story]:
    """Give a stack's story; until its end this process is in the stack's folder, and at the story's hour."""
    story, real = Story(rehearsal), clock.now

    def now() -> datetime.datetime:
        return real() + datetime.timedelta(hours=story.hours)

    with mock.patch.object(clock, "now", now), contextlib.chdir(rehearsal.workspace.directory):
        yield story
