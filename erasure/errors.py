"""What a person can meet before anything is sent.

Refusal     one rule's no, as `RULE: finding; remedy`
Problems    everything that is wrong with a file or the configuration, all at once
"""

from collections.abc import Iterable


class Refusal(Exception):
    """A no, with its reason and its way out. Its text is the line that people read."""

    def __init__(self, rule: str, finding: str, remedy: str) -> None:
        super().__init__(f"{rule}: {finding}; {remedy}")
        self.rule = rule
        self.finding = finding
        self.remedy = remedy


class Problems(Exception):
    """Every reason why an input is not taken; `reasons` has one line each, with the place where there is one."""

    _SHOWN = 100

    def __init__(self, reasons: Iterable[str]) -> None:
        self.reasons = tuple(reasons)
        more = len(self.reasons) - self._SHOWN
        super().__init__("\n".join([*self.reasons[: self._SHOWN], *([f"and {more} more"] if more > 0 else [])]))
