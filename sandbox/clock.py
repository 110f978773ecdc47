"""The sandbox's own clock: the real one and an offset that tests and demos move."""

from datetime import UTC, datetime, timedelta
from typing import Final

_EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST: Final = datetime(9000, 1, 1, tzinfo=UTC)  # leaves room for delays and locks counted from it


class Clock:
    """Tells the time by which the sandbox lives. It runs on at the pace of the real one."""

    def __init__(self, offset: timedelta = timedelta(0)) -> None:
        self.offset = offset

    def now(self) -> datetime:
        """Return the sandbox's time, in UTC."""
        return real_now() + self.offset

    def set(self, time: datetime) -> None:
        """Put the clock at a time. What has already happened stays so when it is put back.

        A time without a zone counts as UTC. Raises ValueError outside the years 1970 to 9000.
        """
        moment = as_utc(time)
        if not _EARLIEST <= moment <= _LATEST:
            raise ValueError(f"{moment.isoformat()} is outside the years 1970 to 9000")
        self.offset = moment - real_now()

    def forward(self, duration: timedelta) -> None:
        """Move the clock on. Raises ValueError past the year 9000."""
        self.set(self.now() + duration)


def real_now() -> datetime:
    """Return the machine's time, in UTC."""
    return datetime.now(UTC)


def as_utc(time: datetime) -> datetime:
    """Return the same moment in UTC; a time without a zone is taken to be UTC already."""
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
