"""A client of the MBS API: log in, list what a user has in backup storage, delete it.

Safe to use from several threads at once. Every call returns what was documented or raises an MbsError.
"""

import datetime
import json
import re
import ssl
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, TypeVar
from urllib.parse import quote, urlsplit

import requests
import urllib3
import urllib3.exceptions
from pydantic import TypeAdapter, ValidationError

from mbs.credentials import Credentials, Login, Token
from mbs.endpoint import is_loopback, parse_endpoint
from mbs.errors import (
    AnswerLost,
    ApiError,
    Forbidden,
    InvalidRequest,
    LoginRefused,
    NotUnderstood,
    PurgeRefused,
    TokenRefused,
    Unreachable,
    UnreadableAnswer,
    Untrusted,
)
from mbs.models import Billing, PlanRun, UnusableRow, User, UserComputer
from mbs.pace import AGAIN, Pace

T = TypeVar("T")

_LONGEST_ANSWER: Final = 16 * 1024 * 1024  # bytes; a listing of 100,000 computers stays below it
_LONGEST_OF: Final = {"/api/Monitoring": 64 * 1024 * 1024}  # 100,000 backup plans, of all customers
_LATEST: Final = 6 * 3600  # seconds; urllib3 cuts a Retry-After to it, and one so far away is a mistake
_LONGEST_MESSAGE: Final = 256  # characters of the vendor's words that an error repeats
_LISTING: Final = TypeAdapter(list[UserComputer | UnusableRow] | None)
_USER: Final = TypeAdapter(User | None)
_PLAN_RUNS: Final = TypeAdapter(list[PlanRun] | None)
_BILLING: Final = TypeAdapter(Billing | None)
_SAYS: Final = ("Message", "message", "ErrorMessage", "error_description", "error")
_UNKNOWN_ID: Final = (400, 404)
_NOTHING_WAS_SENT: Final = (
    urllib3.exceptions.NewConnectionError,
    urllib3.exceptions.NameResolutionError,
    urllib3.exceptions.ConnectTimeoutError,
    ssl.SSLCertVerificationError,
    urllib3.exceptions.ProxyError,
)


class _Bearer(requests.auth.AuthBase):
    """Set as `auth`, so that an entry in somebody's ~/.netrc cannot take the token's place."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


@dataclass(frozen=True)
class _Answer:
    status: int
    text: str
    retry_after: float | None


class Client:
    """One account of the MBS API.

    `endpoint` is its address (https, or http to loopback), `timeout` the seconds to wait for a connection and for each
    piece of an answer; an answer as a whole may take twice that. Reads are repeated as `pace` says; a purge is sent
    once, since who sends it again has to know what the first one did. Raises InvalidEndpoint or InvalidRequest for what
    cannot be used.
    """

    def __init__(
        self, endpoint: str, credentials: Credentials, *, timeout: float = 30.0, pace: Pace | None = None
    ) -> None:
        self.endpoint = parse_endpoint(endpoint)
        self.pace = pace or Pace()
        self._timeout = timeout
        self._login = credentials if isinstance(credentials, Login) else None
        self._token = _usable(credentials.value) if isinstance(credentials, Token) else None
        self._login_lock = threading.Lock()
        self._local = threading.local()

    def computers(self, user_id: str) -> list[UserComputer | UnusableRow] | None:
        """List what a user has in backup storage: GET api/Users/{userId}/Computers.

        None: the account answers as for an ID it does not know (null, 400 or 404). An empty list may mean that too.
        """
        return self._known(f"{_user_path(user_id)}/Computers", _LISTING)

    def user(self, user_id: str) -> User | None:
        """Look a user up: GET api/Users/{id}. None: the account does not know this ID (null, 400 or 404)."""
        return self._known(_user_path(user_id), _USER)

    def plan_runs(self) -> list[PlanRun]:
        """Show the latest run of each backup plan of the account: GET api/Monitoring.

        That of one user is documented for endpoints that are online: a computer that was switched off is not in it.
        """
        runs = self._known("/api/Monitoring", _PLAN_RUNS)
        if runs is None:
            raise UnreadableAnswer("GET", "/api/Monitoring", "tells of no backup plan at all", "check the account")
        return runs

    def billing(self, user_id: str, day: datetime.date) -> Billing | None:
        """Show what is stored of a user: PUT api/Billing/Details, which only reads. None: an unknown user."""
        body = {"UserID": user_id, "Date": day.isoformat()}
        return self._known("/api/Billing/Details", _BILLING, "PUT", json=body)

    def delete_user_data(self, user_id: str, computers: Iterable[UserComputer]) -> None:
        """Have a user's data deleted in backup storage: DELETE api/Users/{userID}/Computers.

        Returns once the API has *accepted* it; the data goes later, and there is no way back. The body is always a JSON
        array: what a missing body or an empty array does is not documented, so that an empty one is never sent.
        """
        pairs = [{"DestinationId": pair.destination_id, "ComputerName": pair.computer_name} for pair in computers]
        if not pairs:
            raise InvalidRequest(
                f"no computer named to delete for user {user_id}", "name each computer and destination"
            )
        path = f"{_user_path(user_id)}/Computers"
        answer = self._call("DELETE", path, json=pairs)
        # Documented is 200 and nothing. Whatever else comes back may be a proxy's page, or a no in an envelope.
        if answer.status != 200 or not _is_nothing(answer.text):
            said = self._message(answer.text, self._token)
            finding = f"answered {answer.status}" + (f": {said}" if said else "")
            raise NotUnderstood("DELETE", path, f"{finding}, which is documented neither as a yes nor as a no")

    def _known(self, path: str, kind: TypeAdapter[T], method: str = "GET", **body: Any) -> T | None:  # noqa: ANN401 -- as _call
        try:
            answer = self.pace.run(lambda: self._call(method, path, **body))
        except ApiError as error:
            # The login that this call needed can fail with the same status, and says nothing of the ID.
            if error.status in _UNKNOWN_ID and error.path == path:
                return None
            raise
        document = _parsed(method, path, answer)
        try:
            return kind.validate_python(document, strict=True)
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            where = ".".join(map(str, first["loc"]))
            raise UnreadableAnswer(
                method, path, f"answered another shape than is documented: {where}: {first['msg']}"
            ) from None

    def _call(self, method: str, path: str, **body: Any) -> _Answer:  # noqa: ANN401 -- what `requests` takes as a body
        token = self._bearer()
        answer = self._exchange(method, path, auth=_Bearer(token), **body)
        if answer.status == 401 and self._login is not None:
            # It has expired, or another login ended it: log in once for all who find that out at the same time.
            token = self._bearer(instead_of=token)
            answer = self._exchange(method, path, auth=_Bearer(token), **body)
        if 200 <= answer.status < 300:
            return answer
        said = self._message(answer.text, token)
        raise _kind(method, answer.status)(method, path, answer.status, said, answer.retry_after)

    def _bearer(self, instead_of: str | None = None) -> str:
        with self._login_lock:
            if self._token is None or self._token == instead_of:
                self._token = self._log_in()
            return self._token

    def _log_in(self) -> str:
        if self._login is None:
            raise InvalidRequest("no token and no login is set", "set one of them")
        path = "/api/Provider/Login"
        body = {"UserName": self._login.login, "Password": self._login.password}
        answer = self._exchange("POST", path, json=body)
        if answer.status in (400, 401, 403):
            raise LoginRefused("POST", path, answer.status, self._message(answer.text))
        if not 200 <= answer.status < 300:
            raise ApiError("POST", path, answer.status, self._message(answer.text), answer.retry_after)
        document = _parsed("POST", path, answer)
        token = document.get("access_token") if isinstance(document, dict) else None
        if not isinstance(token, str) or not token:
            raise UnreadableAnswer("POST", path, "answered without an access_token")
        return _usable(token)

    def _exchange(self, method: str, path: str, **arguments: Any) -> _Answer:  # noqa: ANN401 -- as `requests`
        """Send one request and return its answer; no redirect is followed, whatever the method."""
        started = time.monotonic()
        try:
            with self._session().request(
                method,
                self.endpoint + path,
                timeout=self._timeout,
                allow_redirects=False,
                stream=True,
                **arguments,
            ) as answer:
                text = self._read(method, path, answer, started)
        except requests.RequestException as error:
            # `from None`: the library's exceptions carry the request, and with it the token.
            raise self._failure(method, path, error) from None
        if 300 <= answer.status_code < 400:
            to = urlsplit(answer.headers.get("Location", "")).netloc or "elsewhere"
            raise UnreadableAnswer(
                method, path, f"is redirected to {to}, which is not followed", "set the endpoint that answers itself"
            )
        return _Answer(answer.status_code, text, _seconds(answer.headers.get("Retry-After")))

    def _read(self, method: str, path: str, answer: requests.Response, started: float) -> str:
        pieces, size, most = [], 0, _LONGEST_OF.get(path, _LONGEST_ANSWER)
        for piece in answer.iter_content(64 * 1024):
            size += len(piece)
            if size > most:
                raise UnreadableAnswer(method, path, f"answered more than {most >> 20} MiB")
            if time.monotonic() - started > 2 * self._timeout:
                raise AnswerLost(method, path, f"was not answered in full within {2 * self._timeout:g} s")
            pieces.append(piece)
        # Words of an error may be garbled. A name that was repaired would be another name.
        is_error = answer.status_code >= 300
        try:
            return b"".join(pieces).decode("utf-8-sig", errors="replace" if is_error else "strict")
        except UnicodeDecodeError:
            raise UnreadableAnswer(method, path, "answered in bytes that are not UTF-8") from None

    def _failure(self, method: str, path: str, error: requests.RequestException) -> Exception:
        if isinstance(error, requests.exceptions.InvalidHeader | requests.exceptions.InvalidURL):
            return InvalidRequest(f"{method} {path} cannot be sent as a request", "check the endpoint")
        host = urlsplit(self.endpoint).netloc
        cause = _cause(error)
        if isinstance(error, requests.exceptions.ConnectTimeout) or isinstance(cause, _NOTHING_WAS_SENT):
            kind = Untrusted if isinstance(cause, ssl.SSLCertVerificationError) else Unreachable
            return kind(method, path, f"did not reach {host} ({_words(cause)})")
        if isinstance(error, requests.exceptions.Timeout):
            return AnswerLost(method, path, f"was sent to {host} and not answered within {self._timeout:g} s")
        return AnswerLost(method, path, f"was sent to {host}, and the connection broke before its answer was read")

    def _session(self) -> requests.Session:
        """Return this thread's session: the library does not promise that one can be shared."""
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = requests.Session()
            session.headers.update({"Accept": "application/json", "User-Agent": "mbs-erasure"})
            # A proxy of the environment is for the outside; it must not carry what is meant for this machine.
            session.trust_env = not is_loopback(urlsplit(self.endpoint).hostname or "")
            self._local.session = session
        return session

    def _message(self, text: str, token: str | None = None) -> str:
        """Return the vendor's words, on one line, cut, and without the secrets that a server might echo."""
        try:
            document = json.loads(text)
        except (ValueError, RecursionError):
            document = None
        said = text
        if isinstance(document, dict):
            said = next((value for key in _SAYS if isinstance(value := document.get(key), str)), text)
            if said is not text and (state := document.get("ModelState")):
                said += f" {json.dumps(state, ensure_ascii=False)}"
        for secret in (token, self._login.password if self._login else None):
            said = said.replace(secret, "***") if secret else said
        return re.sub(r"\s+", " ", said).strip()[:_LONGEST_MESSAGE]


def _kind(method: str, status: int) -> type[ApiError]:
    if method == "DELETE" and 400 <= status < 500 and status not in (401, 403, *AGAIN):
        return PurgeRefused
    return {401: TokenRefused, 403: Forbidden}.get(status, ApiError)


def _seconds(retry_after: str | None) -> float | None:
    """Read the header, in seconds or as a date; None where there is none that can be meant."""
    try:
        seconds = urllib3.Retry().parse_retry_after(retry_after) if retry_after else None
    except (urllib3.exceptions.InvalidHeader, ValueError, OverflowError, TypeError):
        return None
    return seconds if seconds is not None and 0 <= seconds < _LATEST else None


def _user_path(user_id: str) -> str:
    return f"/api/Users/{_segment(user_id)}"


def _segment(user_id: str) -> str:
    if user_id in ("", ".", ".."):
        # As a path segment these would address something else than a user, and no escape survives every proxy.
        raise InvalidRequest(f"{user_id!r} is no user ID", "copy the ID from the account")
    return quote(user_id, safe="")


def _usable(token: str) -> str:
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise InvalidRequest("the token has characters that no token has", "set it again, without line breaks")
    return token


def _is_nothing(text: str) -> bool:
    """Whether a body says nothing: empty, white space, or the JSON of nothing or of an empty text."""
    return text.strip() in ("", "null", '""')


def _parsed(method: str, path: str, answer: _Answer) -> Any:  # noqa: ANN401 -- any JSON
    if answer.status != 200:
        raise UnreadableAnswer(method, path, f"answered {answer.status}, which is not documented")
    try:
        return json.loads(answer.text)
    except (ValueError, RecursionError):
        raise UnreadableAnswer(method, path, "answered something that is not JSON") from None


def _cause(error: BaseException) -> BaseException:
    """Return the error of the transport that `requests` wrapped."""
    inner: object = error
    for _ in range(8):
        reason = getattr(inner, "reason", None)
        if not isinstance(reason, BaseException):
            reason = next((arg for arg in getattr(inner, "args", ()) if isinstance(arg, BaseException)), None)
        if reason is None:
            break
        inner = reason
        if isinstance(inner, _NOTHING_WAS_SENT):
            break
    return inner if isinstance(inner, BaseException) else error


def _words(cause: BaseException) -> str:
    if isinstance(cause, urllib3.exceptions.NameResolutionError):
        return "its name is not known"
    if isinstance(cause, urllib3.exceptions.NewConnectionError):
        return "the connection is refused"
    if isinstance(cause, urllib3.exceptions.ConnectTimeoutError):
        return "no connection in time"
    if isinstance(cause, ssl.SSLCertVerificationError):
        return "its certificate is not accepted"
    if isinstance(cause, urllib3.exceptions.ProxyError):
        return "the proxy does not let it through"
    return "no connection"
