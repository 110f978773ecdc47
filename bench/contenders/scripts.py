"""The scripts: they keep no state and show no plan, and purge what they are told to."""

import json
import os
import sys
from collections.abc import Sequence
from typing import ClassVar

from bench.account import Binding, documents
from bench.contenders.contender import PURGES, Contender
from bench.meter import Command
from bench.results import Operation
from sandbox.workspace import PROJECT


class _Script(Contender):
    operations = PURGES
    script: ClassVar[str]

    def want(self, bound: Sequence[Binding], wanted: Sequence[Binding]) -> None:
        """Write the difference down: a script does not find it out."""
        staying = set(wanted)
        purges = [one for one in bound if one not in staying]
        (self.folder / "purges.json").write_text(json.dumps(documents(purges)), encoding="utf-8")

    def command(self, operation: Operation) -> Command:  # noqa: ARG002 -- it does but one
        """Return the script's command."""
        program = PROJECT / "bench" / "programs" / self.script
        return Command([sys.executable, str(program)], self.folder, self._with_ways_in(os.environ))


class PlainScript(_Script):
    """One call a binding, one after the other."""

    name = "plain script"
    about = "a script of 15 lines: a call a binding, one after the other"
    script = "purge_one_by_one.py"
    most = 1000


class ThreadedScript(_Script):
    """One call a user, 16 at a time: the limit of what can be reached."""

    name = "threaded script"
    about = "a script with 16 threads and a call a user: nothing can be much quicker, and nothing is checked or kept"
    script = "purge_by_user.py"
