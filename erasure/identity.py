"""Which binding is which.

A binding is a user, a destination and a computer. Its id is a state format: resource names and the ledger hold it.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote


@dataclass(frozen=True)
class Identity:
    """A user-computer-destination binding as somebody spells it: the inventory, the state or the account."""

    user: str
    destination: str
    computer: str

    @property
    def id(self) -> str:
        """`<user>/<destination>/<computer>`, the same for every letter case and Unicode composition."""
        return f"{_id_part(self.user)}/{_id_part(self.destination)}/{_id_part(self.computer)}"

    @property
    def skeleton(self) -> tuple[str, str, str]:
        """A key that is equal wherever any server might take two spellings for one thing."""
        return skeleton(self.user), skeleton(self.destination), skeleton(self.computer)

    def __str__(self) -> str:
        return f"computer {self.computer!r} of user {self.user} on destination {self.destination}"


def fold(part: str) -> str:
    """Return what all letter cases of one ID or name have in common."""
    return unicodedata.normalize("NFC", part.casefold())


def is_same_but_for_case(one: str, other: str) -> bool:
    """Whether two names have the same letters: `straße` and `STRASSE` fold alike, and are two names all the same."""
    return _cased_alike(one) == _cased_alike(other)


def _cased_alike(name: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).lower())


@lru_cache(maxsize=65536)
def _id_part(part: str) -> str:
    return quote(fold(part), safe="")


@lru_cache(maxsize=65536)
def skeleton(part: str) -> str:
    """Return what confusable spellings have in common: width, ligatures, invisible characters and white space fold too.

    Databases compare names without these by their common settings; a purge must not hang on whether this one does.
    """
    text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", part).casefold())
    visible = "".join(character for character in text if unicodedata.category(character) != "Cf")
    return re.sub(r"\s+", " ", visible).strip()
