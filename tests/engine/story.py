"""A stack's console, whose clock goes with the sandbox's."""

import contextlib
import datetime
from collections.abc import Iterator
from unittest import mock

from erasure import clock
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
        return self.rehearsal.says(*arguments, code=code)


@contextlib.contextmanager
def telling(rehearsal: Rehearsal) -> Iterator[Story]:
    """Give a stack's story; until its end this process is at the story's hour."""
    story, real = Story(rehearsal), clock.now

    def now() -> datetime.datetime:
        return real() + datetime.timedelta(hours=story.hours)

    with mock.patch.object(clock, "now", now):
        yield story
