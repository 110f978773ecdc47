"""Strict YAML, with places.

Of YAML this takes mappings, lists and scalars, and refuses what makes a reviewed file ambiguous or a bomb: duplicate
keys, anchors and aliases, tags, a second document, and text that a `#` without a space after it cuts off. Plain text
that YAML takes for a number, a date, a boolean or nothing stays what was written, as an `Untyped`, so that no ID is
ever changed on the way in.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import yaml
from yaml.resolver import Resolver

from erasure.errors import Problems

_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_LARGEST: Final = 64 * 1024 * 1024  # bytes; 100,000 bindings take about a quarter of it
_DEEPEST: Final = 12
_CUT_OFF: Final = re.compile(r"[ \t]+(#\S[^\r\n]*)")
_KINDS: Final = {
    "tag:yaml.org,2002:int": "a number",
    "tag:yaml.org,2002:float": "a number",
    "tag:yaml.org,2002:bool": "true or false",
    "tag:yaml.org,2002:null": "nothing",
    "tag:yaml.org,2002:timestamp": "a date",
}

Place = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Untyped:
    """A scalar without quotes that YAML would not read as text: `kind` says as what, in words for people."""

    kind: str
    text: str


class YamlSource:
    """One YAML file: `document` is its content as dicts, lists, str and Untyped; `problems` what is wrong with it.

    Raises Problems if the file cannot be read or parsed at all.
    """

    def __init__(self, path: Path, shown_as: str) -> None:
        self.shown_as = shown_as
        self._text = self._read(path)
        self.problems: list[str] = []
        self._known: dict[int, dict[object, tuple[Any, Any]]] = {}
        try:
            self.document: Any = _Builder(self).build(yaml.parse(self._text, Loader=_LOADER))
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            raise Problems([self.at(mark.line if mark else 0, f"not YAML: {error.problem or error.context}")]) from None
        except yaml.reader.ReaderError as error:
            line = self._text.count("\n", 0, error.position)
            raise Problems([self.at(line, f"character {error.character!r} is not allowed in YAML")]) from None

    def at(self, line: int, finding: str) -> str:
        """Return `file:line: finding`; `line` counts from 0."""
        return f"{self.shown_as}:{line + 1}: {finding}"

    def at_place(self, place: Place, finding: str) -> str:
        """Return `file:line: finding` for a key path of the document, or for as much of it as there is."""
        return self.at(self.line_of(place) - 1, finding)

    def in_order(self, problems: Iterable[str]) -> list[str]:
        """Return problems of this file as it is read, from its first line on."""
        return sorted(problems, key=lambda problem: int(problem.removeprefix(f"{self.shown_as}:").partition(":")[0]))

    def cut_off(self, end: int) -> str | None:
        """Return what a reader takes for the rest of a plain scalar, and YAML for a comment: `#3` of `Lab PC #3`."""
        found = _CUT_OFF.match(self._text, end)
        return found[1] if found else None

    def line_of(self, place: Place) -> int:
        """Return the line of a key path, or of as much of it as there is, counted from 1."""
        node, line = self._root, self._root.start_mark.line if self._root else 0
        for step in place:
            if isinstance(node, yaml.MappingNode) and step in self._keys(node):
                key, node = self._keys(node)[step]
                line = key.start_mark.line
            elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
                node = node.value[step]
                line = node.start_mark.line
            else:
                break
        return line + 1

    @cached_property
    def _root(self) -> Any:  # noqa: ANN401 -- a node of PyYAML, which has no types for them
        """Parse the text once more: only who has a problem to tell pays for positions."""
        return yaml.compose(self._text, Loader=_LOADER)

    def _keys(self, node: yaml.MappingNode) -> dict[object, tuple[Any, Any]]:
        """Return a mapping's key and value nodes by key, the first of each."""
        known = self._known.get(id(node))
        if known is None:
            known = self._known[id(node)] = {key.value: (key, value) for key, value in reversed(node.value)}
        return known

    def _read(self, path: Path) -> str:
        try:
            with path.open("rb") as file:
                content = file.read(_LARGEST + 1)
        except OSError as error:
            remedy = "make it readable"
            if isinstance(error, FileNotFoundError):
                remedy = "create it, or set the file to read with `pulumi config set inventory FILE`"
            raise Problems([self.at(0, f"cannot be read: {error.strerror}; {remedy}")]) from None
        if len(content) > _LARGEST:
            raise Problems([self.at(0, f"larger than {_LARGEST >> 20} MiB; split it by stack")])
        try:
            return content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = content.count(b"\n", 0, error.start)
            raise Problems([self.at(line, "not UTF-8; save the file as UTF-8")]) from None


class _Builder:
    """Builds plain data from a stream of YAML events, without recursion."""

    def __init__(self, source: YamlSource) -> None:
        self._source = source
        self._resolver = Resolver()
        self._stack: list[_Open] = []
        self._documents = 0
        self._root: Any = None

    def build(self, events: Iterator[Any]) -> Any:  # noqa: ANN401 -- any YAML
        for event in events:
            if isinstance(event, yaml.ScalarEvent):
                self._refuse_specials(event)
                self._place(self._scalar(event), event)
            elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
                self._refuse_specials(event)
                self._open(event)
            elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
                self._stack.pop()
            elif isinstance(event, yaml.AliasEvent):
                self._stop(event, "aliases are not taken here; write the entry out")
            elif isinstance(event, yaml.DocumentStartEvent):
                self._documents += 1
                if self._documents > 1:
                    self._stop(event, "a second document begins here; one file holds one")
        return self._root

    def _open(self, event: Any) -> None:  # noqa: ANN401 -- an event of PyYAML, which has no types for them
        if len(self._stack) >= _DEEPEST:
            self._stop(event, "nested deeper than any inventory")
        value: Any = {} if isinstance(event, yaml.MappingStartEvent) else []
        self._place(value, event)
        self._stack.append(_Open(value))

    def _place(self, value: Any, event: Any) -> None:  # noqa: ANN401 -- any YAML
        if not self._stack:
            self._root = value
            return
        top = self._stack[-1]
        if isinstance(top.value, list):
            top.value.append(value)
        elif top.key is None:
            if not isinstance(value, str):
                shown = f"{value.text!r} is read as {value.kind}" if isinstance(value, Untyped) else "a list or mapping"
                self._stop(event, f"a key must be text: {shown}")
            if value in top.value:
                self._source.problems.append(self._source.at(event.start_mark.line, f"key {value!r} stands here twice"))
            top.key = value
        else:
            top.value.setdefault(top.key, value)
            top.key = None

    def _scalar(self, event: Any) -> str | Untyped:  # noqa: ANN401 -- an event of PyYAML
        text: str = event.value
        if not event.implicit[0]:
            return text
        if cut_off := self._source.cut_off(event.end_mark.index):
            finding = (
                f"{cut_off!r} is a comment to YAML and not part of {text!r}; write it in quotes, or a comment as `# `"
            )
            self._source.problems.append(self._source.at(event.start_mark.line, finding))
        kind = _KINDS.get(self._resolver.resolve(yaml.ScalarNode, text, (True, False)))  # type: ignore[no-untyped-call]
        return Untyped(kind, text) if kind else text

    def _refuse_specials(self, event: Any) -> None:  # noqa: ANN401 -- an event of PyYAML
        if event.anchor is not None:
            self._stop(event, "anchors are not taken here; write the entry out")
        if event.tag is not None:
            self._stop(event, f"tags like {event.tag} are not taken here; leave it away")

    def _stop(self, event: Any, finding: str) -> None:  # noqa: ANN401 -- an event of PyYAML
        raise Problems([*self._source.problems, self._source.at(event.start_mark.line, finding)])


@dataclass(slots=True)
class _Open:
    """A mapping or list that is still being read; `key` is one of a mapping whose value comes next."""

    value: Any
    key: str | None = None
