"""What an inventory may say, and how a mistake in it is told."""

import datetime
import re
from pathlib import Path

import pytest

from erasure.errors import Problems
from erasure.files.inventory import Inventory, read_inventory

BAD = sorted(Path(__file__).with_name("bad_inventories").glob("*.yaml"))
GOOD = """\
version: 1
customer: Acme Dental
users:
  - id: 6970973d-e245-4bbf-a766-dc65a96549c9
    login: charlie@acme.example
    computers:
      - name: CHARLIE-LAPTOP
        destinations: [d-1, d-2]
        hold: "Litigation 2026-114"
        purge_after: 2026-12-24
      - name: "0012"
        destinations: [d-1]
        purge_after: "2026-12-24"
  - id: gone
    deleted: True
    computers:
      - {name: Büro PC, destinations: [d-1], release: Sold}
"""


def read(text: str, folder: Path) -> Inventory:
    file = folder / "acme.yaml"
    file.write_text(text)
    return read_inventory(file)


@pytest.mark.parametrize("file", BAD, ids=lambda file: file.stem)
def test_a_mistake_is_told_with_file_and_line(file: Path) -> None:
    expected = re.findall(r"^# expects (.*)$", file.read_text(errors="replace"), re.MULTILINE)
    with pytest.raises(Problems) as caught:
        read_inventory(file, shown_as=f"inventory/{file.name}")
    told = caught.value.reasons
    assert expected
    assert len(told) == len(expected)
    for one in expected:
        assert any(reason.startswith(f"inventory/{file.name}:{one}") for reason in told), told


def test_every_mistake_is_told_at_once(tmp_path: Path) -> None:
    text = "version: 3\nfoo: 1\nusers:\n  - id: 1\n    computers: []\n  - id: a\n    id: b\n    deleted: x\n"
    with pytest.raises(Problems) as caught:
        read(text, tmp_path)
    lines = [int(reason.split(":")[1]) for reason in caught.value.reasons]
    assert lines == [1, 2, 4, 5, 6, 7, 8]


def test_entries_keep_their_spelling_and_order(tmp_path: Path) -> None:
    entries = read(GOOD, tmp_path).entries
    assert [str(one.identity.computer) for one in entries] == ["CHARLIE-LAPTOP", "CHARLIE-LAPTOP", "0012", "Büro PC"]
    assert [one.identity.destination for one in entries] == ["d-1", "d-2", "d-1", "d-1"]
    assert [one.deleted for one in entries] == [False, False, False, True]


def test_a_due_entry_counts_as_dropped_from_its_day_on_unless_held(tmp_path: Path) -> None:
    inventory = read(GOOD, tmp_path)
    before = inventory.wanted(datetime.date(2026, 12, 23))
    after = inventory.wanted(datetime.date(2026, 12, 24))
    assert [one.identity.computer for one in before] == ["CHARLIE-LAPTOP", "CHARLIE-LAPTOP", "0012"]
    assert [one.identity.computer for one in after] == ["CHARLIE-LAPTOP", "CHARLIE-LAPTOP"]
    assert [one.identity.computer for one in inventory.released] == ["Büro PC"]


def test_nothing_wanted_is_an_empty_list_of_users(tmp_path: Path) -> None:
    assert read("version: 1\nusers: []\n", tmp_path).entries == ()


def test_a_missing_file_is_told_with_its_remedy(tmp_path: Path) -> None:
    with pytest.raises(Problems, match=r"acme\.yaml:1: cannot be read: No such file.*; create it, or set"):
        read_inventory(tmp_path / "acme.yaml")


def test_an_over_large_file_is_refused_unread(tmp_path: Path) -> None:
    file = tmp_path / "acme.yaml"
    with file.open("wb") as handle:
        handle.truncate(65 * 1024 * 1024)
    with pytest.raises(Problems, match="larger than 64 MiB"):
        read_inventory(file)


def test_a_byte_order_mark_is_no_mistake(tmp_path: Path) -> None:
    file = tmp_path / "acme.yaml"
    file.write_bytes(b"\xef\xbb\xbfversion: 1\nusers: []\n")
    assert read_inventory(file).entries == ()
