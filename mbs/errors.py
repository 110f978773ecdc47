"""What can go wrong between this machine and the MBS API.

    MbsError
    ├── InvalidEndpoint    the address is not one that a token may be sent to
    ├── InvalidRequest     refused here, before anything is sent
    └── CallFailed
        ├── Unreachable        nothing was sent: name, connection, certificate
        │   └── Untrusted      the certificate
        ├── AnswerLost         the request may have taken effect; its answer did not arrive
        ├── UnreadableAnswer   an answer arrived that is not what the API documents
        │   └── NotUnderstood  to a purge: neither the documented yes nor an error status
        └── ApiError           the API answered with an error status
            ├── LoginRefused   the login itself
            ├── TokenRefused   401 on any other call
            ├── Forbidden      403 on any other call
            └── PurgeRefused   400, 409 and their like on a purge: the same one will be refused again

No text carries a token or a password: bodies are cut, and known secrets are blanked.
"""


class MbsError(Exception):
    """Any failure of a call to the MBS API.

    `finding` says what and where, `remedy` what to do; the text of the exception is `finding; remedy`.
    """

    def __init__(self, finding: str, remedy: str) -> None:
        super().__init__(f"{finding}; {remedy}")
        self.finding = finding
        self.remedy = remedy


class InvalidEndpoint(MbsError):
    """The endpoint is not https, nor http to this machine's loopback, or carries credentials or a query."""


class InvalidRequest(MbsError):
    """The request would be ambiguous or dangerous, so that it was not sent."""


class CallFailed(MbsError):
    """A call that was tried: `method` and `path` name it; the path holds no secret."""

    usual_remedy = "try again; if it lasts, ask the vendor's support"

    def __init__(self, method: str, path: str, finding: str, remedy: str | None = None) -> None:
        super().__init__(f"{method} {path} {finding}", remedy or self.usual_remedy)
        self.method = method
        self.path = path


class Unreachable(CallFailed):
    """The connection could not be made: the request did not reach the API."""

    usual_remedy = "check the endpoint and this machine's network"


class Untrusted(Unreachable):
    """Who answers cannot prove to be the endpoint: its certificate is not accepted."""

    usual_remedy = (
        "check the endpoint and this machine's clock; a certificate authority of your own goes into a file that"
        " REQUESTS_CA_BUNDLE names"
    )


class AnswerLost(CallFailed):
    """The connection broke, or time ran out, after the request may have been sent: its effect is unknown."""

    usual_remedy = "try again: what it did is looked up first"


class UnreadableAnswer(CallFailed):
    """The answer is not what the API documents: not JSON, of another shape, too long, or a redirect."""

    usual_remedy = "check that the endpoint is the MBS API and that no proxy answers in its place"


class NotUnderstood(UnreadableAnswer):
    """A purge was answered neither by the documented yes (200 and nothing) nor by an error status: nobody knows which.

    `finding` repeats what was said, cut and cleaned.
    """

    usual_remedy = (
        "run `pulumi up` again: what it did is looked up first; if it lasts, purge it in the MBS console, or give the"
        " entry `release`"
    )


class ApiError(CallFailed):
    """The API answered with an error.

    `status` is its HTTP status, `message` the vendor's words, cut and cleaned, and `retry_after` the seconds after
    which the API wants to be asked again, where it says so.
    """

    def __init__(self, method: str, path: str, status: int, message: str, retry_after: float | None = None) -> None:
        super().__init__(method, path, f"answered {status}" + (f": {message}" if message else ""))
        self.status = status
        self.message = message
        self.retry_after = retry_after


class LoginRefused(ApiError):
    """The login or the password is wrong, or the API access of this login is switched off."""

    usual_remedy = (
        "check login and password: they are the API credentials that the MBS console makes under Settings,"
        " and making new ones there ends the old"
    )


class TokenRefused(ApiError):
    """401: the token is wrong or has expired."""

    usual_remedy = "the token is wrong or has expired: set a new one, or a login and a password"


class Forbidden(ApiError):
    """403: these credentials may not do this, or not from this network address."""

    usual_remedy = (
        "these credentials lack the permission, or the account allows the API only from other network addresses"
    )


class PurgeRefused(ApiError):
    """The account refuses a purge as it is: asking for it again leads to the same answer."""

    usual_remedy = "purge it in the MBS console, or give the entry `release`; the vendor's support knows why"
