"""What the account is made of, and what the control side takes and gives: one class each, wherever it stands.

A stored thing is a row of the database (sandbox.store), a document of the control side, and an object of its client.
Times are ISO 8601, in UTC where they carry no zone. Sizes are in bytes.
"""

import re
from datetime import datetime, timedelta
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from sandbox.clock import as_utc
from sandbox.duration import Duration

Name = Annotated[str, StringConstraints(min_length=1, max_length=1000)]
Method = Annotated[str, StringConstraints(to_upper=True)]
HeaderName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]+$")]
HeaderText = Annotated[str, StringConstraints(pattern=r"^[\x20-\x7e]*$")]
Bytes = Annotated[int, Field(ge=0, le=2**60)]
Moment = Annotated[datetime, AfterValidator(as_utc)]
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


class _Stored(Message):
    stored_bytes: Bytes = Field(default=2**30, description="On each destination.")
    last_backup_ago: Duration | None = Field(default=_A_WHILE_AGO, description="null: it never backed up.")
    status: Status = 0


class Computer(_Stored):
    """A computer that is backed up, once to each destination."""

    name: Name
    destinations: list[Name] = Field(min_length=1)
    plan: Name = "Files"


class NewBinding(_Stored, BindingName):
    """A binding to add. The user and the destination are made if there are none of these IDs."""

    login: str = ""
    company: str = ""


class _Person(Message):
    id: Name
    login: str = ""
    first_name: str = ""
    last_name: str = ""
    company: str = ""
    enabled: bool = True


class User(_Person):
    """A user with the computers to add. Fields that are not given stay as they are for a user that exists."""

    deleted: bool = Field(default=False, description="The account is gone, its data is not.")
    computers: list[Computer] = []


class Backup(Message):
    """A computer that backs up, now by the sandbox's clock."""

    user: Name
    computer: Name
    destination: Name | None = Field(default=None, description="null: every destination that it backs up to.")
    stored_bytes: Bytes | None = Field(default=None, description="What is stored then. null: its usual size.")
    running: bool = Field(default=False, description="It has only just started (Monitoring's status 3).")


class _OneOfTwo(Message):
    of_two: ClassVar[tuple[str, str]]

    @model_validator(mode="after")
    def _is_one_given(self) -> Self:
        if [getattr(self, name) is None for name in self.of_two].count(True) != 1:
            raise ValueError("give either `{}` or `{}`".format(*self.of_two))
        return self


class Lock(_OneOfTwo):
    """Object lock on a destination: what is stored there cannot be deleted for a time. Give one of the two."""

    of_two = ("until", "lasting")

    destination: Name
    until: Moment | None = Field(default=None, description="A time that has passed lifts the lock.")
    lasting: Duration | None = None


class ClockMove(_OneOfTwo):
    """A move of the sandbox's clock. Give one of the two."""

    of_two = ("forward", "time")

    forward: Duration | None = None
    time: Moment | None = None


class ClockReading(Message):
    """The sandbox's time and the real one."""

    now: datetime
    real: datetime


class FaultMatch(Message):
    """Which requests of the MBS API a fault strikes. The first fault that matches a request strikes it, alone."""

    method: Method | None = Field(default=None, description="null: every method.")
    path_prefix: str | None = Field(default=None, description="Of the path, unescaped, such as /api/Users.")
    path_regex: re.Pattern[str] | None = Field(default=None, description="Found anywhere in the path, unescaped.")
    after: int = Field(default=0, ge=0, description="This many matching requests pass first.")
    count: int | None = Field(default=1, ge=1, description="How many requests it strikes. null: until it is cleared.")
    probability: float = Field(default=1.0, gt=0, le=1, description="Of striking a request that matches.")
    seed: int = Field(default=0, description="Of the dice, so that a run can be repeated.")
    delay: Duration = Field(default=timedelta(0), description="Waited before anything else, on top of the latency.")


class StatusFault(FaultMatch):
    """An answer in place of the effect."""

    kind: Literal["status"]
    status: int = Field(ge=200, le=599)
    body: Any = Field(default=None, description="Text is sent as it is, anything else as JSON, null as nothing.")
    repeat: int = Field(default=1, ge=1, le=2**20, description="The text is sent so many times over: for long answers.")
    content_type: str | None = Field(default=None, description="null: application/json for what is sent as JSON.")
    headers: dict[HeaderName, HeaderText] = {}


class PlainFault(FaultMatch):
    """`delay`: an answer that comes late, and nothing else. Of the others, what comes is no answer of the request's.

    `cut_before`, `cut_after`: the connection is reset, before the request took effect or after. `expired_token`: the
    token is dropped, and the request answered with 401.
    """

    kind: Literal["delay", "cut_before", "cut_after", "expired_token"]


Fault = Annotated[StatusFault | PlainFault, Field(discriminator="kind")]


class InjectedFault(Message):
    """A fault at work. `struck` counts the requests that it struck, `matched` those it could have."""

    id: int
    fault: Fault
    matched: int = 0
    struck: int = 0


class LoggedRequest(Message):
    """A request of the MBS API.

    `status` is null while it is being answered and where the connection was cut. The body is parsed: XML is shown as
    the JSON it stands for, text that cannot be parsed as text, and a password or a token as `***`.
    """

    sequence: int = 0
    at: datetime
    real_at: datetime
    method: str
    path: str = Field(description="Unescaped.")
    raw_path: str = Field(description="As it was sent.")
    query: dict[str, list[str]]
    content_type: str | None
    user_agent: str | None
    body: Any
    status: int | None = None
    cut: bool = False
    fault: str | None = Field(default=None, description="The kind of the fault that struck it.")


class StoredUser(_Person):
    """A user as stored."""

    deleted_at: Moment | None = None


class Destination(Message):
    """A place in somebody's cloud storage. Until `locked_until` its data cannot be deleted (object lock)."""

    id: Name
    account: Name
    bucket: Name
    storage: Name
    account_id: str = ""
    locked_until: Moment | None = None


class StoredBinding(BindingName):
    """A binding as stored. One that was purged stays here, neither listed nor with anything stored."""

    listed: bool
    stored_bytes: int
    size_bytes: int = Field(description="What a full backup takes.")
    last_backup: Moment | None
    status: int
    plan: str


class StoredPurge(BindingName):
    """An accepted purge of one binding. `done_at` is when it took effect: at `due_at`, or when a lock ended."""

    accepted_at: Moment
    due_at: Moment
    done_at: Moment | None


class State(Message):
    """Everything that is stored of the account. Sorted by name; purges in the order of their acceptance."""

    now: datetime
    users: list[StoredUser]
    destinations: list[Destination]
    bindings: list[StoredBinding]
    purges: list[StoredPurge]

    def binding(self, user: str, destination: str, computer: str) -> StoredBinding | None:
        """Return one binding, or None."""
        wanted = (user.casefold(), destination.casefold(), computer)
        for binding in self.bindings:
            if (binding.user.casefold(), binding.destination.casefold(), binding.computer) == wanted:
                return binding
        return None

    def stored_bytes(self, user: str) -> int:
        """Return how much is stored of a user."""
        return sum(row.stored_bytes for row in self.bindings if row.user.casefold() == user.casefold())


class Counts(Message):
    """How many there are now."""

    users: int
    destinations: int
    bindings: int
