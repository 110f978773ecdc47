"""What the other inventory files want: data that a purge of this stack must not take from them."""

import datetime
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from erasure.errors import Problems
from erasure.identity import Identity
from erasure.inventory import read_inventory
from erasure.plan import Elsewhere


@dataclass(frozen=True)
class Neighbours:
    """The bindings in question that other files want, and what is wrong with files that cannot be read."""

    wanted: tuple[Elsewhere, ...] = ()
    unreadable: tuple[str, ...] = ()


def ask_neighbours(root: Path, own: Path, suspects: Iterable[Identity], day: datetime.date) -> Neighbours:
    """Look for bindings that any server might take for one of the suspects, in every inventory but our own.

    These are the YAML files of `inventory/`, and of the folder that our own file is in. What a file releases, or has
    due on that day (UTC), it does not want.
    """
    keys = {one.loosest for one in suspects}
    every = all_neighbours(root, own, day)
    return Neighbours(tuple(one for one in every.wanted if one.identity.loosest in keys), every.unreadable)


def all_neighbours(root: Path, own: Path, day: datetime.date) -> Neighbours:
    """Return all that other inventories want on that day (UTC)."""
    wanted: list[Elsewhere] = []
    unreadable: list[str] = []
    for file in _files(root, own):
        shown = str(file.relative_to(root)) if file.is_relative_to(root) else str(file)
        try:
            entries = read_inventory(file, shown).wanted(day)
        except Problems as problems:
            unreadable.append(problems.reasons[0])
            continue
        wanted += (
            Elsewhere(
                user=one.identity.user,
                destination=one.identity.destination,
                computer=one.identity.computer,
                file=shown,
            )
            for one in entries
        )
    return Neighbours(tuple(wanted), tuple(unreadable))


def _files(root: Path, own: Path) -> Iterator[Path]:
    folders = {root / "inventory", *({own.parent} if own.parent != root else ())}
    for folder in sorted(folders):
        for file in sorted(folder.glob("*.y*ml")):
            if file.suffix in (".yaml", ".yml") and not (own.exists() and file.samefile(own)):
                yield file
