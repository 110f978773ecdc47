"""A stack of many bindings, updates of it that are interrupted, and what must be true when all is done."""

import contextlib
import json
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from sqlalchemy import create_engine, insert, select

from erasure.ledger.tables import METADATA
from sandbox.workspace import Result
from tests.engine.rehearsal import Rehearsal, binding, names, pairs_of

USERS, COMPUTERS = 20, 6
DESTINATION = "d-1"
FAST = {"PULUMI_SKIP_CHECKPOINTS": "true", "PULUMI_ENABLE_LEGACY_DIFF": "true"}

_PATIENCE = 60.0  # seconds for what has to happen
_LEFT_ALONE = 5.0  # seconds after a kill by which no process is left


class Update:
    """A `pulumi up` under way."""

    def __init__(self, rehearsal: Rehearsal, *arguments: str, env: Mapping[str, str]) -> None:
        self._home = rehearsal.workspace.env["PULUMI_HOME"]
        self.process = rehearsal.workspace.start("up", "--yes", "--skip-preview", *arguments, env=env)
        self._said: dict[int, str] = {}
        self._readers = [threading.Thread(target=self._read, args=(number,), daemon=True) for number in (0, 1)]
        for reader in self._readers:
            reader.start()

    def _read(self, number: int) -> None:
        stream = (self.process.stdout, self.process.stderr)[number]
        assert stream is not None
        with stream:
            for line in stream:
                self._said[number] = self._said.get(number, "") + line

    @property
    def said(self) -> str:
        """All that it has said so far."""
        return "".join(self._said.values())

    @property
    def is_running(self) -> bool:
        """Whether the engine has not ended."""
        return self.process.poll() is None

    def interrupt(self) -> None:
        """Do what Ctrl-C does."""
        os.killpg(self.process.pid, 2)

    def kill(self, *victims: str) -> None:
        """End the engine, the plugin or both without a word, by SIGKILL."""
        plugins = [one for one in self.processes() if "pulumi.dynamic" in " ".join(one.cmdline())]
        for one in plugins if "plugin" in victims else ():
            with contextlib.suppress(psutil.NoSuchProcess):
                one.kill()
        if "engine" in victims:
            self.process.kill()

    def processes(self) -> list[psutil.Process]:
        """Return every process of this rehearsal: their Pulumi home tells them."""
        found = []
        for one in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                if one.environ().get("PULUMI_HOME") == self._home and one.status() != psutil.STATUS_ZOMBIE:
                    one.cmdline()
                    found.append(one)
        return found

    def left(self, seconds: float = _LEFT_ALONE) -> list[str]:
        """Return the command lines of the processes that are left after so many seconds."""
        end = time.monotonic() + seconds
        while (alive := self.processes()) and time.monotonic() < end:
            psutil.wait_procs(alive, timeout=0.2)
        return [str(one) for one in alive]

    def end(self) -> Result:
        """Wait for its end, and return what it said."""
        for reader in self._readers:
            reader.join(_PATIENCE)
            assert not reader.is_alive(), "the update does not end"
        return Result(("up",), self.process.wait(_PATIENCE), self._said.get(0, ""), self._said.get(1, ""))


@dataclass
class Many:
    """Users with six computers each, all of them bound; `drop` leaves one of each wanted."""

    rehearsal: Rehearsal
    updates: list[Update] = field(default_factory=list)

    @property
    def computers(self) -> dict[str, list[str]]:
        """Every user's computers."""
        return {f"user-{user:02}": [f"PC-{user:02}-{one:02}" for one in range(COMPUTERS)] for user in range(USERS)}

    @property
    def dropped(self) -> list[str]:
        """The names of the computers that `drop` drops, in order."""
        return sorted(name for listed in self.computers.values() for name in listed[1:])

    @property
    def kept(self) -> list[str]:
        """The ids of the bindings that `drop` keeps, in order."""
        return sorted(binding(listed[0], user, DESTINATION) for user, listed in self.computers.items())

    def fill_account(self) -> None:
        """Let the account list all of them; it answers like a far one, and delists at once what it accepts."""
        seeded = [
            {"id": user, "computers": [{"name": one, "destinations": [DESTINATION]} for one in listed]}
            for user, listed in self.computers.items()
        ]
        self.rehearsal.sandbox.seed(seeded)
        self.rehearsal.sandbox.change_settings(delisted="at_once", latency="50ms", purge_delay="24h")
        self.rehearsal.sandbox.clear_requests()

    def want_all_of_them(self) -> None:
        """Write the inventory that lists every computer."""
        self._want(COMPUTERS)

    def take_the_ledger_to(self, url: str) -> None:
        """Have another database know what the ledger's file does."""
        file = self.rehearsal.workspace.directory / "ledger.db"
        with create_engine(f"sqlite:///{file}").connect() as old, create_engine(url).begin() as new:
            METADATA.create_all(new)
            for table in METADATA.sorted_tables:
                rows = [row._asdict() for row in old.execute(select(table))]
                if rows:
                    new.execute(insert(table), rows)

    def drop(self) -> None:
        """Write the inventory that lists the first computer of each user alone."""
        self._want(1)

    def _want(self, most: int) -> None:
        users = {user: [(one, [DESTINATION]) for one in listed[:most]] for user, listed in self.computers.items()}
        self.rehearsal.want_all(users)

    def start(self, *arguments: str, env: Mapping[str, str] | None = None) -> Update:
        """Start an update."""
        update = Update(self.rehearsal, *arguments, env=env or {})
        self.updates.append(update)
        return update

    def wait_for(self, event: Callable[[], object], update: Update | None = None) -> None:
        """Wait until something is so, or the update has ended, where one is given."""
        end = time.monotonic() + _PATIENCE
        while (update is None or update.is_running) and not event():
            assert time.monotonic() < end, "it does not happen"
            time.sleep(0.01)

    def wait_for_calls(self, number: int, update: Update) -> None:
        """Wait until the account has received so many purges; for none, until it is asked something."""
        sandbox = self.rehearsal.sandbox
        self.wait_for(lambda: len(sandbox.requests("DELETE")) >= number and sandbox.requests(), update)

    def wait_until_all_is_answered(self) -> None:
        """Wait for the calls whose caller did not: what they do, they do later than it thinks."""
        sandbox = self.rehearsal.sandbox
        self.wait_for(lambda: all(one.status is not None or one.cut for one in sandbox.requests()))

    def finish(self, env: Mapping[str, str] | None = None) -> Result:
        """Update once more, after the lock and the state that a killed engine left were seen to, as its user has to."""
        state = self.rehearsal.state_file
        attributes = state.with_name(f"{state.name}.attrs")
        if not _is_whole(attributes):
            attributes.unlink(missing_ok=True)
        if not _is_whole(state):
            state.with_name(f"{state.name}.bak").replace(state)  # the engine does not write it in one step
        if any((self.rehearsal.workspace.directory / "state/.pulumi/locks").rglob("*.json")):
            self.rehearsal.workspace.run("cancel", "--yes").require()
        return self.rehearsal.up(env=env).require()

    def require_each_purged_once(self, env: Mapping[str, str] | None = None) -> None:
        """Fail unless the account accepted each dropped computer exactly once, and nothing else."""
        assert names(self.accepted()) == self.dropped
        self.require_done(env)

    def require_done(self, env: Mapping[str, str] | None = None) -> None:
        """Fail unless all that was dropped is gone, in the state too, nothing else is, and the ledger is whole."""
        accepted = Counter(names(self.accepted()))
        assert sorted(accepted) == self.dropped
        assert self.rehearsal.bindings() == self.kept
        self.rehearsal.says("ledger", "check", code=0, env=env)

    def accepted(self) -> list[tuple[str, list[tuple[str, str]]]]:
        """Return the purges that took effect in the account."""
        received = self.rehearsal.sandbox.requests("DELETE")
        return pairs_of(one for one in received if one.status == 200 or one.fault == "cut_after")

    def end_what_is_left(self) -> None:
        """End what a failed test left running."""
        for update in self.updates:
            for process in update.processes():
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()
            update.end()
        # A late call of this test must not take effect in the account of the next one.
        end = time.monotonic() + _PATIENCE
        while any(one.status is None and not one.cut for one in self.rehearsal.sandbox.requests()):
            assert time.monotonic() < end, "a request is never answered"
            time.sleep(0.05)


def _is_whole(state: Path) -> bool:
    try:
        json.loads(state.read_text())
    except (ValueError, FileNotFoundError):
        return False
    return True
