"""What the API tells, as far as a purge needs it.

Key spellings are the vendor's, and differ by resource. Unknown keys are let pass: the API grows.
"""

import datetime
from typing import Annotated, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

RUNNING: Final = 3  # the status of a backup plan that runs now; source: GET api/Monitoring


_YEARS: Final = range(1980, 2200)  # .NET's first and last moment stand for none


def _moment(value: object) -> object:
    """Read ISO 8601, which the API writes without a zone; what is no moment of a backup is none that is known."""
    try:
        moment = datetime.datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        moment = None
    return moment if moment is not None and moment.year in _YEARS else None


def _number(value: object) -> object:
    """Read a number, which some clients show as text; anything else is not known."""
    if isinstance(value, str) and value.strip().isdecimal() and len(value) < 10:
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)


class UserComputer(_Answer):
    """A computer of a user, and a destination that holds its data: what a purge addresses.

    It has no other fields: no size, date or hardware ID. Source: GET api/Users/{userId}/Computers.
    """

    destination_id: str = Field(alias="DestinationId", min_length=1)
    computer_name: str = Field(alias="ComputerName", min_length=1)


class UnusableRow(_Answer):
    """A row of a listing that names no computer or no destination: it may be of any."""

    destination_id: str | None = Field(default=None, alias="DestinationId")
    computer_name: str | None = Field(default=None, alias="ComputerName")


class NamedDestination(_Answer):
    """A destination with its names for people. Whether its ID is the one that a purge addresses is not documented."""

    id: str = Field(alias="ID")
    name: str = Field(alias="DestinationDisplayName")


def _well_formed(value: object) -> object:
    """Keep what can be read of names that nothing hangs on."""
    return [entry for entry in value if _is_named(entry)] if isinstance(value, list) else []


def _is_named(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(value.get(key), str) for key in ("ID", "DestinationDisplayName"))


class User(_Answer):
    """An MBS user, as far as needed: whether the account has it, and how people call it. Source: GET api/Users/{id}."""

    id: str = Field(alias="ID", min_length=1)
    login: str | None = Field(default=None, alias="Email")
    destinations: Annotated[list[NamedDestination], BeforeValidator(_well_formed)] = Field(
        default=[], alias="DestinationList"
    )


class PlanRun(_Answer):
    """The latest run of one backup plan. Source: GET api/Monitoring.

    `last_start` has no zone, and which one is meant is not documented; None: it never ran, or that is not known. Where
    `user_id` or `computer_name` is None, the run may be anybody's.
    """

    user_id: str | None = Field(default=None, alias="UserID")
    computer_name: str | None = Field(default=None, alias="ComputerName")
    last_start: Annotated[datetime.datetime | None, BeforeValidator(_moment)] = Field(default=None, alias="LastStart")
    status: Annotated[int | None, BeforeValidator(_number)] = Field(default=None, alias="Status")

    @property
    def is_running(self) -> bool | None:
        """Whether it is backing up now; None: that is not told."""
        return None if self.status is None else self.status == RUNNING


class StoredData(_Answer):
    """What is stored of a computer at a place that has a display name and no ID.

    Source: PUT api/Billing/Details. `computer` is None where the API does not say whose it is; sizes are in bytes.
    """

    computer: str | None = Field(default=None, alias="Computer")
    stored_bytes: int = Field(alias="SizeBackup", ge=0)


class Billing(_Answer):
    """What is stored of a user, in bytes. It reads as a monthly statistic: it corroborates, and proves nothing."""

    total: int | None = Field(default=None, alias="TotalBackupBytes", ge=0)
    details: list[StoredData] = Field(alias="UserDetailList")
