"""How names, sizes and times are shown."""

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from erasure.reports.shown import moment, size, visible


@pytest.mark.parametrize(
    "name", ["CHARLIE-LAPTOP", "a b", "Zoë's 💻", "👩‍💻", "❤️", "می‌خواهم", "מחשב", "東京-01", "[bold]", "<b>", "`x`|"]
)
def test_a_name_that_hides_nothing_stays_as_it_is(name: str) -> None:
    assert visible(name) == name


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("a\nb", "a⟨U+000A⟩b"),
        ("\x1b[2J", "⟨U+001B⟩[2J"),
        ("a\x9bb", "a⟨U+009B⟩b"),
        ("a\u202eb", "a⟨U+202E⟩b"),
        ("a\u200bb", "a⟨U+200B⟩b"),
        ("a\u200db", "a⟨U+200D⟩b"),
        ("a\u00a0b", "a⟨U+00A0⟩b"),
        ("a\u3164b", "a⟨U+3164⟩b"),
        ("a\ud800b", "a⟨U+D800⟩b"),
        (" a  b ", "⟨U+0020⟩a ⟨U+0020⟩b⟨U+0020⟩"),
        (" ", "⟨U+0020⟩"),
    ],
)
def test_what_could_be_overlooked_stands_as_its_number(name: str, shown: str) -> None:
    assert visible(name) == shown


@given(st.text())
def test_nothing_shown_can_act_on_a_terminal_or_break_a_line(name: str) -> None:
    joined = visible(name).replace("\u200c", "").replace("\u200d", "")
    assert joined.isprintable()
    assert joined == " ".join(joined.split())


@given(st.text(st.characters(codec="utf-8"), max_size=9), st.text(st.characters(codec="utf-8"), max_size=9))
def test_two_names_never_look_the_same_unless_one_writes_out_the_number(one: str, other: str) -> None:
    assert one == other or visible(one) != visible(other) or "⟨U+" in one + other


def test_an_over_long_name_is_cut_and_says_so() -> None:
    assert visible("x" * 5000, 10) == "xxxxxxxxxx…"


def test_sizes_and_times_say_when_they_are_unknown() -> None:
    assert (size(None), size(0), size(1_500_000)) == ("unknown", "0 bytes", "1.5 MB")
    zone = datetime.timezone(datetime.timedelta(hours=2))
    assert moment(None) == "unknown"
    assert moment(datetime.datetime(2026, 11, 24, 1, 30, tzinfo=zone)) == "2026-11-23 23:30"
    assert moment(datetime.datetime(2026, 11, 24, 1, 30)) == "2026-11-24 01:30"  # noqa: DTZ001 -- the account's
