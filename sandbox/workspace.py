"""A private copy of the project to rehearse in: its own state, stacks, Pulumi home and settings."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

PROJECT: Final = Path(__file__).resolve().parent.parent

_LINKED: Final = ("__main__.py", "mbs", "erasure", "policies", "providers", ".venv")
_FOREIGN: Final = ("PULUMI_", "MBS_")
_PATIENCE_SECONDS: Final = 10


class WorkspaceError(Exception):
    """A command that had to succeed did not; the text has all that it said."""


@dataclass(frozen=True)
class Result:
    """A command that has ended."""

    args: tuple[str, ...]
    code: int
    stdout: str
    stderr: str

    @property
    def output(self) -> str:
        """All that it said: stdout, then stderr."""
        return self.stdout + self.stderr

    def require(self) -> "Result":
        """Give the result of a success.

        Raises:
            WorkspaceError: it was none.

        """
        if self.code != 0:
            raise WorkspaceError(f"{' '.join(self.args)} exited with {self.code}:\n{self.output}")
        return self


def ready_engine() -> Path:
    """Return the `pulumi` that `engine/ensure` finds or makes. Raises subprocess.CalledProcessError."""
    command = [sys.executable, str(PROJECT / "engine/ensure")]
    return Path(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.strip())


class Workspace:
    """One rehearsal's folder. Nothing that runs in it reads or writes the user's Pulumi, or the checkout.

    `env` is the environment of its commands: the caller's without any PULUMI_* and MBS_* variable, then the
    workspace's own settings, then the `env` given here.
    """

    def __init__(
        self, directory: Path, pulumi: Path, *, project: Path = PROJECT, env: Mapping[str, str] | None = None
    ) -> None:
        """Lay out the folder, which may exist and be used again."""
        self.directory = directory.absolute()
        self.pulumi = pulumi
        home, state = self.directory / "home", self.directory / "state"
        for folder in (home, state):
            folder.mkdir(parents=True, exist_ok=True)
        # A copy: `pulumi` may write to it.
        shutil.copyfile(project / "Pulumi.yaml", self.directory / "Pulumi.yaml")
        for name in _LINKED:
            link = self.directory / name
            if not link.is_symlink() and (project / name).exists():
                link.symlink_to(project / name)
        own = {
            # The engine prefers companions on PATH to its own.
            "PATH": f"{pulumi.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
            "PULUMI_HOME": str(home),
            "PULUMI_BACKEND_URL": f"file://{state}",
            "PULUMI_CONFIG_PASSPHRASE": "rehearsal",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            # A rehearsal's ledger is a file of its folder, also where CI runs it.
            "CI": "",
        }
        callers = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
        self.env: dict[str, str] = callers | own | dict(env or {})

    def run(
        self, *args: str, env: Mapping[str, str] | None = None, timeout: float = 300, stdin: str | None = None
    ) -> Result:
        """Run `pulumi` with these arguments to its end; `timeout` is in seconds, `env` comes on top of the workspace's.

        Raises:
            subprocess.TimeoutExpired: it took longer, and was ended.

        """
        return self._finish([str(self.pulumi), *args], env, timeout, stdin)

    def python(
        self, *args: str, env: Mapping[str, str] | None = None, timeout: float = 300, stdin: str | None = None
    ) -> Result:
        """Run the project's Python in the workspace, as `run` does: `python("-m", "erasure", "plan")`."""
        return self._finish([str(self.directory / ".venv" / "bin" / "python"), *args], env, timeout, stdin)

    def start(self, *args: str, env: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
        """Start `pulumi` in a session of its own and come back at once."""
        return self._start([str(self.pulumi), *args], env, None)

    def init(self, stack: str) -> None:
        """Create and select a stack."""
        self.run("stack", "init", stack).require()

    def config_set(self, key: str, value: str, *, secret: bool = False) -> None:
        """Set one key of the selected stack's configuration; the value is in no command line."""
        self.run("config", "set", key, *(["--secret"] if secret else []), stdin=value).require()

    def state(self) -> dict[str, Any]:
        """Export the selected stack's state."""
        state: dict[str, Any] = json.loads(self.run("stack", "export").require().stdout)
        return state

    def _start(self, command: list[str], env: Mapping[str, str] | None, stdin: str | None) -> subprocess.Popen[str]:
        return subprocess.Popen(
            command,
            cwd=self.directory,
            env=self.env | dict(env or {}),
            stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=True,
        )

    def _finish(self, command: list[str], env: Mapping[str, str] | None, timeout: float, stdin: str | None) -> Result:
        with self._start(command, env, stdin) as process:
            try:
                stdout, stderr = process.communicate(stdin, timeout)
            except BaseException:
                _end(process)
                raise
        return Result(tuple(command), process.returncode, stdout, stderr)


def _end(process: subprocess.Popen[str]) -> None:
    """Interrupt twice before killing: only an engine that ends by itself takes its plugins along."""
    for last_word in (signal.SIGINT, signal.SIGINT, signal.SIGKILL):
        process.send_signal(last_word)
        try:
            process.communicate(timeout=_PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            continue
        return
