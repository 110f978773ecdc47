"""Reads many generated and mutated inventories: each is taken and round-trips, or is refused with file and line.

`python -m tests.laws.fuzz COUNT SEED` bounds its own memory, and gives each file one second.
"""

import json
import random
import re
import resource
import signal
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from erasure.errors import Problems
from erasure.files.inventory import Inventory, read_inventory

MEMORY = 200 * 1024 * 1024  # bytes
SECONDS = 1.0
NAMES = (
    "PC",
    "pc",
    "Büro PC",
    "0012",
    "12:30",
    "2026-11-24",
    "NO",
    "~",
    "null",
    "1e3",
    "=",
    "<<",
    "a: b",
    "a #b",
    "'",
    '"',
    "- x",
    "{",
    "}",
    "[",
    "]",
    "*a",
    "&a",
    "!!str x",
    "!x",
    "|",
    ">",
    "%x",
    "@",
    "`",
    "\t",
    " ",
    "",
    "\x00",
    "\x07",
    "\ufeff",
    "\u2028",
    "\ud7ff",
    "x" * 300,
    "é" * 255,
    "0x1F",
    "0b1",
    "1_000",
    ".inf",
    ".nan",
    "-",
    "?",
    ":",
    "...",
    "---",
)
KEYS = (
    "version",
    "customer",
    "users",
    "id",
    "login",
    "deleted",
    "computers",
    "name",
    "destinations",
    "hold",
    "purge_after",
    "release",
    "other",
    "<<",
    "1",
    "true",
    "users ",
    "Users",
)


class TooSlow(Exception):
    """A file took more than its second."""


def main(count: int, seed: int) -> None:
    """Read so many files, and say how many were taken."""
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    signal.signal(signal.SIGPROF, _too_slow)
    numbers = random.Random(seed)  # noqa: S311 -- not for secrets
    taken = refused = 0
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "inventory.yaml"
        for _ in range(count):
            content = numbers.choice(MAKERS)(numbers)
            file.write_bytes(content)
            inventory = _read(file, content)
            if inventory is None:
                refused += 1
            else:
                taken += 1
                _round_trip(file, inventory, content)
    print(f"{taken} taken, {refused} refused")  # noqa: T201 -- its output


def _read(file: Path, content: bytes) -> Inventory | None:
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        return read_inventory(file, "inventory.yaml")
    except Problems as problems:
        for reason in problems.reasons:
            assert re.match(r"inventory\.yaml:\d+: \S", reason), (reason, content[:2000])
        return None
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def _round_trip(file: Path, inventory: Inventory, content: bytes) -> None:
    users = []
    for one in inventory.entries:
        computer: dict[str, object] = {"name": one.identity.computer, "destinations": [one.identity.destination]}
        computer |= {key: value for key in ("hold", "release", "readopt") if (value := getattr(one, key)) is not None}
        if one.purge_after:
            computer["purge_after"] = one.purge_after.isoformat()
        users.append({"id": one.identity.user, "deleted": one.deleted, "computers": [computer]})
    file.write_text(json.dumps({"version": 1, "users": users}, ensure_ascii=False), encoding="utf-8")
    again = read_inventory(file)
    assert again.entries == inventory.entries, content[:2000]


def _too_slow(_signal: int, _frame: FrameType | None) -> None:
    raise TooSlow


def _text(numbers: random.Random) -> str:
    return numbers.choice(NAMES)


def _valid(numbers: random.Random) -> bytes:
    """Make an inventory that is mostly right."""
    lines = ["version: 1", "users:" if numbers.random() < 0.95 else "users: []"]
    for user in range(numbers.randint(1, 4)):
        lines += [f"  - id: user-{user if numbers.random() < 0.97 else 0}"]
        if numbers.random() < 0.3:
            lines += [f"    deleted: {numbers.choice([*['true', 'False'] * 9, 'yes', '1'])}"]
        lines += ["    computers:"]
        for number in range(numbers.randint(1, 4)):
            name = json.dumps(f"PC {number}") if numbers.random() < 0.9 else json.dumps(_text(numbers))
            lines += [
                f"      - name: {name}",
                f"        destinations: [d-1, {numbers.choice([*['d-2', 'd-3'] * 9, 'D-1', '74'])}]",
            ]
            if numbers.random() < 0.05:
                lines += [f"        hold: {_text(numbers)}"]
            if numbers.random() < 0.2:
                lines += [f"        purge_after: {numbers.choice([*['2026-12-24'] * 7, '2026-02-30', 'soon'])}"]
    return "\n".join([*lines, ""]).encode("utf-8", "surrogatepass")


def _edited(numbers: random.Random) -> bytes:
    """Take lines of an inventory away, twice, or elsewhere, or put words into them."""
    lines = _valid(numbers).decode("utf-8", "surrogatepass").splitlines()
    for _ in range(numbers.randint(1, 5)):
        place = numbers.randrange(len(lines)) if lines else 0
        edit = numbers.randrange(5)
        if edit == 0 and lines:
            del lines[place]
        elif edit == 1 and lines:
            lines.insert(place, lines[numbers.randrange(len(lines))])
        elif edit == 2 and lines:
            lines[place] = " " * numbers.randint(0, 9) + lines[place].strip()
        elif edit == 3:
            lines.insert(place, f"{' ' * numbers.randint(0, 9)}{numbers.choice(KEYS)}: {_text(numbers)}")
        elif lines:
            column = numbers.randint(0, len(lines[place]))
            lines[place] = lines[place][:column] + _text(numbers) + lines[place][column:]
    return "\n".join([*lines, ""]).encode("utf-8", "surrogatepass")


def _bytes(numbers: random.Random) -> bytes:
    """Change, drop or add single bytes."""
    content = bytearray(_valid(numbers))
    for _ in range(numbers.randint(1, 8)):
        place = numbers.randrange(len(content))
        content[place : place + numbers.randint(0, 2)] = numbers.randbytes(numbers.randint(0, 2))
    return bytes(content)


def _tree(numbers: random.Random, depth: int = 0) -> object:
    kind = numbers.randrange(6 if depth < 5 else 3)
    if kind == 0:
        return numbers.choice([None, True, 0, 1, -1.5, 10**30])
    if kind in (1, 2):
        return _text(numbers)
    if kind == 3:
        return [_tree(numbers, depth + 1) for _ in range(numbers.randint(0, 3))]
    return {numbers.choice(KEYS): _tree(numbers, depth + 1) for _ in range(numbers.randint(0, 4))}


def _json(numbers: random.Random) -> bytes:
    """Make any tree, as JSON."""
    tree = {"version": 1, "users": _tree(numbers)} if numbers.random() < 0.5 else _tree(numbers)
    return json.dumps(tree, ensure_ascii=numbers.random() < 0.5).encode("utf-8", "surrogatepass")


def _bomb(numbers: random.Random) -> bytes:
    """Make what takes others long, or much: depth, width, repeats and references."""
    size = numbers.choice([10, 1000, 20_000])
    return numbers.choice(
        [
            "[" * size,
            "{a: " * size,
            "- " * size,
            "? " * size,
            "a: &a [x, x]\n" + "".join(f"b{n}: &b{n} [*a, *a, *a]\n" for n in range(size)),
            "version: 1\nusers:\n" + "  - {}\n" * size,
            "version: 1\nusers: []\n" + "".join(f"k{n}: 1\n" for n in range(size)),
            "version: 1\nusers: []\n" + "users: []\n" * size,
            "version: 1\nusers:\n  - id: u\n    computers:\n" + "      - {name: PC, destinations: [d]}\n" * (size // 4),
            "version: 1\nusers: []\ncustomer: " + "x" * size * 10,
            "version: 1\nusers: []\ncustomer: '" + "\\'" * size,
            "#" * size + "\nversion: 1\nusers: []\n",
            " " * size + "x",
            "\n" * size + "version: 1",
            "a:\n" * size,
            "!!python/object:os.system " * size,
            "%TAG ! x\n" * size,
            "--- \n" * size,
        ]
    ).encode()


MAKERS: tuple[Callable[[random.Random], bytes], ...] = (
    *[_valid] * 5,
    *[_edited] * 8,
    *[_bytes] * 5,
    *[_json] * 4,
    _bomb,
)

if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
