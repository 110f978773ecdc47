"""The account and the ledger behind one operation, opened at the first question.

The credentials live here alone, for one operation: they are no property and no attribute of a provider.
"""

import threading
from collections.abc import Mapping
from pathlib import Path

from erasure.account import Account, open_account
from erasure.configuration import Configuration, read_configuration
from erasure.errors import Refusal
from erasure.ledger import Ledger, LedgerError, Life


class Connection:
    """What a stack's configuration leads to.

    `values` are the stack's settings with their secrets, without the project's prefix; `root` is the project's folder.
    Raises Problems for settings that cannot be used.
    """

    def __init__(self, values: Mapping[str, str], environment: Mapping[str, str], root: Path) -> None:
        self.configuration: Configuration = read_configuration(values, environment)
        self.root = root
        self._lock = threading.Lock()
        self._account: Account | None = None
        self._ledgers: dict[str, Ledger] = {}

    def account(self) -> Account:
        """Return the account; the same one whoever asks. Raises Refusal without usable credentials."""
        with self._lock:
            if self._account is None:
                self._account = open_account(self.configuration)
            return self._account

    def ledger(self, project: str, stack: str) -> Ledger:
        """Return the ledger, with the chain of this operation's stack. Raises Refusal for a URL that is none."""
        return self._opened(f"{project}/{stack}")

    def life(self, life: str) -> Life:
        """Return what the ledger knows of a life, whichever stack wrote it. Raises Refusal or LedgerError."""
        return self._opened("").lives([life]).get(life) or Life()

    def _opened(self, chain: str) -> Ledger:
        with self._lock:
            if chain not in self._ledgers:
                url = self.configuration.ledger.get_secret_value()
                try:
                    self._ledgers[chain] = Ledger(url, chain, self.root)
                except LedgerError as error:
                    remedy = "correct the configuration key `ledger`, or MBS_LEDGER"
                    raise Refusal("ledger", str(error), remedy) from None
            return self._ledgers[chain]

    def close(self) -> None:
        """Close what was opened."""
        with self._lock:
            for ledger in self._ledgers.values():
                ledger.close()
