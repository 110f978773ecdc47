"""A sandbox in a process of its own, for tests and the demo."""

import os
import selectors
import subprocess
import sys
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Final, Literal, Self

from sandbox.client import SandboxControl

_PROJECT: Final = Path(__file__).resolve().parent.parent
_STARTING: Final = 60  # seconds; it takes one, and a machine may be busy
_ENDING: Final = 10  # seconds


class SandboxFailed(Exception):
    """The sandbox did not start; the text is what it said."""


class RunningSandbox(SandboxControl):
    """Runs a sandbox while its `with` block runs: empty or with the demo's customers, on a free port by default.

        with RunningSandbox(purge_delay="1h") as sandbox:
            sandbox.add("user-1", "destination-1", "LAPTOP")
            subject(endpoint=sandbox.url, login=sandbox.login, password=sandbox.password)
            assert sandbox.requests("DELETE") == []

    The database is a temporary one. The process ends with the block, and also when the process that started it dies.
    It takes no Ctrl-C of the terminal: what runs in the block can clean up with it.
    """

    def __init__(self, *, seed: Literal["demo", "none"] = "none", purge_delay: str = "24h", port: int = 0) -> None:
        super().__init__("")
        self.login = "sandbox"
        self.password = "sandbox-password"  # noqa: S105 -- made up
        self.port = port
        self._folder = tempfile.TemporaryDirectory(prefix="mbs-sandbox-")
        self.database = Path(self._folder.name).resolve() / "sandbox.db"
        self._log = Path(self._folder.name) / "sandbox.log"
        # Given once: at a second start they would undo what was changed meanwhile.
        self._first_options = ["--purge-delay", purge_delay, "--seed", seed]
        self._process: subprocess.Popen[str] | None = None

    @property
    def pid(self) -> int:
        """The process. Raises SandboxFailed where it does not run."""
        if self._process is None:
            raise SandboxFailed("the sandbox is not running")
        return self._process.pid

    @property
    def log(self) -> str:
        """What the process wrote on standard error, over all its starts."""
        return self._log.read_text(encoding="utf-8", errors="replace") if self._log.exists() else ""

    def __enter__(self) -> Self:
        """Start the sandbox and wait until it accepts connections. Raises SandboxFailed."""
        try:
            self.start()
        except BaseException:
            self._folder.cleanup()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """End the process, and remove the temporary database."""
        self.stop()
        self._folder.cleanup()

    def start(self) -> None:
        """Start it, unless it runs, with the same database and port as the time before. Raises SandboxFailed."""
        if self._process is not None:
            return
        options = ["--port", str(self.port), "--db", str(self.database), "--end-with-input", *self._first_options]
        self._first_options = []
        # By the environment, so that a test that looks for a password in processes' arguments does not find this one.
        credentials = {"SANDBOX_LOGIN": self.login, "SANDBOX_PASSWORD": self.password}
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "sandbox", "serve", *options],
                cwd=_PROJECT,
                env={**os.environ, **credentials},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                process_group=0,
            )
        self.url = self._first_line(self._process)
        self.port = int(self.url.rpartition(":")[2])

    def stop(self) -> int | None:
        """End the process, by its ID and no other, and return its exit code. The database stays as it is."""
        self._session.close()
        process, self._process = self._process, None
        if process is None:
            return None
        process.terminate()
        try:
            return process.wait(_ENDING)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()
        finally:
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    pipe.close()

    def _first_line(self, process: subprocess.Popen[str]) -> str:
        """Return the address that it prints. Raises SandboxFailed where none comes in time, or the process ends."""
        line = ""
        with selectors.DefaultSelector() as selector:
            if process.stdout is not None:
                selector.register(process.stdout, selectors.EVENT_READ)
                line = process.stdout.readline().strip() if selector.select(_STARTING) else ""
        if not line.startswith("http://"):
            self.stop()
            raise SandboxFailed(f"the sandbox did not start: {self.log.strip() or 'it said nothing in time'}")
        return line
