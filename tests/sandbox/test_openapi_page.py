"""The OpenAPI page."""

import re

import requests

from sandbox.running import RunningSandbox
from sandbox.settings import Settings

PATHS = {
    "/api/Provider/Login": {"post"},
    "/api/Users": {"get"},
    "/api/Users/{user_id}": {"get"},
    "/api/Users/{user_id}/Computers": {"get", "delete"},
    "/api/Monitoring": {"get"},
    "/api/Monitoring/{user_id}": {"get"},
    "/api/Billing/Details": {"put"},
}


def test_page_and_its_parts_come_from_here_alone(sandbox: RunningSandbox) -> None:
    page = requests.get(f"{sandbox.url}/docs", timeout=30)
    assert page.ok
    assert not re.search(r"(https?:)?//[a-z]", page.text)
    assert '"validatorUrl": null' in page.text
    parts = re.findall(r'(?:src|href|url)[=:] ?["\']([^"\']+)["\']', page.text)
    assert len(parts) == 4
    for part in parts:
        assert requests.get(sandbox.url + part, timeout=30).ok, part


def test_page_tells_the_vendors_paths_from_the_sandboxes_own(sandbox: RunningSandbox) -> None:
    paths = requests.get(f"{sandbox.url}/openapi.json", timeout=30).json()["paths"]
    tags = {path: {tag for one in methods.values() for tag in one["tags"]} for path, methods in paths.items()}
    assert {path: set(methods) for path, methods in paths.items() if tags[path] == {"MBS API"}} == PATHS
    others = [path for path in paths if path not in PATHS]
    assert all(path.startswith("/_sandbox/") for path in others)
    assert all(tags[path] == {"Sandbox control (not the vendor's)"} for path in others)


def test_page_describes_every_setting(sandbox: RunningSandbox) -> None:
    schema = requests.get(f"{sandbox.url}/openapi.json", timeout=30).json()["components"]["schemas"]["Settings"]
    assert set(schema["properties"]) == set(Settings.model_fields)
    assert all(field["description"] for field in schema["properties"].values())


def test_document_says_what_a_purge_takes(sandbox: RunningSandbox) -> None:
    document = requests.get(f"{sandbox.url}/openapi.json", timeout=30).json()
    purge = document["paths"]["/api/Users/{user_id}/Computers"]["delete"]
    assert set(purge["requestBody"]["content"]) == {"application/json", "text/json", "application/xml", "text/xml"}
