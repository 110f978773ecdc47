"""The approvals file: what it may say, and how an entry is appended to it."""

import datetime
from pathlib import Path

import pytest

from erasure.errors import Problems
from erasure.files.approvals import Approval, appended, approvals_path, read_approvals

DIGEST = "sha256:" + "3f9c" * 16
ENTRY = Approval(
    digest=DIGEST,
    purges=42,
    reason='Contract ended: "all" of it, ticket #4711',
    approved_by="dana@msp.example",
    expires=datetime.date(2026, 12, 7),
    request="DSR-2026-17",
    due=datetime.date(2026, 12, 31),
)
OTHER = f"""\
# Reviewed by two people.
version: 1

approvals:   # newest last
    -   digest: {DIGEST}
        purges: 1
        reason: An old one
        approved_by: 'dana'
        expires: 2026-01-01
"""
LAYOUTS = {
    "new": "",
    "comment": "# what may be purged\n",
    "empty list": "version: 1\napprovals: []\n",
    "empty list, commented": "version: 1\napprovals: []   # none yet\n",
    "entry": OTHER,
    "entry without a line break": OTHER.rstrip("\n"),
    "entry and comment after": OTHER + "\n# the end\n",
    "list before version": OTHER.replace("version: 1\n", "") + "version: 1\n",
    "carriage returns": OTHER.replace("\n", "\r\n"),
    "block text": OTHER.replace("reason: An old one", "reason: >-\n          An\n          old one"),
    "block text last": OTHER.replace("        expires: 2026-01-01\n", "")
    + "        expires: >-\n          2026-01-01\n",
    "block text before the rest": OTHER.replace("version: 1\n", "").replace("2026-01-01", ">-\n          2026-01-01")
    + "version: 1\n",
    "comment without a line break": "# what may be purged",
    "not indented": OTHER.replace("\n    -   ", "\n-   ").replace("\n        ", "\n    "),
}


def read(text: str, folder: Path) -> tuple[Approval, ...]:
    file = folder / "acme.yaml"
    file.write_bytes(text.encode())
    return read_approvals(file, "approvals/acme.yaml")


@pytest.mark.parametrize("text", LAYOUTS.values(), ids=LAYOUTS.keys())
def test_an_entry_is_appended_and_the_rest_stays_byte_for_byte(tmp_path: Path, text: str) -> None:
    before = read(text, tmp_path) if "approvals" in text else ()
    after = appended(text, ENTRY, "approvals/acme.yaml")
    assert read(after, tmp_path) == (*before, ENTRY)
    for line in text.splitlines(keepends=True):
        if "[]" not in line:
            assert line in after
    if "\r\n" in text:
        assert after.count("\n") == after.count("\r\n")


def test_a_new_file_begins_with_its_version() -> None:
    assert appended("", ENTRY, "approvals/acme.yaml").startswith("version: 1\napprovals:\n  - digest: sha256:")


@pytest.mark.parametrize(
    "text", ["version: 1\n", "{version: 1, approvals: []}", f"version: 1\napprovals: [{{digest: {DIGEST}}}]\n"]
)
def test_a_layout_that_nothing_can_be_appended_to_is_told_with_the_entry(text: str) -> None:
    with pytest.raises(Problems, match="write the entry into it:\n  - digest: sha256:"):
        appended(text, ENTRY, "approvals/acme.yaml")


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("purges: 1", "purges: 0", "6: 'purges'"),
        ("purges: 1", "purges: many", "6: 'purges' must be a whole number; found 'many'"),
        ("digest: sha256:", "digest: md5:", "5: 'digest'"),
        ("expires: 2026-01-01", "expires: never", "9: 'expires' must be a date"),
        ("        reason: An old one\n", "", "5: 'reason' is missing"),
        ("approved_by", "aproved_by", "8: unknown key 'aproved_by'; did you mean 'approved_by'?"),
        ("version: 1", "version: 2", "2: 'version' is not a version"),
        ("version: 1", "version: 1\nversion: 1", "3: key 'version' stands here twice"),
        ("reason: An old one", "reason: yes", "7: 'reason' is read by YAML as true or false"),
    ],
)
def test_a_mistake_is_told_with_file_and_line(tmp_path: Path, old: str, new: str, told: str) -> None:
    with pytest.raises(Problems) as caught:
        read(OTHER.replace(old, new), tmp_path)
    assert any(one.startswith(f"approvals/acme.yaml:{told}") for one in caught.value.reasons), caught.value.reasons


def test_a_missing_file_approves_nothing_and_an_empty_one_is_a_mistake(tmp_path: Path) -> None:
    assert read_approvals(tmp_path / "none.yaml") == ()
    with pytest.raises(Problems):
        read("", tmp_path)


def test_each_stack_has_its_file() -> None:
    assert approvals_path("acme") == "approvals/acme.yaml"
