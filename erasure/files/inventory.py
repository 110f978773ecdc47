"""The inventory: what should stay backed up, as a reviewed YAML file (version 1)."""

import datetime
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import yaml
from pydantic import BeforeValidator, Field

from erasure.errors import Problems
from erasure.files.document import Day, Model, Name, Reason, read_count, read_flag, validate
from erasure.files.yaml_source import Place, YamlSource
from erasure.identity import Identity, fold, skeleton
from erasure.message import Message

_REMEDIES: Final = {"users": "nothing wanted any more is written as `users: []`"}


class ComputerEntry(Model):
    """One computer of a user, and where its backups are."""

    name: Name = Field(description="Computer name as the account lists it; letter case does not matter.")
    destinations: list[Name] = Field(
        min_length=1, description="IDs of the destinations that hold its data, as `GET api/Users/{id}/Computers` lists."
    )
    hold: Reason | None = Field(
        default=None, description="Why this computer's data must not be purged, for as long as this stands here."
    )
    purge_after: Day | None = Field(
        default=None, description="From this day (UTC) on the entry counts as dropped, and its data is purged."
    )
    release: Reason | None = Field(
        default=None, description="Why this computer is no longer managed here. Its data is kept: nothing is deleted."
    )
    readopt: Reason | None = Field(
        default=None, description="Why this computer, whose data came back after its purge, is to be managed again."
    )


class UserEntry(Model):
    """One MBS user and the computers that back up under it."""

    id: Name = Field(description="MBS user ID, as the API gives it.")
    login: Reason | None = Field(default=None, description="The user's login, for people who read this file.")
    deleted: Annotated[bool, BeforeValidator(read_flag)] = Field(
        default=False, description="true: the MBS account is gone, its data is not; adoption is not checked."
    )
    computers: list[ComputerEntry] = Field(min_length=1, description="The computers of this user.")


class InventoryFile(Model):
    """What should stay backed up. `users: []` is the only way to say that nothing is wanted any more."""

    version: Annotated[Literal[1], BeforeValidator(read_count)] = Field(description="The version of this format: 1.")
    customer: Reason | None = Field(default=None, description="The customer, for people who read this file.")
    users: list[UserEntry] = Field(description="The customer's MBS users. A user may recur with other destinations.")


class Entry(Message):
    """One binding that an inventory names, spelled as there.

    `hold`, `release` and `readopt` are reasons or None; `purge_after` is the first day, UTC, on which it counts as
    dropped. `file` is the inventory that it stands in, where that is not the stack's own.
    """

    user: str
    destination: str
    computer: str
    deleted: bool = False
    hold: str | None = None
    purge_after: datetime.date | None = None
    release: str | None = None
    readopt: str | None = None
    file: str | None = None

    @property
    def identity(self) -> Identity:
        """Who this is."""
        return Identity(self.user, self.destination, self.computer)

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
        return tuple(entry for entry in self.entries if entry.release is None and not entry.is_due(day))

    def due(self, day: datetime.date) -> tuple[Entry, ...]:
        """Return what counts as dropped since its date has come (UTC)."""
        return tuple(entry for entry in self.entries if entry.is_due(day))

    @property
    def released(self) -> tuple[Entry, ...]:
        """What is to leave the state while its data stays."""
        return tuple(entry for entry in self.entries if entry.release is not None)

    @property
    def has_dates(self) -> bool:
        """Whether what is wanted depends on the day."""
        return any(entry.purge_after is not None for entry in self.entries)


def read_inventory(path: Path, shown_as: str | None = None) -> Inventory:
    """Read and check one file.

    Raises Problems with every reason at once, each as `file:line: finding`.
    """
    source = YamlSource(path, shown_as or str(path))
    if source.document is None or source.document == {}:
        raise Problems([source.at(0, f"the file is empty; {_REMEDIES['users']}")])
    file, problems = validate(source, InventoryFile, {"users": UserEntry, "computers": ComputerEntry}, _REMEDIES)
    problems += _contradictions(source)
    if problems or file is None:
        raise Problems(source.in_order(problems))
    return Inventory(file.customer, tuple(_entries(file)))


def _entries(file: InventoryFile) -> Iterator[Entry]:
    for user in file.users:
        for computer in user.computers:
            for destination in computer.destinations:
                yield Entry(
                    user=user.id,
                    destination=destination,
                    computer=computer.name,
                    deleted=user.deleted,
                    hold=computer.hold,
                    purge_after=computer.purge_after,
                    release=computer.release,
                    readopt=computer.readopt,
                )


def _contradictions(source: YamlSource) -> Iterator[str]:
    """Check what no single field shows, on whatever of the document has the right shape."""
    seen: dict[str, Place] = {}
    deleted: dict[str, tuple[object, Place]] = {}
    for place, user in _mappings(source.document, (), "users"):
        user_id, flag = user.get("id"), read_flag(user.get("deleted", False))
        if not isinstance(user_id, str):
            continue
        before, where = deleted.setdefault(fold(user_id), (flag, place))
        if before != flag:
            line = source.line_of((*where, "deleted"))
            finding = f"`deleted` of user {user_id} contradicts line {line}; make both the same"
            yield source.at_place((*place, "deleted"), finding)
        for spot, computer in _mappings(user, place, "computers"):
            for other_key in ("hold", "purge_after"):
                if "release" in computer and other_key in computer:
                    finding = f"`release` and `{other_key}` contradict each other; keep one of them"
                    yield source.at_place((*spot, "release"), finding)
            yield from _duplicates(source, spot, user_id, computer, seen)


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
                finding = f"{identity} stands already on line {source.line_of(first)} (letter case does not count)"
                yield source.at_place(spot, f"{finding}; remove one")


def _mappings(parent: object, place: Place, key: str) -> Iterator[tuple[Place, dict[str, Any]]]:
    children = parent.get(key) if isinstance(parent, dict) else None
    for index, child in enumerate(children if isinstance(children, list) else ()):
        if isinstance(child, dict):
            yield (*place, key, index), child


def read_neighbours(
    root: Path, own: Path, users: Iterable[str], day: datetime.date, project: str
) -> tuple[tuple[Entry, ...], tuple[str, ...]]:
    """Return what every inventory but our own wants of some users, and what is wrong with those that cannot be read.

    These are the YAML files of `inventory/`, of the folder that our own file is in, and those that the configuration of
    the project's stacks names. What a file releases, or has due on that day (UTC), it does not want. Users are those
    that any server might take for one of these.
    """
    keys = {skeleton(user) for user in users}
    wanted: list[Entry] = []
    placed, unreadable = _placed_files(root, project)
    for file in _neighbouring_files(root, own, placed):
        shown = str(file.relative_to(root)) if file.is_relative_to(root) else str(file)
        try:
            entries = read_inventory(file, shown).wanted(day)
        except Problems as problems:
            unreadable.append(problems.reasons[0])
            continue
        wanted += (entry.model_copy(update={"file": shown}) for entry in entries if skeleton(entry.user) in keys)
    return tuple(wanted), tuple(unreadable)


def _neighbouring_files(root: Path, own: Path, placed: Iterable[Path]) -> Iterator[Path]:
    folders = {root / "inventory", *({own.parent} if own.parent != root else ())}
    listed = (file for folder in folders for file in folder.glob("*.y*ml") if file.suffix in (".yaml", ".yml"))
    ours = own.resolve()
    yield from sorted({file.resolve(): file for file in (*placed, *listed) if file.resolve() != ours}.values())


_UNREADABLE: Final = (OSError, ValueError, TypeError, AttributeError, yaml.YAMLError)


def _placed_files(root: Path, project: str) -> tuple[list[Path], list[str]]:
    """Return the inventories that the configuration of the project's stacks names, and what cannot be read of it."""
    placed, unreadable = [], []
    own = root / "Pulumi.yaml"
    try:
        folder = root / (_settings_in(own).get("stackConfigDir") or ".")
    except _UNREADABLE:
        folder = root
    for file in (*([own] if own.exists() else ()), *sorted(folder.glob("Pulumi.*.yaml"))):
        try:
            settings = _settings_in(file).get("config") or {}
            for key in ("inventory", f"{project}:inventory"):  # a project's own keys need no prefix
                named = settings.get(key)
                if file == own and isinstance(named, dict) and "secure" not in named:
                    named = named.get("value", named.get("default"))
                if named not in (None, ""):
                    placed.append(root / named)
        except _UNREADABLE:
            unreadable.append(f"{file.name}: which inventory its stack has cannot be read")
    return placed, unreadable


def _settings_in(file: Path) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
    return document
