"""What the fields of the reviewed YAML files may hold."""

import datetime
from typing import Annotated, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, StringConstraints

from erasure.yaml_source import Untyped

_LONGEST_NAME: Final = 255
_LONGEST_REASON: Final = 1000
# Control characters are in no name that a person typed; they would garble reports and terminals.
_PRINTABLE: Final = (
    r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]*[^\s\x00-\x1f\x7f-\x9f\u2028\u2029][^\x00-\x1f\x7f-\x9f\u2028\u2029]*$"
)


def read_count(value: object) -> object:
    """Read a whole number of a few digits."""
    return int(value.text) if isinstance(value, Untyped) and value.text.isdecimal() and len(value.text) < 10 else value


def read_flag(value: object) -> object:
    """Read true or false, and no other of YAML's words for them."""
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


Name = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=_LONGEST_NAME, pattern=_PRINTABLE)]
Reason = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=_LONGEST_REASON, pattern=_PRINTABLE)]
Day = Annotated[datetime.date, BeforeValidator(_day)]


class Model(BaseModel):
    """A mapping of a reviewed file: no unknown key, no guessing of types."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)
