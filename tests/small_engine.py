"""A small engine that calls the real provider classes as Pulumi does, in one process, and can die at any step.

It keeps a state, checks the plan first and then every binding, creates, updates, and deletes what is not declared. Its
state is saved after each step, or, as without checkpoints, only when an operation ends by itself.
"""

import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from erasure.errors import Refusal
from erasure.files.inventory import Entry
from erasure.ledger import LedgerError
from erasure.plan import Bound, PlanRequest
from mbs.errors import MbsError
from providers.binding import BindingProvider, bound_of
from providers.purge_plan import PurgePlanProvider

Properties = dict[str, Any]


class Killed(Exception):
    """The engine died here."""


@dataclass
class Kept:
    """A binding in the state."""

    inputs: Properties
    outputs: Properties
    protect: bool


@dataclass
class Outcome:
    """How an operation ended: what the plan's check refused, what failed later, and whether it was killed."""

    refusals: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    killed: bool = False

    @property
    def is_permitted(self) -> bool:
        """Whether the plan's check let it pass."""
        return not self.refusals


@dataclass
class SmallEngine:
    """A stack. `begin` makes a new plugin process out of this one; `steps` counts down to the kill."""

    begin: Callable[[], None]
    state: dict[str, Kept] = field(default_factory=dict)
    steps: int | None = None
    saves_each_step: bool = True

    def bound(self) -> tuple[Bound, ...]:
        """Return the state as the program reads it."""
        return tuple(bound_of(key, dict(one.outputs), protect=one.protect) for key, one in self.state.items())

    def preview(self, request: PlanRequest) -> Outcome:
        """Check the plan and nothing else."""
        self.begin()
        return self._checked(request.model_copy(update={"dry_run": True}))

    def up(self, request: PlanRequest) -> Outcome:
        """Do what a request wants."""
        self.begin()
        before = dict(self.state)
        outcome = self._checked(request)
        if outcome.refusals:
            return outcome
        try:
            self._declare(request, outcome)
            for name in [one for one in self.state if one not in {two.identity.id for two in request.wanted}]:
                self._step()
                self._try(outcome, name, self._delete)
        except Killed:
            outcome.killed = True
            if not self.saves_each_step:
                self.state = before
        return outcome

    def destroy(self) -> Outcome:
        """Delete everything without a program."""
        self.begin()
        outcome = Outcome()
        for name in list(self.state):
            self._try(outcome, name, self._delete)
        return outcome

    def refresh(self) -> None:
        """Read everything."""
        self.begin()
        for name, one in list(self.state.items()):
            read = BindingProvider().read(name, dict(one.outputs))
            if read.id is None:
                del self.state[name]

    def _checked(self, request: PlanRequest) -> Outcome:
        result = PurgePlanProvider().check({}, {"request": request.model_dump_json()})
        return Outcome([one.reason.partition(":")[0] for one in result.failures])

    def _declare(self, request: PlanRequest, outcome: Outcome) -> None:
        for name, (wanted, inputs) in dict(self.checks(request.wanted)).items():
            self._step()
            act = self._update if name in self.state else self._create
            self._try(outcome, name, functools.partial(act, inputs=inputs, wanted=wanted))

    def checks(self, wanted: tuple[Entry, ...]) -> Iterator[tuple[str, tuple[Entry, Properties]]]:
        """Check these bindings, and yield each one's name with its inputs."""
        for one in wanted:
            name = one.identity.id
            news = {"version": 1, "user": one.user, "destination": one.destination, "computer": one.computer}
            news |= {"hold": one.hold} if one.hold else {}
            news |= {"deleted": True} if one.deleted else {}
            olds = self.state[name].inputs if name in self.state else {}
            yield name, (one, BindingProvider().check(dict(olds), news).inputs)

    def _create(self, name: str, inputs: Properties, wanted: Entry) -> None:
        created = BindingProvider().create(dict(inputs))
        assert created.id == name
        self.state[name] = Kept(inputs, created.outs or {}, wanted.hold is not None)

    def _update(self, name: str, inputs: Properties, wanted: Entry) -> None:
        old = self.state[name]
        diff = BindingProvider().diff(name, dict(old.outputs), dict(inputs))
        assert diff.replaces == []
        outputs = old.outputs
        if diff.changes:
            outputs = BindingProvider().update(name, dict(old.outputs), dict(inputs)).outs or {}
        self.state[name] = Kept(inputs, outputs, wanted.hold is not None)

    def _delete(self, name: str) -> None:
        BindingProvider().delete(name, dict(self.state[name].outputs))
        self._step()
        del self.state[name]

    def _try(self, outcome: Outcome, name: str, act: Callable[[str], None]) -> None:
        try:
            act(name)
        except (Refusal, MbsError, LedgerError) as error:
            outcome.failures.append(str(error))

    def _step(self) -> None:
        if self.steps is not None:
            self.steps -= 1
            if self.steps < 0:
                self.steps = None
                raise Killed
