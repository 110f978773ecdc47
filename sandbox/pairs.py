"""The body of a DELETE of backup data: pairs of a destination and a computer, in JSON or XML.

Source of the shapes: the vendor's page on DELETE api/Users/{userID}/Computers.
"""

import json
from typing import Any, Final, NamedTuple, NoReturn
from xml.etree import ElementTree as ET

from sandbox.settings import Settings

JSON_TYPES: Final = ("application/json", "text/json")
XML_TYPES: Final = ("application/xml", "text/xml")
_NAMESPACE: Final = "{http://schemas.datacontract.org/2004/07/MBSAPImvc.Engine.Models}"
_FIELDS: Final = ("DestinationId", "ComputerName")


class Pair(NamedTuple):
    """What a purge addresses within a user."""

    destination: str
    computer: str


class UnreadableBody(Exception):
    """The body is none that the API takes. `status` is what it answers then."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


def read_pairs(content_type: str | None, body: bytes, settings: Settings) -> list[Pair] | None:
    """Return the pairs that a body names; None where it names none and that means everything. Raises UnreadableBody."""
    items = _items(content_type, body)
    if isinstance(items, dict) and settings.single_object == "accepted":
        items = [items]
    if not isinstance(items, list):
        raise UnreadableBody("The request is invalid: an array of destinations and computers is expected.")
    if not items and settings.no_pairs == "refused":
        raise UnreadableBody("The request is invalid: it names no destination and no computer.")
    if not items and settings.no_pairs == "everything":
        return None
    pairs = [_pair(item) for item in items]
    if None in pairs and settings.incomplete_pair == "refused":
        raise UnreadableBody("The request is invalid: each item needs a DestinationId and a ComputerName.")
    return [pair for pair in pairs if pair is not None]


def media_type(content_type: str | None) -> str:
    """Return a content type without its parameters."""
    return (content_type or "").partition(";")[0].strip().lower()


def read_xml(body: bytes) -> list[dict[str, str]]:
    """Read an ArrayOfUserComputerData as the JSON it stands for. Raises UnreadableBody."""
    # A DTD is refused before anything of it is read, and without one there are no entities to expand.
    parser = ET.XMLParser(target=_WithoutDtd())  # noqa: S314
    try:
        parser.feed(body)
        root: ET.Element = parser.close()
    except (ET.ParseError, LookupError, ValueError) as error:
        raise UnreadableBody(f"The request is invalid: the XML cannot be read ({error}).") from None
    if root.tag != f"{_NAMESPACE}ArrayOfUserComputerData":
        raise UnreadableBody("The request is invalid: ArrayOfUserComputerData is expected, in its namespace.")
    return [_xml_item(item) for item in root]


class _WithoutDtd(ET.TreeBuilder):
    def doctype(self, name: str, pubid: str | None, system: str | None) -> NoReturn:  # noqa: ARG002
        raise UnreadableBody("The request is invalid: a DTD is not accepted.")


def _items(content_type: str | None, body: bytes) -> Any:  # noqa: ANN401 -- any JSON
    """Parse a body; a missing one and `null` count as an empty array."""
    if not body.strip():
        return []
    kind = media_type(content_type)
    if kind in XML_TYPES:
        return read_xml(body)
    if kind not in JSON_TYPES:
        raise UnreadableBody(f"The request entity's media type '{kind}' is not supported for this resource.", 415)
    try:
        items = json.loads(body)
    except (ValueError, RecursionError):
        raise UnreadableBody("The request is invalid: the JSON cannot be read.") from None
    return [] if items is None else items


def _xml_item(item: ET.Element) -> dict[str, str]:
    if item.tag != f"{_NAMESPACE}UserComputerData":
        raise UnreadableBody("The request is invalid: UserComputerData is expected, in its namespace.")
    texts = {name: item.findtext(f"{_NAMESPACE}{name}") for name in _FIELDS}
    return {name: text for name, text in texts.items() if text is not None}


def _pair(item: object) -> Pair | None:
    if not isinstance(item, dict):
        return None
    destination, computer = (item.get(name) for name in _FIELDS)
    if not (isinstance(destination, str) and destination and isinstance(computer, str) and computer):
        return None
    return Pair(destination, computer)
