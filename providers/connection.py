"""The account and the ledger behind this plugin process: configured by the engine, opened at the first question.

The credentials live in this module alone, for one operation: they are no property and no attribute of a provider.
"""

import logging
import os
import threading
from pathlib import Path

from pulumi.dynamic import ConfigureRequest

from erasure.account import Account, open_account
from erasure.configuration import Configuration, read_configuration
from erasure.errors import Problems, Refusal
from erasure.ledger import Ledger, LedgerError
from erasure.plan import PlanRequest
from mbs.errors import MbsError
from providers.engine import end_with_engine

_KEYS = tuple(field.alias or name for name, field in Configuration.model_fields.items())

_lock = threading.Lock()
_configuration: Configuration | None = None
_account: Account | None = None
_ledger: Ledger | None = None


def configure(request: ConfigureRequest) -> None:
    """Take the stack's configuration, with its secrets, from the engine. Raises Problems.

    Every provider class of the process is configured, with the same values; the first one counts.
    """
    global _configuration  # noqa: PLW0603 -- the process serves one operation of one stack
    _leave_told_errors_to_the_engine()
    values = {key: value for key in _KEYS if (value := request.config.get(key)) is not None}
    with _lock:
        if _configuration is None:
            _configuration = read_configuration(values, os.environ)
            end_with_engine()


def configuration() -> Configuration:
    """Return what `configure` took."""
    if _configuration is None:
        raise RuntimeError("a provider was called before it was configured")
    return _configuration


def account() -> Account:
    """Return the account; the same one for every provider of this process. Raises Refusal without usable ones."""
    global _account  # noqa: PLW0603 -- see configure
    settings = configuration()
    with _lock:
        if _account is None:
            _account = open_account(settings)
        return _account


def ledger(request: PlanRequest) -> Ledger:
    """Return the ledger, with the chain that a stack's events go to. Raises Refusal for a URL that is none."""
    global _ledger  # noqa: PLW0603 -- see configure
    url = configuration().ledger.get_secret_value()
    with _lock:
        if _ledger is None:
            try:
                _ledger = Ledger(url, f"{request.project}/{request.stack}", project_root())
            except LedgerError as error:
                raise Refusal("ledger", str(error), "correct the configuration key `ledger`, or MBS_LEDGER") from None
        return _ledger


def project_root() -> Path:
    """Return the project's root: where the engine starts its plugins."""
    return Path.cwd()


def reset() -> None:
    """Forget everything: what the end of the process does for the engine, for tests that stay in one."""
    global _configuration, _account, _ledger  # noqa: PLW0603 -- see configure
    with _lock:
        if _ledger is not None:
            _ledger.close()
        _configuration = _account = _ledger = None


def _leave_told_errors_to_the_engine() -> None:
    """Keep gRPC from printing a traceback for an error that the engine shows as a sentence anyway."""
    logger = logging.getLogger("grpc._server")
    if _is_not_told not in logger.filters:
        logger.addFilter(_is_not_told)


def _is_not_told(record: logging.LogRecord) -> bool:
    error = record.exc_info[1] if record.exc_info else None
    return not isinstance(error, Refusal | Problems | MbsError | LedgerError)
