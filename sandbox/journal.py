"""The log of the MBS API's requests, for people and tests to look at. It never holds a password or a token."""

import json
from datetime import datetime
from typing import Any, Final
from urllib.parse import parse_qs

from sandbox.messages import LoggedRequest
from sandbox.pairs import XML_TYPES, UnreadableBody, media_type, read_xml
from sandbox.store import Database
from sandbox.vendor.login import LOGIN

_SECRET_KEYS: Final = ("password", "token", "access_token", "client_secret", "authorization")
_DEEPEST: Final = 50  # levels of a body that is kept as JSON; what can be parsed is not always fit to be written
_LONGEST_TEXT: Final = 2000  # characters kept of a body that cannot be parsed


def arrived(database: Database, request: LoggedRequest) -> int:
    """Write down a request that is not answered yet, and return its number. Numbers rise, and are never used twice."""
    document = json.dumps(request.model_dump(mode="json", exclude={"sequence", "status", "cut", "fault"}))
    return database.execute("INSERT INTO requests (document) VALUES (?)", (document,)).lastrowid or 0


def answered(
    database: Database, sequence: int, *, status: int | None = None, cut: bool = False, fault: str | None = None
) -> None:
    """Write down what became of a request. One that was cleared meanwhile is not written."""
    database.execute(
        "UPDATE requests SET status = ?, cut = ?, fault = ? WHERE sequence = ?", (status, cut, fault, sequence)
    )


def read(database: Database, since: int = 0) -> list[LoggedRequest]:
    """Return the requests after number `since`, those under way too, in the order of their arrival."""
    rows = map(dict, database.execute("SELECT * FROM requests WHERE sequence > ? ORDER BY sequence", (since,)))
    return [LoggedRequest.model_validate(json.loads(row.pop("document")) | row) for row in rows]


def clear(database: Database) -> None:
    """Forget every request. The numbers go on."""
    database.execute("DELETE FROM requests")


def describe(scope: dict[str, Any], body: bytes, at: datetime, real_at: datetime) -> LoggedRequest:
    """Return what the log says of a request, given as ASGI does and with its body."""
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    content_type = headers.get("content-type")
    return LoggedRequest(
        at=at,
        real_at=real_at,
        method=scope["method"],
        path=scope["path"],
        raw_path=scope["raw_path"].decode("latin-1"),
        query=_redacted(parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)),
        content_type=content_type,
        user_agent=headers.get("user-agent"),
        body=_body(scope["path"], content_type, body),
    )


def _body(path: str, content_type: str | None, body: bytes) -> Any:  # noqa: ANN401 -- any JSON
    if not body:
        return None
    is_login = path.casefold() == LOGIN.casefold()
    try:
        parsed = _redacted(_parsed(media_type(content_type), body))
        json.dumps(parsed, ensure_ascii=False).encode()  # half a surrogate can be parsed, and not be shown
    except (ValueError, RecursionError, UnreadableBody):
        parsed = body.decode(errors="replace")[:_LONGEST_TEXT]
    # What is no object cannot be redacted, and a login's body holds a password whatever its form.
    return parsed if isinstance(parsed, dict) or not is_login else "(not readable)"


def _parsed(kind: str, body: bytes) -> Any:  # noqa: ANN401 -- any JSON
    if kind in XML_TYPES:
        return read_xml(body)
    if kind == "application/x-www-form-urlencoded":
        form = parse_qs(body.decode(), keep_blank_values=True, strict_parsing=True)
        return {name: values[0] if len(values) == 1 else values for name, values in form.items()}
    return json.loads(body)


def _redacted(value: Any, level: int = 0) -> Any:  # noqa: ANN401 -- any JSON
    if level > _DEEPEST:
        raise RecursionError
    if isinstance(value, list):
        return [_redacted(item, level + 1) for item in value]
    if isinstance(value, dict):
        return {
            key: _hidden(item) if key.casefold() in _SECRET_KEYS else _redacted(item, level + 1)
            for key, item in value.items()
        }
    return value


def _hidden(value: object) -> str | list[str]:
    return ["***"] if isinstance(value, list) else "***"
