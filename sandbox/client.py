"""A client of a sandbox's control side, for tests and the demo."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, Literal, TypeVar
from urllib.parse import quote

import requests
from pydantic import BaseModel, TypeAdapter

from sandbox.duration import parse_duration
from sandbox.messages import (
    Backup,
    BindingName,
    ClockMove,
    ClockReading,
    Counts,
    Fault,
    InjectedFault,
    Lock,
    LoggedRequest,
    NewBinding,
    State,
    StoredBinding,
    User,
)
from sandbox.settings import Settings

T = TypeVar("T")
FaultKind = Literal["status", "delay", "cut_before", "cut_after", "expired_token"]

_TIMEOUT: Final = 60  # seconds; the largest seeds take a few
_FAULT: Final[TypeAdapter[Fault]] = TypeAdapter(Fault)


class ControlRefused(Exception):
    """The control side did not do what was asked; the text is its reason."""


class SandboxControl:
    """The control side of the sandbox at an address. Durations may be given as text: "25h". Safe to use from threads.

    Each method raises ControlRefused where the sandbox refuses, pydantic's ValidationError for what cannot be meant,
    and a `requests` exception where there is no sandbox.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._session = requests.Session()
        self._session.trust_env = False  # a proxy of the environment does not lead to this machine

    def requests(self, method: str | None = None, path: str = "", since: int = 0) -> list[LoggedRequest]:
        """Return the requests that the MBS API received, in order: of a method, below a path, after a number."""
        received = self._call("GET", f"requests?since={since}", list[LoggedRequest])
        return [request for request in received if method in (None, request.method) and request.path.startswith(path)]

    def clear_requests(self) -> None:
        """Forget the requests so far."""
        self._send("DELETE", "requests")

    def clock(self) -> ClockReading:
        """Read the sandbox's clock and the real one."""
        return self._call("GET", "clock", ClockReading)

    def move_clock(self, forward: timedelta | str) -> ClockReading:
        """Move the clock on."""
        return self._call("POST", "clock", ClockReading, ClockMove(forward=parse_duration(forward)))

    def set_clock(self, time: datetime) -> ClockReading:
        """Put the clock at a time; UTC where it has no zone."""
        return self._call("POST", "clock", ClockReading, ClockMove(time=time))

    def inject(self, kind: FaultKind, **fields: Any) -> InjectedFault:  # noqa: ANN401 -- the fields of that fault
        """Inject a fault, which strikes once unless `count` is given.

        The keywords are the fields of its class in sandbox.messages, such as method, path_prefix, status, delay.
        """
        return self._call("POST", "faults", InjectedFault, _FAULT.validate_python({"kind": kind, **fields}))

    def faults(self) -> list[InjectedFault]:
        """Return the faults with how often each struck."""
        return self._call("GET", "faults", list[InjectedFault])

    def clear_faults(self) -> None:
        """End every fault."""
        self._send("DELETE", "faults")

    def settings(self) -> Settings:
        """Return every setting."""
        return self._call("GET", "settings", Settings)

    def change_settings(self, **changes: Any) -> Settings:  # noqa: ANN401 -- the fields of Settings
        """Change settings: the keywords are the fields of sandbox.settings.Settings."""
        return self._call("PATCH", "settings", Settings, Settings.model_validate(changes))

    def state(self) -> State:
        """Return everything that is stored."""
        return self._call("GET", "state", State)

    def seed(self, users: Sequence[User | Mapping[str, Any]]) -> Counts:
        """Add users with their computers, as User objects or as the documents they stand for."""
        validated = TypeAdapter(list[User]).validate_python(list(users))
        return self._call("POST", "seed", Counts, validated)

    def reset(self, seed: Literal["demo", "none"] = "none") -> None:
        """Begin as with a new database; only the tokens that were given out stay good, by the clock."""
        self._send("POST", f"reset?seed={seed}")

    def add(self, user: str, destination: str, computer: str, **fields: Any) -> StoredBinding:  # noqa: ANN401 -- as above
        """Add a binding: the keywords are the other fields of sandbox.messages.NewBinding."""
        document = {"user": user, "destination": destination, "computer": computer, **fields}
        return self._call("POST", "computers", StoredBinding, NewBinding.model_validate(document))

    def remove(self, user: str, destination: str, computer: str) -> None:
        """Take a binding away with its data, as someone in the console would."""
        self._send("DELETE", "computers", BindingName(user=user, destination=destination, computer=computer))

    def delete_user(self, user: str) -> None:
        """Delete a user's account; the data stays."""
        self._send("POST", f"users/{quote(user, safe='')}/delete")

    def backup(self, user: str, computer: str, destination: str | None = None, **fields: Any) -> None:  # noqa: ANN401 -- as above
        """Let a computer back up now, to one destination or to all of its own.

        The keywords are the other fields of sandbox.messages.Backup.
        """
        self._send("POST", "backup", Backup(user=user, computer=computer, destination=destination, **fields))

    def lock(self, destination: str, lasting: timedelta | str) -> None:
        """Put object lock on a destination, from now on."""
        self._send("POST", "lock", Lock(destination=destination, lasting=parse_duration(lasting)))

    def unlock(self, destination: str) -> None:
        """Take object lock off a destination."""
        self.lock(destination, "0s")

    def _call(self, method: str, path: str, kind: type[T], message: object = None) -> T:
        return TypeAdapter(kind).validate_json(self._send(method, path, message))

    def _send(self, method: str, path: str, message: object = None) -> bytes:
        answer = self._session.request(method, f"{self.url}/_sandbox/{path}", json=_given(message), timeout=_TIMEOUT)
        if not answer.ok:
            raise ControlRefused(f"{method} {path}: {answer.status_code} {answer.text}")
        return answer.content


def _given(message: object) -> object:
    """Return a message as a document of the fields that were given."""
    if isinstance(message, BaseModel):
        return message.model_dump(mode="json", exclude_unset=True)
    return [_given(item) for item in message] if isinstance(message, list) else message
