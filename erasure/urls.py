"""Passwords in a database's URL, wherever SQLAlchemy and libpq take one."""

import re
from typing import Final
from urllib.parse import unquote, unquote_plus

_BEFORE_THE_HOST: Final = re.compile(r"://[^:/]*:([^@]*)@")  # as SQLAlchemy reads it: `/` and `?` may be in it
_IN_THE_QUERY: Final = re.compile(r"[?&][^=&]*password=([^&]*)", re.IGNORECASE)


def passwords_in(url: str) -> list[str]:
    """Return every password in a URL, whether it is one or not, as it is meant: `%40` is `@`."""
    found = [unquote(text) for text in _BEFORE_THE_HOST.findall(url)]
    found += [unquote_plus(text) for text in _IN_THE_QUERY.findall(url)]
    return [password for password in found if password]
