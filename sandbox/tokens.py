"""The tokens that logins gave out. Only their digests are kept, so that nothing the sandbox shows can leak one."""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from sandbox.tables import TokenRow

LIFETIME: Final = timedelta(seconds=1_209_599)
"""How long a token is good: two weeks, as the vendor's page on logging in shows."""


class Tokens:
    """The tokens that are good. They live in the database; a copy in memory spares every request a query."""

    def __init__(self) -> None:
        self._expiry: dict[str, datetime] = {}

    def load(self, session: Session) -> None:
        """Take over what the database holds."""
        self._expiry = {row.digest: row.expires_at for row in session.scalars(select(TokenRow))}

    def issue(self, session: Session, now: datetime) -> str:
        """Make a token."""
        token = secrets.token_urlsafe(48)
        row = TokenRow(digest=_digest(token), expires_at=now + LIFETIME)
        session.add(row)
        self._expiry[row.digest] = row.expires_at
        return token

    def accepts(self, token: str, now: datetime) -> bool:
        """Return whether a token was issued here and is good at this time."""
        expiry = self._expiry.get(_digest(token))
        return expiry is not None and now < expiry

    def drop(self, session: Session, token: str) -> None:
        """Make a token worthless before its time."""
        self._expiry.pop(_digest(token), None)
        session.execute(delete(TokenRow).where(TokenRow.digest == _digest(token)))


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()
