"""The log of the MBS API's requests, for people and tests to look at. It never holds a password or a token."""

import json
from datetime import datetime
from typing import Any, Final
from urllib.parse import parse_qs

from sqlalchemy import Connection, delete, func, insert, select
from sqlalchemy.orm import Session

from sandbox.messages import LoggedRequest
from sandbox.pairs import XML_TYPES, UnreadableBody, media_type, read_xml
from sandbox.tables import RequestRow

_SECRET_KEYS: Final = ("password", "token", "access_token", "client_secret", "authorization")
_WRITE: Final = insert(RequestRow.__table__)  # type: ignore[arg-type]
_LOGIN: Final = "/api/Provider/Login"
_DEEPEST: Final = 50  # levels of a body that is kept as JSON; what can be parsed is not always fit to be written
_LONGEST_TEXT: Final = 2000  # characters kept of a body that cannot be parsed


class Journal:
    """The log. A request under way is kept in memory and written down once, when its answer is known."""

    def __init__(self) -> None:
        self._under_way: dict[int, LoggedRequest] = {}
        self._last = 0

    def load(self, session: Session) -> None:
        """Continue the numbers of what the database holds."""
        self._last = session.scalar(select(func.max(RequestRow.sequence))) or 0

    def arrived(self, request: LoggedRequest) -> LoggedRequest:
        """Take in a request and number it. Numbers rise by one, and are never used twice."""
        self._last += 1
        numbered = request.model_copy(update={"sequence": self._last})
        self._under_way[numbered.sequence] = numbered
        return numbered

    def answered(self, connection: Connection, request: LoggedRequest, **outcome: int | bool | str | None) -> None:
        """Write down a request with its outcome. One that was cleared meanwhile is not written."""
        if self._under_way.pop(request.sequence, None) is not None:
            connection.execute(_WRITE, {**dict(request), **outcome})

    def read(self, session: Session, since: int = 0) -> list[LoggedRequest]:
        """Return the requests after number `since`, those under way too, in the order of their arrival."""
        rows = session.scalars(select(RequestRow).where(RequestRow.sequence > since)).all()
        columns = LoggedRequest.model_fields
        written = [LoggedRequest.model_validate({name: getattr(row, name) for name in columns}) for row in rows]
        open_ = [request for request in self._under_way.values() if request.sequence > since]
        return sorted(written + open_, key=lambda request: request.sequence)

    def clear(self, session: Session) -> None:
        """Forget every request. The numbers go on."""
        session.execute(delete(RequestRow))
        self._under_way.clear()


def describe(scope: dict[str, Any], body: bytes, at: datetime, real_at: datetime) -> LoggedRequest:
    """Return what the log says of a request, given as ASGI does and with its body."""
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    content_type = headers.get("content-type")
    return LoggedRequest(
        sequence=0,
        at=at,
        real_at=real_at,
        method=scope["method"],
        path=scope["path"],
        raw_path=scope["raw_path"].decode("latin-1"),
        query=_redacted(parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)),
        content_type=content_type,
        user_agent=headers.get("user-agent"),
        body=_body(scope["path"], content_type, body),
        status=None,
        cut=False,
        fault=None,
    )


def _body(path: str, content_type: str | None, body: bytes) -> Any:  # noqa: ANN401 -- any JSON
    if not body:
        return None
    is_login = path.casefold() == _LOGIN.casefold()
    try:
        parsed = _redacted(_parsed(media_type(content_type), body))
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
        return [_redacted(one, level + 1) for one in value]
    if isinstance(value, dict):
        return {
            key: _hidden(one) if key.casefold() in _SECRET_KEYS else _redacted(one, level + 1)
            for key, one in value.items()
        }
    return value


def _hidden(value: object) -> str | list[str]:
    return ["***"] if isinstance(value, list) else "***"
