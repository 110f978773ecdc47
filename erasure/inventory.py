"""The inventory: what should stay backed up, as a reviewed YAML file (version 1)."""

import datetime
import difflib
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError

from erasure.errors import Problems
from erasure.identity import Identity, fold
from erasure.yaml_source import Place, Untyped, YamlSource

_LONGEST_NAME: Final = 255
_LONGEST_REASON: Final = 1000
# Control characters are in no name that a person typed; they would garble reports and terminals.
_PRINTABLE: Final = (
    r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]*[^\s\x00-\x1f\x7f-\x9f\u2028\u2029][^\x00-\x1f\x7f-\x9f\u2028\u2029]*$"
)


def _version(value: object) -> object:
    return int(value.text) if isinstance(value, Untyped) and value.text.isdecimal() and len(value.text) < 10 else value


def _flag(value: object) -> object:
    words = {"true": True, "false": False}
    return words.get(value.text.lower(), value) if isinstance(value, Untyped) else value


def _day(value: object) -> object:
    text = value.text if isinstance(value, Untyped) else value
    if not isinstance(text, str) or len(text) != 10:
        return value
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        return value


_Name = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=_LONGEST_NAME, pattern=_PRINTABLE)]
_Reason = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=_LONGEST_REASON, pattern=_PRINTABLE)]
_Day = Annotated[datetime.date, BeforeValidator(_day)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class ComputerEntry(_Model):
    """One computer of a user, and where its backups are."""

    name: _Name = Field(description="Computer name as the account lists it; letter case does not matter.")
    destinations: list[_Name] = Field(
        min_length=1, description="IDs of the destinations that hold its data, as `GET api/Users/{id}/Computers` lists."
    )
    hold: _Reason | None = Field(
        default=None, description="Why this computer's data must not be purged, for as long as this stands here."
    )
    purge_after: _Day | None = Field(
        default=None, description="From this day (UTC) on the entry counts as dropped, and its data is purged."
    )
    release: _Reason | None = Field(
        default=None, description="Why this computer is no longer managed here. Its data is kept: nothing is deleted."
    )


class UserEntry(_Model):
    """One MBS user and the computers that back up under it."""

    id: _Name = Field(description="MBS user ID, as the API gives it.")
    login: _Reason | None = Field(default=None, description="The user's login, for people who read this file.")
    deleted: Annotated[bool, BeforeValidator(_flag)] = Field(
        default=False, description="true: the MBS account is gone, its data is not; adoption is not checked."
    )
    computers: list[ComputerEntry] = Field(min_length=1, description="The computers of this user.")


class InventoryFile(_Model):
    """What should stay backed up. `users: []` is the only way to say that nothing is wanted any more."""

    version: Annotated[Literal[1], BeforeValidator(_version)] = Field(description="The version of this format: 1.")
    customer: _Reason | None = Field(default=None, description="The customer, for people who read this file.")
    users: list[UserEntry] = Field(description="The customer's MBS users. A user may recur with other destinations.")


@dataclass(frozen=True)
class Entry:
    """One binding that the inventory names.

    `hold` and `release` are reasons or None; `purge_after` the first day, UTC, on which it counts as dropped.
    """

    identity: Identity
    deleted: bool = False
    hold: str | None = None
    purge_after: datetime.date | None = None
    release: str | None = None

    def is_due(self, day: datetime.date) -> bool:
        """Whether the day has come to purge it; a hold outranks the date."""
        return self.purge_after is not None and self.purge_after <= day and self.hold is None


@dataclass(frozen=True)
class Inventory:
    """A valid inventory file: its entries in the file's order, each binding once."""

    customer: str | None
    entries: tuple[Entry, ...]

    def wanted(self, day: datetime.date) -> tuple[Entry, ...]:
        """Return what is to stay backed up and managed on that day (UTC)."""
        return tuple(one for one in self.entries if one.release is None and not one.is_due(day))

    def released(self) -> tuple[Entry, ...]:
        """Return what is to leave the state while its data stays."""
        return tuple(one for one in self.entries if one.release is not None)

    @property
    def has_dates(self) -> bool:
        """Whether what is wanted depends on the day."""
        return any(one.purge_after is not None for one in self.entries)


def digest_of(ids: Iterable[str]) -> str:
    """Return `sha256:...` over a set of binding ids, in whatever order they come."""
    return "sha256:" + hashlib.sha256("\n".join(sorted(ids)).encode()).hexdigest()


def read_inventory(path: Path, shown_as: str | None = None) -> Inventory:
    """Read and check one file.

    Raises Problems with every reason at once, each as `file:line: finding`.
    """
    source = YamlSource(path, shown_as or str(path))
    if source.document is None or source.document == {}:
        raise Problems([source.at(0, "the file is empty; nothing wanted any more is written as `users: []`")])
    problems = [*source.problems]
    file: InventoryFile | None = None
    try:
        file = InventoryFile.model_validate(source.document)
    except ValidationError as error:
        problems += (_told(source, one) for one in error.errors(include_url=False))
    problems += _contradictions(source)
    if problems or file is None:
        raise Problems(sorted(problems, key=_line_of))
    return Inventory(file.customer, tuple(_entries(file)))


def _entries(file: InventoryFile) -> Iterator[Entry]:
    for user in file.users:
        for computer in user.computers:
            for destination in computer.destinations:
                yield Entry(
                    Identity(user.id, destination, computer.name),
                    user.deleted,
                    computer.hold,
                    computer.purge_after,
                    computer.release,
                )


def _contradictions(source: YamlSource) -> Iterator[str]:
    """Check what no single field shows, on whatever of the document has the right shape."""
    seen: dict[str, Place] = {}
    deleted: dict[str, tuple[object, Place]] = {}
    for place, user in _mappings(source.document, (), "users"):
        user_id, flag = user.get("id"), _flag(user.get("deleted", False))
        if not isinstance(user_id, str):
            continue
        before, where = deleted.setdefault(fold(user_id), (flag, place))
        if before != flag:
            other = source.at_place((*where, "deleted"), "").rsplit(":", 2)[1]
            yield source.at_place(
                (*place, "deleted"), f"`deleted` of user {user_id} contradicts line {other}; make both the same"
            )
        for spot, computer in _mappings(user, place, "computers"):
            yield from _released_and_more(source, spot, computer)
            yield from _duplicates(source, spot, user_id, computer, seen)


def _released_and_more(source: YamlSource, place: Place, computer: dict[str, Any]) -> Iterator[str]:
    if "release" in computer:
        for other in ("hold", "purge_after"):
            if other in computer:
                yield source.at_place(
                    (*place, "release"), f"`release` and `{other}` contradict each other; keep one of them"
                )


def _duplicates(
    source: YamlSource, place: Place, user_id: str, computer: dict[str, Any], seen: dict[str, Place]
) -> Iterator[str]:
    name, destinations = computer.get("name"), computer.get("destinations")
    if not isinstance(name, str) or not isinstance(destinations, list):
        return
    for index, destination in enumerate(destinations):
        if isinstance(destination, str):
            identity = Identity(user_id, destination, name)
            spot = (*place, "destinations", index)
            first = seen.setdefault(identity.id, spot)
            if first is not spot:
                line = source.at_place(first, "").rsplit(":", 2)[1]
                yield source.at_place(
                    spot, f"{identity} stands already on line {line} (letter case does not count); remove one"
                )


def _mappings(parent: object, place: Place, key: str) -> Iterator[tuple[Place, dict[str, Any]]]:
    children = parent.get(key) if isinstance(parent, dict) else None
    for index, child in enumerate(children if isinstance(children, list) else ()):
        if isinstance(child, dict):
            yield (*place, key, index), child


_FIELDS: Final = {
    "users": tuple(UserEntry.model_fields),
    "computers": tuple(ComputerEntry.model_fields),
    "": tuple(InventoryFile.model_fields),
}


def _told(source: YamlSource, error: Any) -> str:  # noqa: ANN401 -- pydantic's ErrorDetails
    """Say one of pydantic's findings in words that name the field, what stands there, and the remedy."""
    place: Place = error["loc"]
    field, kind, found = place[-1] if place else "", error["type"], error["input"]
    shown = f"{field!r}" if isinstance(field, str) else f"entry {field + 1} of {place[-2]!r}"
    shown = shown if place else "the file"
    if kind == "missing":
        remedy = "; nothing wanted any more is written as `users: []`" if field == "users" else "; add it"
        return source.at_place(place, f"{shown} is missing{remedy}")
    if kind == "extra_forbidden":
        level = next((str(step) for step in reversed(place[:-1]) if step in _FIELDS), "")
        near = difflib.get_close_matches(str(field), _FIELDS[level], 1)
        return source.at_place(
            place,
            f"unknown key {shown}; "
            + (f"did you mean {near[0]!r}?" if near else f"remove it; known are {_list(level)}"),
        )
    if isinstance(found, Untyped) and kind == "string_type":
        if found.kind == "nothing":
            return source.at_place(place, f"{shown} has no value; write one, or remove the key")
        return source.at_place(place, f'{shown} is read by YAML as {found.kind}; write it in quotes: "{found.text}"')
    return source.at_place(place, f"{shown} {_PLAIN.get(kind, error['msg'])}{_found(found)}")


_PLAIN: Final = {
    "literal_error": "is not a version this program reads; write 1",
    "bool_type": "must be true or false",
    "date_type": "must be a date that exists, written as 2026-12-24",
    "list_type": "must be a list",
    "model_type": "must be a mapping of keys and values",
    "string_type": "must be text",
    "string_too_short": "is empty",
    "string_too_long": "is too long",
    "string_pattern_mismatch": "is blank or has control characters",
    "too_short": "is an empty list; remove the entry instead",
}


def _found(value: object) -> str:
    if isinstance(value, Untyped):
        value = value.text
    if not isinstance(value, str) or not value:
        return ""
    return f"; found {value[:60]!r}" + ("..." if len(value) > 60 else "")


def _list(level: str) -> str:
    return ", ".join(_FIELDS[level])


def _line_of(problem: str) -> int:
    for part in problem.split(":"):
        if part.isdecimal():
            return int(part)
    return 0
