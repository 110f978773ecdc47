"""What a run measured, as a document. Times are in seconds, sizes in bytes."""

from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict


class Operation(StrEnum):
    """What is done with the bindings. Each begins from all of them adopted, but for `adopt` itself."""

    ADOPT = "adopt"
    NO_OP = "no-op"
    PREVIEW = "preview"
    PURGE_TENTH = "purge a tenth"
    PURGE_ALL = "purge all"


class _Document(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Usage(_Document):
    """What a command took with all the processes that it started.

    `cpu_seconds` is user and system time. `peak_bytes` is the largest sum of their resident memory seen at one moment.
    Both are also given for each part that the processes are of: engine, host, program, plugin, other.
    """

    seconds: float
    cpu_seconds: float
    peak_bytes: int
    part_cpu_seconds: dict[str, float]
    part_peak_bytes: dict[str, int]


class _Case(_Document):
    contender: str
    bindings: int


class Measurement(_Case):
    """One operation of one contender, with how many calls of each method it made, and how many of them at a time.

    `in_flight` is what is certain; it may be more. With a `problem`, which says what went wrong, it counts for nothing.
    """

    operation: Operation
    usage: Usage
    calls: dict[str, int]
    in_flight: dict[str, int]
    problem: str | None = None


class StateSize(_Case):
    """How large the state of all bindings is, on disk."""

    state_bytes: int


class Skipped(_Case):
    """A contender that was not measured at a size, or not whole, and why."""

    reason: str


class InventoryLoad(_Document):
    """Reading and checking one large inventory in a process of its own, whose whole memory counts."""

    bindings: int
    seconds: float
    peak_bytes: int


class Machine(_Document):
    """What was measured on. `terraform` is None where there is none."""

    cores: int
    memory_bytes: int
    system: str
    python: str
    engine: str
    terraform: str | None


class Results(_Document):
    """One run. `day` is when it was, in UTC; `is_complete`, whether it was all that can be measured."""

    day: str
    machine: Machine
    latency_seconds: float
    sizes: Annotated[list[int], AfterValidator(sorted)]
    contenders: list[str]
    is_complete: bool
    measurements: list[Measurement] = []
    states: list[StateSize] = []
    skipped: list[Skipped] = []
    inventory: InventoryLoad | None = None

    def find(self, contender: str, bindings: int, operation: Operation) -> Measurement | None:
        """Return a measurement without a problem, or None."""
        for found in self.measurements:
            key = found.contender, found.bindings, found.operation
            if key == (contender, bindings, operation) and found.problem is None:
                return found
        return None

    def seconds(self, contender: str, bindings: int, operation: Operation) -> float | None:
        """Return how long an operation took, or None where it was not measured."""
        found = self.find(contender, bindings, operation)
        return found.usage.seconds if found else None

    def state_bytes(self, contender: str, bindings: int) -> float | None:
        """Return the bytes of state for each binding, or None."""
        sizes = {(state.contender, state.bindings): state.state_bytes for state in self.states}
        size = sizes.get((contender, bindings))
        return None if size is None else size / bindings

    def problems(self) -> list[str]:
        """Return what went wrong."""
        return [
            f"{failed.contender}, {failed.bindings:,} bindings, {failed.operation}: {failed.problem}"
            for failed in self.measurements
            if failed.problem
        ]
