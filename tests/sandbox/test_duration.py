"""Durations as text."""

from datetime import timedelta

import pytest

from sandbox.duration import format_duration, parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("24h", 86400), ("90s", 90), ("0ms", 0), ("5m", 300), ("21d", 1814400), ("1h30m", 5400), ("1.5s", 1.5)],
)
def test_duration_is_a_number_and_a_unit(text: str, seconds: float) -> None:
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "24", "h", "-1h", "1 h", "1w", "1h ", "36501d", "9" * 90 + "d", None, 5, "1h\n"])
def test_anything_else_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match=r"duration|100 years"):
        parse_duration(text)


@pytest.mark.parametrize("text", ["24h", "90s", "0ms", "5m", "1500ms", "504h"])
def test_duration_is_written_in_its_largest_whole_unit(text: str) -> None:
    assert format_duration(parse_duration(text)) == text
