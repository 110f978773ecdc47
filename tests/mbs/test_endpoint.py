"""Where a token may be sent."""

import pytest

from mbs.endpoint import parse_endpoint
from mbs.errors import InvalidEndpoint


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        ("https://API.mspbackups.com/", "https://api.mspbackups.com"),
        ("https://api.example:443", "https://api.example"),
        ("https://api.example:8443/mbs/", "https://api.example:8443/mbs"),
        ("http://127.0.0.1:8787", "http://127.0.0.1:8787"),
        ("http://localhost:80", "http://localhost"),
        ("http://[::1]:8787/", "http://[::1]:8787"),
    ],
)
def test_an_endpoint_has_one_spelling(text: str, parsed: str) -> None:
    assert parse_endpoint(text) == parsed


@pytest.mark.parametrize(
    "text",
    ["http://api.mspbackups.com", "http://10.0.0.1", "http://127.0.0.1.example", "ftp://x", "api.mspbackups.com", "",
     "https://", "https://x/?a", "https://x/#a", "https://x:port", "https://[::1"],
)  # fmt: skip
def test_an_endpoint_that_would_expose_the_token_is_refused(text: str) -> None:
    with pytest.raises(InvalidEndpoint):
        parse_endpoint(text)


@pytest.mark.parametrize("text", ["https://me:hunter2@x", "https://hunter2@[x", "http://a:hunter2@127.0.0.1"])
def test_credentials_in_an_endpoint_are_refused_and_not_shown(text: str) -> None:
    with pytest.raises(InvalidEndpoint) as caught:
        parse_endpoint(text)
    assert "hunter2" not in str(caught.value)
