"""What every contender is to the run that measures it."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Final

from bench.account import Binding
from bench.meter import Command
from bench.results import Operation

EVERYTHING: Final = tuple(Operation)
PURGES: Final = (Operation.PURGE_TENTH, Operation.PURGE_ALL)


@dataclass(frozen=True)
class Surroundings:
    """What contenders are given: the engine, the address of the account and ways in."""

    pulumi: Path
    url: str
    login: str
    password: str
    token: str


class Contender(ABC):
    """One way to purge, in a folder of its own that holds all its state.

    `name` is what results call it, `about` what it is in a few words. `most` is the largest number of bindings that it
    is measured at with every one of its operations, None for any.
    """

    name: ClassVar[str]
    about: ClassVar[str]
    most: ClassVar[int | None] = None
    operations: ClassVar[tuple[Operation, ...]] = EVERYTHING

    def __init__(self, folder: Path, surroundings: Surroundings) -> None:
        """Set up the folder, which is empty, with nothing adopted in it."""
        self.folder = folder
        self.surroundings = surroundings

    @classmethod
    def why_not(cls) -> str | None:
        """Say why it cannot be measured here at all; None: it can."""
        return None

    @classmethod
    def operations_at(cls, bindings: int) -> tuple[tuple[Operation, ...], str | None]:
        """Return what is measured at a size, and why that is not all that it is measured at elsewhere."""
        if cls.most is None or bindings <= cls.most:
            return cls.operations, None
        return (), f"not measured beyond {cls.most:,} bindings, because it would take too long"

    @abstractmethod
    def want(self, bound: Sequence[Binding], wanted: Sequence[Binding]) -> None:
        """Write down what is wanted from now on, where `bound` is what was adopted."""

    @abstractmethod
    def command(self, operation: Operation) -> Command:
        """Return what does it."""

    def quick_adoption(self) -> Command:
        """Return the quickest way to adopt what is wanted, where that itself is not measured."""
        return self.command(Operation.ADOPT)

    def state_file(self) -> Path | None:
        """Return where its state is kept, None where it has none."""
        return None

    def bound(self) -> int | None:
        """Return how many bindings are in its state, None where it has none."""
        return None

    def announcement(self, purges: int) -> str:
        """Return what its preview says of so many purges."""
        raise NotImplementedError(f"{self.name} has no preview of {purges} purges")

    @staticmethod
    def part_of(arguments: Sequence[str]) -> str:
        """Name the part that a process of this command line plays."""
        text = " ".join(arguments)
        if "pulumi.dynamic" in text:
            return "plugin"
        if "pulumi-language-python-exec" in text:
            return "program"
        if "pulumi-language-python" in text:
            return "host"
        return "engine" if Path(arguments[0] if arguments else "").name in ("pulumi", "terraform") else "other"

    def _with_ways_in(self, env: Mapping[str, str]) -> dict[str, str]:
        return {**env, "MBS_ENDPOINT": self.surroundings.url, "MBS_TOKEN": self.surroundings.token}
