"""The address of the API: where a token may be sent."""

import ipaddress
from urllib.parse import SplitResult, urlsplit

from mbs.errors import InvalidEndpoint


def parse_endpoint(text: str) -> str:
    """Return the endpoint in its one spelling: scheme and host in lower case, default port and last slash dropped.

    Raises InvalidEndpoint unless it is https, or http to this machine's loopback.
    """
    try:
        parts = urlsplit(text.strip())
        host, port = parts.hostname, parts.port
    except ValueError:
        host = None
    if "@" in text:
        raise InvalidEndpoint("endpoint carries a login or a password", "set these as secrets of their own")
    if not host or parts.query or parts.fragment or parts.scheme not in ("http", "https"):
        raise InvalidEndpoint(f"endpoint {text!r} is not an address", "write it like https://api.mspbackups.com")
    if parts.scheme == "http" and not is_loopback(host):
        raise InvalidEndpoint(
            f"endpoint {text!r} would send the token unencrypted",
            "use https (http is for this machine's loopback alone)",
        )
    return _normalised(parts, host, port)


def is_loopback(host: str) -> bool:
    """Whether this host name or IP address is the machine itself."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _normalised(parts: SplitResult, host: str, port: int | None) -> str:
    shown = f"[{host}]" if ":" in host else host
    default = {"http": 80, "https": 443}[parts.scheme]
    return f"{parts.scheme}://{shown}" + (f":{port}" if port not in (None, default) else "") + parts.path.rstrip("/")
