"""The project's configuration: the stack's `mbs-erasure:` keys, and for the connection the environment, which wins.

Secrets are held as SecretStr: no repr, no log line and no exception shows them.
"""

import difflib
import json
import re
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final, Literal, TypeVar, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError, field_validator
from pydantic.alias_generators import to_camel

from erasure.errors import Problems
from erasure.urls import passwords_in
from mbs.credentials import Credentials, Login, Token
from mbs.endpoint import parse_endpoint
from mbs.errors import InvalidEndpoint

V = TypeVar("V")

Level = Literal["refuse", "approve", "warn", "off"]
RuleName = Literal[
    "max-purges",
    "max-percent",
    "max-bytes",
    "emptied",
    "alive",
    "last-copy",
    "hold",
    "moved",
    "account",
    "unknown-user",
    "unreadable",
    "ledger",
]

ENVIRONMENT: Final[Mapping[str, str]] = {
    f"MBS_{key.upper()}": key
    for key in ("endpoint", "login", "password", "token", "ledger", "concurrency", "timeout", "retries")
}
_CREDENTIALS: Final = ("login", "password", "token")
_UNITS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def _seconds(bare: float) -> Callable[[object], object]:
    """Read `90`, `90 s`, `24h`; a number without a unit counts in `bare` seconds."""

    def read(value: object) -> object:
        match = (
            re.fullmatch(r"(\d{1,9}(?:\.\d{1,3})?)\s*(ms|s|m|h|d)?", value.strip()) if isinstance(value, str) else None
        )
        return float(match[1]) * (_UNITS[match[2]] if match[2] else bare) if match else value

    return read


def _mapping(value: object) -> object:
    """Read a mapping from JSON: so it arrives from the engine, however it was set."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value or "{}")
    except ValueError:
        return value


def _number(value: object) -> object:
    return int(value) if isinstance(value, str) and re.fullmatch(r"\d{1,18}", value.strip()) else value


_Count = Annotated[int, BeforeValidator(_number), Field(ge=0)]


class Configuration(BaseModel):
    """Every setting of one stack, checked. Sizes are in bytes, durations in seconds."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, alias_generator=to_camel, hide_input_in_errors=True
    )

    endpoint: str = "https://api.mspbackups.com"
    login: SecretStr | None = None
    password: SecretStr | None = None
    token: SecretStr | None = None
    inventory: str = Field(default="", max_length=4096)
    ledger: SecretStr = SecretStr("sqlite:///ledger.db")
    rules: Annotated[dict[RuleName, Level], BeforeValidator(_mapping)] = Field(default_factory=dict)
    max_purges: _Count = 10
    max_purge_percent: Annotated[int, BeforeValidator(_number), Field(ge=0, le=100)] = 30
    max_purge_bytes: _Count | None = None
    quiet_days: _Count = 7
    concurrency: Annotated[int, BeforeValidator(_number), Field(ge=1, le=256)] = 16
    timeout: Annotated[float, BeforeValidator(_seconds(1)), Field(gt=0, le=3600)] = 30.0
    retries: Annotated[int, BeforeValidator(_number), Field(ge=0, le=100)] = 6
    deadline: Annotated[float, BeforeValidator(_seconds(3600)), Field(gt=0)] = 24 * 3600.0

    @field_validator("endpoint")
    @classmethod
    def _one_spelling(cls, value: str) -> str:
        try:
            return parse_endpoint(value)
        except InvalidEndpoint as error:
            raise ValueError(str(error)) from None

    @property
    def credentials(self) -> Credentials | None:
        """What to prove oneself with, or None where nothing is set."""
        if self.token is not None:
            return Token(self.token.get_secret_value())
        if self.login is not None and self.password is not None:
            return Login(self.login.get_secret_value(), self.password.get_secret_value())
        return None

    def inventory_path(self, stack: str) -> str:
        """Return the inventory file of a stack, relative to the project's root."""
        return self.inventory or f"inventory/{stack}.yaml"


KEYS: Final = tuple(field.alias or name for name, field in Configuration.model_fields.items())
"""The configuration's keys, as the stack spells them."""


def of_project(settings: Mapping[str, V], project: str) -> dict[str, V]:
    """Return a project's own settings, of all that a stack has, without the prefix."""
    prefix = f"{project}:"
    return {key.removeprefix(prefix): value for key, value in settings.items() if key.startswith(prefix)}


def read_configuration(
    values: Mapping[str, str], environment: Mapping[str, str], secret_keys: frozenset[str] | None = None
) -> Configuration:
    """Check the stack's values (without the project's prefix) and the environment together.

    `secret_keys` names the keys that were set with `--secret`; None where that cannot be known. Raises Problems with
    every reason; none of them repeats a secret.
    """
    values = {key: text for key, text in values.items() if text.strip() or key not in _CREDENTIALS}
    from_environment = {key: text.strip() for name, key in ENVIRONMENT.items() if (text := environment.get(name, ""))}
    problems = [
        f"{source}: holds a token and a login or password; keep one kind"
        for source, given in (("the configuration", values), ("the environment", from_environment))
        if "token" in given and ("login" in given or "password" in given)
    ]
    if secret_keys is not None:
        problems += _in_the_clear(values, secret_keys)
    merged: dict[str, Any] = dict(values)
    if any(key in from_environment for key in _CREDENTIALS):
        for other in ("login", "password") if "token" in from_environment else ("token",):
            merged.pop(other, None)
    merged.update(from_environment)
    for key in (*_CREDENTIALS, "ledger"):
        if isinstance(merged.get(key), str):
            merged[key] = SecretStr(merged[key].strip())
    if not problems and ("login" in merged) != ("password" in merged):
        problems.append("configuration: login and password go together; set both, or a token")
    try:
        configuration = Configuration.model_validate(merged)
    except ValidationError as error:
        problems += (
            _sentence(details, from_environment) for details in error.errors(include_url=False, include_input=False)
        )
    if problems:
        raise Problems(problems)
    return configuration


def _in_the_clear(values: Mapping[str, str], secret_keys: frozenset[str]) -> list[str]:
    """Find secrets that were set without --secret: they would stand in the state for everyone who reads it."""
    exposed = [key for key in _CREDENTIALS if key in values and key not in secret_keys]
    if "ledger" not in secret_keys and passwords_in(values.get("ledger", "")):
        exposed.append("ledger")
    return [
        f"configuration: {key} is a secret and was set without --secret; change it where it was issued, since it may"
        f" already be stored in the clear, then `pulumi config set --secret {key}`"
        for key in exposed
    ]


def _sentence(error: Any, from_environment: Mapping[str, str]) -> str:  # noqa: ANN401 -- pydantic's ErrorDetails
    key, *rest = (str(part) for part in error["loc"] if part != "[key]")
    if error["type"] == "extra_forbidden":
        near = difflib.get_close_matches(key, KEYS, 1)
        return f"configuration: unknown key {key}; " + (f"did you mean {near[0]}?" if near else "remove it")
    source = next(
        (f"{name} in the environment" for name, of in ENVIRONMENT.items() if of == key and of in from_environment), key
    )
    if key == "rules" and rest:
        near = difflib.get_close_matches(rest[0], get_args(RuleName), 1)
        remedy = f"did you mean {near[0]}?" if near and near[0] != rest[0] else f"levels: {', '.join(get_args(Level))}"
        return f"configuration: rules: {rest[0]}: {error['msg'].lower()}; {remedy}"
    message = error["msg"].removeprefix("Value error, ")
    return f"configuration: {source}: {message}; the documentation lists what it takes (docs/configuration.md)"
