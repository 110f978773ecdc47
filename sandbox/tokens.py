"""The tokens that logins gave out. Only their digests are kept, so that nothing the sandbox shows can leak one."""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Final

from sandbox.store import Database

LIFETIME: Final = timedelta(seconds=1_209_599)
"""How long a token is good: two weeks, as the vendor's page on logging in shows."""


def issue(database: Database, now: datetime) -> str:
    """Make a token."""
    token = secrets.token_urlsafe(48)
    database.execute("INSERT INTO tokens VALUES (?, ?)", (_digest(token), now + LIFETIME))
    return token


def is_good(database: Database, token: str, now: datetime) -> bool:
    """Return whether a token was issued here and is good at this time."""
    found = database.execute("SELECT 1 FROM tokens WHERE digest = ? AND expires_at > ?", (_digest(token), now))
    return found.fetchone() is not None


def drop(database: Database, token: str) -> None:
    """Make a token worthless before its time."""
    database.execute("DELETE FROM tokens WHERE digest = ?", (_digest(token),))


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()
