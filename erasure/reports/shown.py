"""How a report shows what others named: every rendering shows the same, and no name can hide what it is.

Names come from the account. A control character, a second space or a character that turns the direction of writing
could make one computer look like another, or act on the terminal, so that these are shown as their numbers.
"""

import datetime
from typing import Final

from rich.filesize import decimal

_LONGEST: Final = 1000
_JOINERS: Final = "\u200c\u200d"  # inside emoji, and inside words of Persian and Indic scripts
_BLANK: Final = "\u034f\u115f\u1160\u2800\u3164\uffa0"  # count as printable, and show nothing
UNKNOWN: Final = "unknown"


def visible(text: str, longest: int = _LONGEST) -> str:
    """Return a name with nothing in it that a reader could overlook, cut where it is over-long.

    What is printable stays as it is; anything else stands as ⟨U+000A⟩, and so does a space that begins or ends a name
    or follows another.
    """
    if len(text) > longest:
        text = text[:longest] + "…"
    if text.isascii() and text.isprintable() and "  " not in text and text == text.strip():
        return text
    return "".join(_character(text, place) for place in range(len(text)))


def _character(text: str, place: int) -> str:
    character = text[place]
    before, after = text[place - 1 : place], text[place + 1 : place + 2]
    if character == " ":
        is_plain = before not in ("", " ") and after != ""
    elif character in _JOINERS:
        is_plain = not before.isascii() and not after.isascii()
    else:
        is_plain = character.isprintable() and character not in _BLANK
    return character if is_plain else f"⟨U+{ord(character):04X}⟩"


def size(stored_bytes: int | None) -> str:
    """Return a number of bytes as people read it, in powers of ten like every size here."""
    return UNKNOWN if stored_bytes is None else decimal(stored_bytes)


def moment(at: datetime.datetime | None) -> str:
    """Return a time to the minute. What has a zone is shown in UTC; what has none is taken as it."""
    if at is None:
        return UNKNOWN
    return f"{at.astimezone(datetime.UTC) if at.tzinfo else at:%Y-%m-%d %H:%M}"


def counted(number: int, noun: str) -> str:
    """Return a number with its noun, in the plural where there are several."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
