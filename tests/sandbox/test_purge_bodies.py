"""DELETE api/Users/{userId}/Computers: the bodies that it takes."""

import json

import pytest

from sandbox.running import RunningSandbox
from tests.sandbox.conftest import USER, Api

NAMESPACE = "http://schemas.datacontract.org/2004/07/MBSAPImvc.Engine.Models"
PAIR = {"DestinationId": "d1", "ComputerName": "Zoë's Mac & <PC>"}
XML_ITEM = (
    "<UserComputerData><ComputerName>Zoë's Mac &amp; &lt;PC&gt;</ComputerName>"
    "<DestinationId>d1</DestinationId></UserComputerData>"
)


def xml(items: str, root: str = "ArrayOfUserComputerData", namespace: str = NAMESPACE) -> bytes:
    schema = 'xmlns:i="http://www.w3.org/2001/XMLSchema-instance"'
    return f'<{root} {schema} xmlns="{namespace}">{items}</{root}>'.encode()


@pytest.fixture(autouse=True)
def _two_computers(sandbox: RunningSandbox) -> None:
    names = [PAIR["ComputerName"], "OTHER"]
    sandbox.seed([{"id": USER, "computers": [{"name": name, "destinations": ["d1"]} for name in names]}])


@pytest.fixture
def _at_once(sandbox: RunningSandbox) -> None:
    sandbox.change_settings(purge_delay="0s")


@pytest.mark.usefixtures("_at_once")
@pytest.mark.parametrize("kind", ["application/json", "text/json", "application/json; charset=utf-8", "TEXT/JSON"])
def test_json_array_is_accepted(api: Api, kind: str) -> None:
    assert api.send(json.dumps([PAIR]).encode(), kind).status_code == 200
    assert api.names() == ["OTHER"]


@pytest.mark.usefixtures("_at_once")
@pytest.mark.parametrize("kind", ["application/xml", "text/xml", "application/xml; charset=utf-8"])
def test_xml_as_the_vendors_page_gives_it_is_accepted(api: Api, kind: str) -> None:
    answer = api.send(xml(XML_ITEM), kind)
    assert (answer.status_code, answer.content) == (200, b"")
    assert api.names() == ["OTHER"]


@pytest.mark.usefixtures("_at_once")
def test_xml_can_name_several(api: Api) -> None:
    other = "<UserComputerData><DestinationId>D1</DestinationId><ComputerName>OTHER</ComputerName></UserComputerData>"
    api.send(xml(XML_ITEM + other), "text/xml")
    assert api.listing() == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"  ",
        b"null",
        b"[]",
        b"{",
        b'"text"',
        b"7",
        b"[" * 100_000,
        b"[" * 5_000 + b"]" * 5_000,
        b"[null]",
        b'["LAPTOP"]',
        b'[{"DestinationId": "d1"}]',
        b'[{"ComputerName": "OTHER"}]',
        b'[{"DestinationId": "d1", "ComputerName": ""}]',
        b'[{"DestinationId": null, "ComputerName": "OTHER"}]',
        b'[{"DestinationId": 1, "ComputerName": "OTHER"}]',
        b'[{"destinationId": "d1", "computerName": "OTHER"}]',
        b'[{"DestinationId": "d1", "ComputerName": "OTHER"}, {}]',
        b'{"DestinationId": "d1", "ComputerName": "OTHER"}',
        b"\xff\xfe\xfa",
    ],
)
def test_json_that_is_no_array_of_whole_pairs_is_refused(sandbox: RunningSandbox, api: Api, body: bytes) -> None:
    answer = api.send(body)
    assert (answer.status_code, list(answer.json())) == (400, ["Message"])
    assert sandbox.state().purges == []


@pytest.mark.parametrize(
    "body",
    [
        xml(""),
        xml(XML_ITEM, namespace="http://example.org/other"),
        xml(XML_ITEM.replace("<UserComputerData>", f'<UserComputerData xmlns="{NAMESPACE}">'), namespace="urn:other"),
        xml(XML_ITEM, root="ArrayOfSomething"),
        xml(XML_ITEM.replace("UserComputerData", "Other")),
        xml("<UserComputerData><ComputerName>OTHER</ComputerName></UserComputerData>"),
        b"<ArrayOfUserComputerData",
        b'<?xml version="1.0" encoding="nonsense"?>' + xml(XML_ITEM),
        json.dumps([PAIR]).encode(),
    ],
)
def test_other_xml_is_refused(sandbox: RunningSandbox, api: Api, body: bytes) -> None:
    answer = api.send(body, "application/xml")
    assert (answer.status_code, list(answer.json())) == (400, ["Message"])
    assert sandbox.state().purges == []


def test_dtd_is_refused_before_its_entities_are_read(sandbox: RunningSandbox, api: Api) -> None:
    bomb = '<!ENTITY a "ha">' + "".join(
        f'<!ENTITY {new} "{f"&{old};" * 10}">' for old, new in zip("abcdefgh", "bcdefghi", strict=True)
    )
    item = "<UserComputerData><ComputerName>&i;</ComputerName><DestinationId>d1</DestinationId></UserComputerData>"
    answer = api.send(f"<!DOCTYPE x [{bomb}]>".encode() + xml(item), "application/xml")
    assert (answer.status_code, answer.json()["Message"]) == (400, "The request is invalid: a DTD is not accepted.")
    assert sandbox.state().purges == []


@pytest.mark.parametrize("kind", ["text/plain", "application/octet-stream", "application/x-www-form-urlencoded", None])
def test_other_content_types_are_refused(sandbox: RunningSandbox, api: Api, kind: str | None) -> None:
    answer = api.send(json.dumps([PAIR]).encode(), kind)
    assert (answer.status_code, list(answer.json())) == (415, ["Message"])
    assert sandbox.state().purges == []


def test_body_beyond_the_limit_is_refused(api: Api) -> None:
    answer = api.send(b" " * (32 * 1024 * 1024 + 1))
    assert (answer.status_code, list(answer.json())) == (413, ["Message"])
