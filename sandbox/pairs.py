"""The body of a DELETE of backup data: pairs of a destination and a computer, in JSON or XML.

Source of the shapes: the vendor's page on DELETE api/Users/{userID}/Computers.
"""

import json
from typing import Any, Final, NamedTuple, NoReturn
from xml.etree import ElementTree as ET

JSON_TYPES: Final = ("application/json", "text/json")
XML_TYPES: Final = ("application/xml", "text/xml")
NAMESPACE: Final = "http://schemas.datacontract.org/2004/07/MBSAPImvc.Engine.Models"
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


def read_pairs(content_type: str | None, body: bytes) -> list[Pair]:
    """Return the pairs that a body names. Raises UnreadableBody where it names none, and where one lacks a field."""
    kind = media_type(content_type)
    if not body.strip():
        items: Any = None
    elif kind in XML_TYPES:
        items = read_xml(body)
    elif kind in JSON_TYPES:
        items = _read_json(body)
    else:
        raise UnreadableBody(f"The request entity's media type '{kind}' is not supported for this resource.", 415)
    if items is None or items == []:
        raise UnreadableBody("The request is invalid: it names no destination and no computer.")
    if not isinstance(items, list):
        raise UnreadableBody("The request is invalid: an array of destinations and computers is expected.")
    return [_pair(item) for item in items]


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
    if root.tag != f"{{{NAMESPACE}}}ArrayOfUserComputerData":
        raise UnreadableBody("The request is invalid: ArrayOfUserComputerData is expected, in its namespace.")
    return [_xml_item(item) for item in root]


class _WithoutDtd(ET.TreeBuilder):
    def doctype(self, name: str, pubid: str | None, system: str | None) -> NoReturn:  # noqa: ARG002
        raise UnreadableBody("The request is invalid: a DTD is not accepted.")


def _read_json(body: bytes) -> Any:  # noqa: ANN401 -- any JSON
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise UnreadableBody("The request is invalid: the JSON cannot be read.") from None


def _xml_item(item: ET.Element) -> dict[str, str]:
    if item.tag != f"{{{NAMESPACE}}}UserComputerData":
        raise UnreadableBody("The request is invalid: UserComputerData is expected, in its namespace.")
    texts = {name: item.findtext(f"{{{NAMESPACE}}}{name}") for name in _FIELDS}
    return {name: text for name, text in texts.items() if text is not None}


def _pair(item: object) -> Pair:
    fields = [item.get(name) for name in _FIELDS] if isinstance(item, dict) else []
    match fields:
        case [str(destination), str(computer)] if destination and computer:
            return Pair(destination, computer)
    raise UnreadableBody("The request is invalid: each item needs a DestinationId and a ComputerName.")
