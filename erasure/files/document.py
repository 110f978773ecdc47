"""What a reviewed YAML file may hold, and every finding about one, with its place and remedy."""

import datetime
import difflib
from collections.abc import Mapping
from typing import Annotated, Any, Final, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, StringConstraints, ValidationError

from erasure.files.yaml_source import Place, Untyped, YamlSource

M = TypeVar("M", bound=BaseModel)

_LONGEST_NAME: Final = 255
_LONGEST_REASON: Final = 1000
# Control characters are in no name that a person typed; they would garble reports and terminals.
_PRINTABLE: Final = (
    r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]*[^\s\x00-\x1f\x7f-\x9f\u2028\u2029][^\x00-\x1f\x7f-\x9f\u2028\u2029]*$"
)
_MOST_SAID: Final = 1000
_PLAIN: Final = {
    "literal_error": "is not a version this program reads; write 1",
    "bool_type": "must be true or false",
    "int_type": "must be a whole number",
    "date_type": "must be a date that exists, written as 2026-12-24",
    "list_type": "must be a list",
    "model_type": "must be a mapping of keys and values",
    "string_type": "must be text",
    "string_too_short": "is empty",
    "string_too_long": "is too long",
    "string_pattern_mismatch": "is blank, has control characters, or is not of the form it has to be",
    "too_short": "is an empty list; remove the entry instead",
}


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


def validate(
    source: YamlSource, model: type[M], parts: Mapping[str, type[BaseModel]], remedies: Mapping[str, str]
) -> tuple[M | None, list[str]]:
    """Return the model, or None, and every problem of the file so far.

    `parts` are the models below, by the key of the list they are in; `remedies` say what a missing key calls for.
    """
    try:
        return model.model_validate(source.document), [*source.problems]
    except ValidationError as invalid:
        levels: dict[str, type[BaseModel]] = {"": model, **parts}
        errors = invalid.errors(include_url=False)
        sentences = [_sentence(source, error, levels, remedies) for error in errors[:_MOST_SAID]]
        if len(errors) > _MOST_SAID:
            more = f"and {len(errors) - _MOST_SAID:,} more of these"
            sentences.append(source.at_place(errors[_MOST_SAID]["loc"], more))
        return None, [*source.problems, *sentences]


def _sentence(
    source: YamlSource,
    error: Any,  # noqa: ANN401 -- pydantic's ErrorDetails
    levels: Mapping[str, type[BaseModel]],
    remedies: Mapping[str, str],
) -> str:
    place: Place = error["loc"]
    field, kind, found = place[-1] if place else "", error["type"], error["input"]
    shown = f"{field!r}" if isinstance(field, str) else f"entry {field + 1} of {place[-2]!r}"
    shown = shown if place else "the file"
    if kind == "missing":
        return source.at_place(place, f"{shown} is missing; {remedies.get(str(field), 'add it')}")
    if kind == "extra_forbidden":
        level = next((str(step) for step in reversed(place[:-1]) if step in levels), "")
        known = list(levels[level].model_fields)
        near = difflib.get_close_matches(str(field), known, 1)
        remedy = f"did you mean {near[0]!r}?" if near else f"remove it; known are {', '.join(known)}"
        return source.at_place(place, f"unknown key {shown}; {remedy}")
    if isinstance(found, Untyped) and kind == "string_type":
        if found.kind == "nothing":
            return source.at_place(place, f"{shown} has no value; write one, or remove the key")
        return source.at_place(place, f'{shown} is read by YAML as {found.kind}; write it in quotes: "{found.text}"')
    return source.at_place(place, f"{shown} {_PLAIN.get(kind, error['msg'])}{_found(found)}")


def _found(value: object) -> str:
    if isinstance(value, Untyped):
        value = value.text
    if not isinstance(value, str) or not value:
        return ""
    return f"; found {value[:60]!r}" + ("..." if len(value) > 60 else "")
