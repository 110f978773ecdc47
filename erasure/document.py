"""Validates what a YAML file holds against a model, and says every finding with its place and remedy."""

import difflib
from collections.abc import Mapping
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ValidationError

from erasure.yaml_source import Place, Untyped, YamlSource

M = TypeVar("M", bound=BaseModel)

_MOST_TOLD: Final = 1000
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


def validate(
    source: YamlSource, model: type[M], parts: Mapping[str, type[BaseModel]], remedies: Mapping[str, str]
) -> tuple[M | None, list[str]]:
    """Return the model, or None, and every problem of the file so far.

    `parts` are the models below, by the key of the list they are in; `remedies` say what a missing key calls for.
    """
    try:
        return model.model_validate(source.document), [*source.problems]
    except ValidationError as error:
        levels: dict[str, type[BaseModel]] = {"": model, **parts}
        errors = error.errors(include_url=False)
        told = [_told(source, one, levels, remedies) for one in errors[:_MOST_TOLD]]
        if len(errors) > _MOST_TOLD:
            told.append(source.at_place(errors[_MOST_TOLD]["loc"], f"and {len(errors) - _MOST_TOLD:,} more of these"))
        return None, [*source.problems, *told]


def _told(
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
