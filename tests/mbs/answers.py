"""What each answer to each call comes to: for the client, for the plan of a purge, and for a verdict.

`python -m tests.mbs.answers` prints TABLE as safety.md shows it.
"""

import json
import sys
from typing import Any, Final, NamedTuple

CALLS: Final = {
    "login": "POST api/Provider/Login",
    "computers": "GET api/Users/{id}/Computers",
    "user": "GET api/Users/{id}",
    "monitoring": "GET api/Monitoring",
    "billing": "PUT api/Billing/Details",
    "purge": "DELETE api/Users/{id}/Computers",
}
PC, OTHER = "PC-4", "PC-1"
_RUN: Final = {"UserID": "u-1", "ComputerName": PC, "LastStart": "2018-05-11T14:50:57", "Status": 0}
DOCUMENTED: Final[dict[str, Any]] = {
    "login": {"access_token": "t0ken", "token_type": "bearer", "expires_in": 1209599},
    "computers": [{"DestinationId": "d-1", "ComputerName": one} for one in (OTHER, PC)],
    "user": {"ID": "u-1", "Email": "charlie@acme.example", "DestinationList": []},
    "monitoring": [_RUN],
    "billing": {
        "TotalBackupBytes": 120,
        "UserDetailList": [{"Computer": one, "SizeBackup": 60} for one in (OTHER, PC)],
    },
    "purge": None,
}
BODIES: Final = {"`null`": "null", "`[]`": "[]", "`{}`": "{}", "HTML": "<html>Sign in</html>"}
STATUSES: Final = (204, 207, 400, 401, 403, 404, 429, 500, 503)
FIELDS: Final = {
    "login": ("access_token",),
    "computers": ("DestinationId", "ComputerName"),
    "user": ("ID", "Email", "DestinationList"),
    "monitoring": ("UserID", "ComputerName", "LastStart", "Status"),
    "billing": ("TotalBackupBytes", "UserDetailList", "Computer", "SizeBackup"),
    "purge": (),
}
"""The fields of the documented answers that are read."""
ANSWERS: Final = ("documented", "fields missing", "fields null", *BODIES, "wrong type", *map(str, STATUSES))


class Cell(NamedTuple):
    """What an answer comes to.

    `plan` says what the rules make of it before the purge of one computer, and `verdict` what a second look past the
    deadline comes to, after a first one that found it gone (`delisted`). Of the purge itself, `plan` says what the
    ledger records, and `verdict` what the next update does.
    """

    client: str
    plan: str
    verdict: str


def answer(call: str, name: str) -> tuple[int, str]:
    """Return the status and the body of an answer to a call."""
    if name.isdecimal():
        return int(name), "" if name == "204" else text(DOCUMENTED[call]) if name == "207" else '{"Message": "no"}'
    if name in BODIES:
        return 200, BODIES[name]
    values = {"fields missing": _without, "fields null": dict.fromkeys, "wrong type": _garbled}
    document = _each(DOCUMENTED[call], values[name]) if name in values else DOCUMENTED[call]
    return 200, text(document)


def names(call: str) -> tuple[str, ...]:
    """Return the names of a call's answers: those of every call, and one for each field that is read."""
    return (*ANSWERS, *(f"no `{field}`" for field in FIELDS[call]))


def without(call: str, name: str, *, is_null: bool) -> tuple[int, str]:
    """Return the documented answer without the field that a name names, or with null for it."""
    return 200, text(_stripped(DOCUMENTED[call], name.removeprefix("no ").strip("`"), is_null=is_null))


def _stripped(document: Any, field: str, *, is_null: bool) -> Any:  # noqa: ANN401 -- any JSON
    if isinstance(document, list):
        return [_stripped(one, field, is_null=is_null) for one in document]
    if not isinstance(document, dict):
        return document
    rest = {key: _stripped(value, field, is_null=is_null) for key, value in document.items() if key != field}
    return rest | ({field: None} if is_null and field in document else {})


def text(document: Any) -> str:  # noqa: ANN401 -- any JSON
    """Return a body: nothing for None."""
    return "" if document is None else json.dumps(document)


def _each(document: Any, change: Any) -> Any:  # noqa: ANN401 -- any JSON
    if document is None:
        return change({"StatusCode": 400})
    return [change(one) for one in document] if isinstance(document, list) else change(document)


def _without(_document: dict[str, Any]) -> dict[str, Any]:
    return {}


def _garbled(document: dict[str, Any]) -> dict[str, Any]:
    return {key: [value] for key, value in document.items()}


def gone(call: str) -> Any:  # noqa: ANN401 -- any JSON
    """Return the documented answer of an account that has nothing of the computer any more."""
    if call == "billing":
        return {"TotalBackupBytes": 60, "UserDetailList": DOCUMENTED[call]["UserDetailList"][:1]}
    return DOCUMENTED[call][:1] if call == "computers" else DOCUMENTED[call]


def _cells(*groups: tuple[str, Cell]) -> dict[str, Cell]:
    return {name: cell for names, cell in groups for name in names.split(", ")}


_ODD: Final = "fields missing, fields null, `[]`, `{}`, HTML, wrong type, 204, 207"
_BEFORE: Final = "delisted, as before"
_UNUSABLE: Final = Cell("unusable rows", "`ambiguous`", _BEFORE)
TABLE: Final = {
    "login": _cells(
        ("documented", Cell("logged in", "permitted", "erased")),
        (
            f"`null`, {_ODD}, no `access_token`",
            Cell("`UnreadableAnswer`", "`unreadable`", _BEFORE),
        ),
        ("400, 401, 403", Cell("`LoginRefused`", "`unreadable`", _BEFORE)),
        ("404, 429, 500, 503", Cell("`ApiError`", "`unreadable`", _BEFORE)),
    ),
    "computers": _cells(
        ("documented", Cell("what is listed", "permitted", "returned")),
        (
            "fields missing, fields null, no `DestinationId`, no `ComputerName`",
            Cell("unusable rows", "`ambiguous`", _BEFORE),
        ),
        ("`null`, 400, 404", Cell("an unknown user", "`unreadable`", _BEFORE)),
        ("`[]`", Cell("nothing listed", "not listed", "erased")),
        ("`{}`, HTML, wrong type, 204, 207", Cell("`UnreadableAnswer`", "`unreadable`", _BEFORE)),
        ("401", Cell("`TokenRefused`", "`unreadable`", _BEFORE)),
        ("403", Cell("`Forbidden`", "`unreadable`", _BEFORE)),
        ("429, 500, 503", Cell("`ApiError`", "`unreadable`", _BEFORE)),
    ),
    "user": _cells(
        ("documented, no `Email`, no `DestinationList`", Cell("a user", "not listed", "erased")),
        (
            f"{_ODD}, no `ID`",
            Cell("`UnreadableAnswer`", "`unreadable`", _BEFORE),
        ),
        ("`null`, 400, 404", Cell("an unknown user", "`max-bytes` `unknown-user`", "unknown")),
        ("401", Cell("`TokenRefused`", "`unreadable`", _BEFORE)),
        ("403", Cell("`Forbidden`", "`unreadable`", _BEFORE)),
        ("429, 500, 503", Cell("`ApiError`", "`unreadable`", _BEFORE)),
    ),
    "monitoring": _cells(
        ("documented", Cell("runs", "permitted", "erased")),
        ("fields missing, fields null", Cell("runs of nobody", "`alive`", "unknown")),
        ("no `UserID`", Cell("runs of nobody", "permitted, and told", "erased")),
        ("no `ComputerName`, no `LastStart`", Cell("runs", "permitted, and told", "erased")),
        ("no `Status`", Cell("runs", "`alive`", "unknown")),
        ("`null`, `{}`, HTML, wrong type, 204, 207, 400, 404", Cell("`UnreadableAnswer`", "`unreadable`", _BEFORE)),
        ("`[]`", Cell("no run", "permitted, and told", "erased")),
        ("401", Cell("`TokenRefused`", "`unreadable`", _BEFORE)),
        ("403", Cell("`Forbidden`", "`unreadable`", _BEFORE)),
        ("429, 500, 503", Cell("`ApiError`", "`unreadable`", _BEFORE)),
    ),
    "billing": _cells(
        ("documented, no `TotalBackupBytes`", Cell("sizes", "permitted", "contradicted")),
        (
            f"{_ODD}, no `UserDetailList`, no `SizeBackup`",
            Cell("`UnreadableAnswer`", "`unreadable`", "unknown"),
        ),
        ("no `Computer`", Cell("sizes", "permitted", "unknown")),
        ("`null`, 400, 404", Cell("not told", "`unreadable`", "unknown")),
        ("401", Cell("`TokenRefused`", "`unreadable`", "unknown")),
        ("403", Cell("`Forbidden`", "`unreadable`", "unknown")),
        ("429, 500, 503", Cell("`ApiError`", "`unreadable`", "unknown")),
    ),
    "purge": _cells(
        ("documented, `null`", Cell("accepted", "sent, accepted", "sends nothing")),
        (
            _ODD,
            Cell("`NotUnderstood`", "sent, not understood", "sends it again"),
        ),
        ("400, 404", Cell("`PurgeRefused`", "sent, failed", "sends it again")),
        ("401", Cell("`TokenRefused`", "sent, failed", "sends it again")),
        ("403", Cell("`Forbidden`", "sent, failed", "sends it again")),
        ("429", Cell("`ApiError`", "sent, failed", "sends it again")),
        ("500, 503", Cell("`ApiError`", "sent", "sends it again")),
    ),
}


def markdown() -> list[str]:
    """Return the table's lines; answers to a call that come to the same share one."""
    lines = ["| call | answered | client | plan | verdict |", "|---|---|---|---|---|"]
    for call, path in CALLS.items():
        cells = {name: TABLE[call][name] for name in names(call)}
        for cell in dict.fromkeys(cells.values()):
            answered = ", ".join(name for name, one in cells.items() if one == cell)
            lines.append(f"| `{path}` | {answered} | {cell.client} | {cell.plan} | {cell.verdict} |")
    return lines


if __name__ == "__main__":
    sys.stdout.write("\n".join(markdown()) + "\n")
