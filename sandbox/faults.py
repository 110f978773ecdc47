"""Faults to inject, so that a client can be tested under each. They live in memory: a restart ends them."""

import random

from sandbox.messages import Fault, InjectedFault


class Faults:
    """The faults at work, in the order in which they were injected, each with its dice."""

    def __init__(self) -> None:
        self._at_work: list[tuple[InjectedFault, random.Random]] = []
        self._last = 0

    def inject(self, fault: Fault) -> InjectedFault:
        """Put a fault to work."""
        self._last += 1
        injected = InjectedFault(id=self._last, fault=fault)
        # A run is to be repeatable, not unguessable.
        self._at_work.append((injected, random.Random(fault.seed)))  # noqa: S311
        return injected

    def read(self) -> list[InjectedFault]:
        """Return the faults with their counts, the used-up ones too."""
        return [injected for injected, _ in self._at_work]

    def clear(self) -> None:
        """End every fault."""
        self._at_work.clear()

    def strike(self, method: str, path: str) -> Fault | None:
        """Return the fault that strikes a request, or None. It counts as struck from here on."""
        return next(
            (injected.fault for injected, dice in self._at_work if _strikes(injected, dice, method, path)), None
        )


def _strikes(injected: InjectedFault, dice: random.Random, method: str, path: str) -> bool:
    fault = injected.fault
    if fault.count is not None and injected.struck >= fault.count:
        return False
    if fault.method not in (None, method) or not path.startswith(fault.path_prefix or ""):
        return False
    if fault.path_regex is not None and not fault.path_regex.search(path):
        return False
    injected.matched += 1
    if injected.matched <= fault.after or dice.random() >= fault.probability:
        return False
    injected.struck += 1
    return True
