"""How a client proves who it is. The secrets show in no repr."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Token:
    """A bearer token that somebody else obtained."""

    value: str = field(repr=False)


@dataclass(frozen=True)
class Login:
    """API credentials, as made in the MBS console's settings; they buy a token that lives two weeks."""

    login: str = field(repr=False)
    password: str = field(repr=False)


Credentials = Token | Login
