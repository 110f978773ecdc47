"""Faults to inject, so that a client can be tested under each. They live in memory: a restart ends them."""

import random
import re

from sandbox.messages import Fault, InjectedFault


class Faults:
    """The faults at work, in the order in which they were injected."""

    def __init__(self) -> None:
        self._at_work: list[_FaultAtWork] = []
        self._last = 0

    def inject(self, fault: Fault) -> InjectedFault:
        """Put a fault to work."""
        self._last += 1
        self._at_work.append(_FaultAtWork(self._last, fault))
        return self._at_work[-1].report()

    def read(self) -> list[InjectedFault]:
        """Return the faults with their counts, the used-up ones too."""
        return [one.report() for one in self._at_work]

    def clear(self) -> None:
        """End every fault."""
        self._at_work.clear()

    def strike(self, method: str, path: str) -> Fault | None:
        """Return the fault that strikes a request, or None. It counts as struck from here on."""
        return next((one.fault for one in self._at_work if one.strikes(method, path)), None)


class _FaultAtWork:
    def __init__(self, id_: int, fault: Fault) -> None:
        self._id = id_
        self.fault = fault
        self._dice = random.Random(fault.seed)  # noqa: S311 -- a run is to be repeatable, not unguessable
        self._matched = 0
        self._struck = 0

    def strikes(self, method: str, path: str) -> bool:
        fault = self.fault
        if (fault.count is not None and self._struck >= fault.count) or not self._matches(method, path):
            return False
        self._matched += 1
        if self._matched <= fault.after or self._dice.random() >= fault.probability:
            return False
        self._struck += 1
        return True

    def report(self) -> InjectedFault:
        return InjectedFault(id=self._id, fault=self.fault, matched=self._matched, struck=self._struck)

    def _matches(self, method: str, path: str) -> bool:
        fault = self.fault
        return (
            fault.method in (None, method)
            and path.startswith(fault.path_prefix or "")
            and re.search(fault.path_regex or "", path) is not None
        )
