"""What the control side takes and gives, as documents. The control client uses the same classes.

Times are ISO 8601, in UTC where they carry no zone. Sizes are in bytes.
"""

import re
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

from sandbox.duration import Duration

Name = Annotated[str, StringConstraints(min_length=1, max_length=1000)]
HeaderName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]+$")]
HeaderText = Annotated[str, StringConstraints(pattern=r"^[\x20-\x7e]*$")]
Bytes = Annotated[int, Field(ge=0, le=2**60)]
Status = Annotated[int, Field(ge=0, le=7, description="Of the latest backup, as Monitoring numbers it: 0 success ...")]

_A_WHILE_AGO = timedelta(days=30)  # so that what a test adds counts as quiet unless it says otherwise


class Message(BaseModel):
    """A document of the control side. Unknown keys are refused: a misspelt one must not pass for a default."""

    model_config = ConfigDict(extra="forbid")


class BindingName(Message):
    """Names a user's computer on a destination. IDs match whatever their letter case, the computer exactly."""

    user: Name
    destination: Name
    computer: Name


class Computer(Message):
    """A computer that is backed up, once to each destination."""

    name: Name
    destinations: list[Name] = Field(min_length=1)
    stored_bytes: Bytes = Field(default=2**30, description="On each destination.")
    last_backup_ago: Duration | None = Field(default=_A_WHILE_AGO, description="null: it never backed up.")
    status: Status = 0
    plan: Name = "Files"


class User(Message):
    """A user with the computers to add. Fields that are not given stay as they are for a user that exists."""

    id: Name
    login: str = ""
    first_name: str = ""
    last_name: str = ""
    company: str = ""
    enabled: bool = True
    deleted: bool = Field(default=False, description="The account is gone, its data is not.")
    computers: list[Computer] = []


class Destination(Message):
    """A place in somebody's cloud storage."""

    id: Name
    account: Name
    bucket: Name
    storage: Name


class NewBinding(BindingName):
    """A binding to add. The user and the destination are made if there are none of these IDs."""

    login: str = ""
    company: str = ""
    stored_bytes: Bytes = 2**30
    last_backup_ago: Duration | None = _A_WHILE_AGO
    status: Status = 0


class Backup(Message):
    """A computer that backs up, now by the sandbox's clock."""

    user: Name
    computer: Name
    destination: Name | None = Field(default=None, description="null: every destination that it backs up to.")
    stored_bytes: Bytes | None = Field(default=None, description="What is stored then. null: its usual size.")
    running: bool = Field(default=False, description="It has only just started (Monitoring's status 3).")


class Lock(Message):
    """Object lock on a destination: what is stored there cannot be deleted for a time. Give one of the two."""

    destination: Name
    until: datetime | None = Field(default=None, description="A time that has passed lifts the lock.")
    lasting: Duration | None = None

    @model_validator(mode="after")
    def _one_of_two(self) -> "Lock":
        if (self.until is None) == (self.lasting is None):
            raise ValueError("give either `until` or `lasting`")
        return self


class ClockMove(Message):
    """A move of the sandbox's clock. Give one of the two."""

    forward: Duration | None = None
    time: datetime | None = None

    @model_validator(mode="after")
    def _one_of_two(self) -> "ClockMove":
        if (self.forward is None) == (self.time is None):
            raise ValueError("give either `forward` or `time`")
        return self


class ClockReading(Message):
    """The sandbox's time and the real one."""

    now: datetime
    real: datetime


class FaultMatch(Message):
    """Which requests of the MBS API a fault strikes. The first fault that matches a request strikes it, alone."""

    method: str | None = Field(default=None, description="null: every method.")
    path_prefix: str | None = Field(default=None, description="Of the path, unescaped, such as /api/Users.")
    path_regex: str | None = Field(default=None, description="Found anywhere in the path, unescaped.")
    after: int = Field(default=0, ge=0, description="This many matching requests pass first.")
    count: int | None = Field(default=1, ge=1, description="How many requests it strikes. null: until it is cleared.")
    probability: float = Field(default=1.0, gt=0, le=1, description="Of striking a request that matches.")
    seed: int = Field(default=0, description="Of the dice, so that a run can be repeated.")
    delay: Duration = Field(default=timedelta(0), description="Waited before anything else, on top of the latency.")

    @field_validator("method")
    @classmethod
    def _upper(cls, method: str | None) -> str | None:
        return None if method is None else method.upper()

    @field_validator("path_regex")
    @classmethod
    def _regular(cls, pattern: str | None) -> str | None:
        try:
            re.compile(pattern or "")
        except re.error as error:
            raise ValueError(f"{pattern!r} is no regular expression: {error}") from None
        return pattern


class StatusFault(FaultMatch):
    """An answer in place of the effect."""

    kind: Literal["status"]
    status: int = Field(ge=200, le=599)
    body: Any = Field(default=None, description="Text is sent as it is, anything else as JSON, null as nothing.")
    repeat: int = Field(default=1, ge=1, le=2**20, description="The text is sent so many times over: for long answers.")
    content_type: str | None = Field(default=None, description="null: application/json for what is sent as JSON.")
    headers: dict[HeaderName, HeaderText] = {}


class DelayFault(FaultMatch):
    """An answer that comes late: give `delay`."""

    kind: Literal["delay"]


class CutFault(FaultMatch):
    """A connection that is reset instead of an answer, before the request took effect or after."""

    kind: Literal["cut_before", "cut_after"]


class ExpiredTokenFault(FaultMatch):
    """The token of the request is dropped, and the request answered with 401."""

    kind: Literal["expired_token"]


Fault = Annotated[StatusFault | DelayFault | CutFault | ExpiredTokenFault, Field(discriminator="kind")]


class InjectedFault(Message):
    """A fault at work. `struck` counts the requests that it struck, `matched` those it could have."""

    id: int
    fault: Fault
    matched: int
    struck: int


class LoggedRequest(Message):
    """A request of the MBS API.

    `status` is null while it is being answered and where the connection was cut. The body is parsed: XML is shown as
    the JSON it stands for, text that cannot be parsed as text, and a password or a token as `***`.
    """

    sequence: int
    at: datetime
    real_at: datetime
    method: str
    path: str = Field(description="Unescaped.")
    raw_path: str = Field(description="As it was sent.")
    query: dict[str, list[str]]
    content_type: str | None
    user_agent: str | None
    body: Any
    status: int | None
    cut: bool
    fault: str | None = Field(description="The kind of the fault that struck it.")


class StoredUser(Message):
    """A user as stored."""

    id: str
    login: str
    first_name: str
    last_name: str
    company: str
    enabled: bool
    deleted_at: datetime | None


class StoredDestination(Destination):
    """A destination as stored."""

    account_id: str
    locked_until: datetime | None


class StoredBinding(BindingName):
    """A binding as stored. One that was purged stays here, neither listed nor with anything stored."""

    listed: bool
    stored_bytes: int
    size_bytes: int = Field(description="What a full backup takes.")
    last_backup: datetime | None
    status: int
    plan: str


class StoredPurge(BindingName):
    """An accepted purge of one binding. `done_at` is when it took effect: at `due_at`, or when a lock ended."""

    accepted_at: datetime
    due_at: datetime
    done_at: datetime | None


class State(Message):
    """Everything that is stored of the account. Sorted by name; purges in the order of their acceptance."""

    now: datetime
    users: list[StoredUser]
    destinations: list[StoredDestination]
    bindings: list[StoredBinding]
    purges: list[StoredPurge]

    def binding(self, user: str, destination: str, computer: str) -> StoredBinding | None:
        """Return one binding, or None."""
        wanted = (user.casefold(), destination.casefold(), computer)
        named = ((one.user.casefold(), one.destination.casefold(), one.computer) for one in self.bindings)
        return next((one for one, name in zip(self.bindings, named, strict=True) if name == wanted), None)

    def stored_bytes(self, user: str) -> int:
        """Return how much is stored of a user."""
        return sum(one.stored_bytes for one in self.bindings if one.user.casefold() == user.casefold())


class Counts(Message):
    """How many there are now."""

    users: int
    destinations: int
    bindings: int
