"""`make demo`: the main job from start to end, on the sandbox.

Everything it makes is in one folder of the checkout and goes when it ends. It fails where a step does not show what it
is to show.
"""

import difflib
import json
import tempfile
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Final, NamedTuple

from rich.console import Console
from rich.syntax import Syntax
from rich.table import Table

from sandbox.running import RunningSandbox
from sandbox.workspace import PROJECT, Result, Workspace, ready_engine

_STACK: Final = "harbour-freight"
_CUSTOMER: Final = "Harbour Freight Forwarding"
_DROPPED: Final = ("WAREHOUSE-PC-3", "OLD-TERMINAL")

_console = Console(highlight=False, soft_wrap=True)


class _Row(NamedTuple):
    user: str
    login: str
    computer: str
    destination: str


class DemoFailed(Exception):
    """A step did not show what it is to show; the text says which."""


def demo() -> None:
    """Run the demo. Raises DemoFailed, WorkspaceError or SandboxFailed."""
    with (
        tempfile.TemporaryDirectory(prefix=".demo-", dir=PROJECT) as folder,
        RunningSandbox(seed="demo", purge_delay="24h") as sandbox,
    ):
        _Story(sandbox, _workspace(sandbox, Path(folder))).tell()
    _console.print("\nThat was it, and nothing of it is left. The README says how to use it on a real account.")


class _Story:
    def __init__(self, sandbox: RunningSandbox, workspace: Workspace) -> None:
        self._sandbox = sandbox
        self._workspace = workspace
        self._inventory = workspace.directory / "inventory" / f"{_STACK}.yaml"
        self._inventory.parent.mkdir()

    def tell(self) -> None:
        self._say(f"A stand-in of the MBS API answers on {self._sandbox.url}, with the customers of an imaginary MSP.")
        self._adopt()
        self._drop()
        self._preview()
        self._purge()
        self._destroy()

    def _adopt(self) -> None:
        self._heading("What is backed up", f"inventory/{_STACK}.yaml lists it, one entry a computer:")
        self._inventory.write_text(_yaml(self._listing()), encoding="utf-8")
        _console.print(Syntax(self._inventory.read_text(), "yaml", background_color="default"))
        self._heading("pulumi up", "adopts it: the account must list every entry. Only reads are sent.")
        self._pulumi("up", "--yes", "--skip-preview").require()
        _expect(not self._deletions(), "adopting sent a DELETE")
        self._show_requests()

    def _drop(self) -> None:
        self._heading(
            "Two computers are retired", "Their entries are dropped, in a pull request that somebody reviews:"
        )
        before, name = self._inventory.read_text(encoding="utf-8"), f"inventory/{_STACK}.yaml"
        after = _yaml([row for row in self._listing() if row.computer not in _DROPPED])
        self._inventory.write_text(after, encoding="utf-8")
        diff = difflib.unified_diff(before.splitlines(), after.splitlines(), name, name, n=1, lineterm="")
        _console.print(Syntax("\n".join(diff), "diff", background_color="default"))

    def _preview(self) -> None:
        self._heading("pulumi preview", "shows what would be purged, and purges nothing.")
        self._sandbox.clear_requests()
        result = self._pulumi("preview", "--diff").require()
        _expect(f"{len(_DROPPED)} to delete" in result.stdout, "the preview did not show the purges")
        _expect(not self._deletions(), "the preview sent a DELETE")

    def _purge(self) -> None:
        before = self._listing()
        self._heading("pulumi up", "purges them: one DELETE for each.")
        self._sandbox.clear_requests()
        self._pulumi("up", "--yes", "--skip-preview").require()
        self._show_requests()
        purged = {pair["ComputerName"] for body in self._deletions() for pair in body}
        _expect(purged == set(_DROPPED), f"purged were {sorted(purged)}")
        accepted = self._listing()
        self._say("The API answers 200 at once: accepted, not erased. A day later on the stand-in's clock:")
        self._sandbox.move_clock("24h")
        later = self._listing()
        table = Table(title="What the account lists", title_justify="left")
        for title in ("user", "computer", "before", "accepted", "a day later"):
            table.add_column(title)
        for row in before:
            seen = ("listed" if row in listing else "[red]gone[/red]" for listing in (before, accepted, later))
            table.add_row(row.login, row.computer, *seen)
        _console.print(table)
        _expect({row.computer for row in before} - {row.computer for row in later} == set(_DROPPED), "the data stayed")

    def _destroy(self) -> None:
        self._heading("pulumi destroy", "is refused: what is wanted is never purged by accident.")
        self._sandbox.clear_requests()
        result = self._pulumi("destroy", "--yes", "--skip-preview", most=6)
        _expect(result.code != 0, "destroy succeeded")
        _expect(not self._deletions(), "destroy sent a DELETE")
        _expect(len(self._listing()) > 0, "nothing is listed any more")
        self._say(f"It ended with exit status {result.code}, and the account received {len(self._deletions())} DELETE.")

    def _pulumi(self, *arguments: str, most: int = 1000) -> Result:
        """Run it, and show what it said without its progress: at the most so many lines of each part."""
        with _console.status(f"pulumi {' '.join(arguments)}"):
            result = self._workspace.run(*arguments, "--color", "never")
        for part in result.stdout.strip().split("\n\n"):
            lines = [line for line in part.splitlines() if not line.startswith("@ ")]
            shown = [*lines[:most], *(["  ..."] if len(lines) > most else []), ""]
            _console.print("\n".join(shown), style="dim", markup=False)
        return result

    def _listing(self) -> list[_Row]:
        """Return what the account lists of the customer, sorted."""
        state = self._sandbox.state()
        logins = {user.id: user.login for user in state.users if user.company == _CUSTOMER}
        listed = [row for row in state.bindings if row.listed and row.user in logins]
        return [_Row(row.user, logins[row.user], row.computer, row.destination) for row in listed]

    def _deletions(self) -> list[list[dict[str, str]]]:
        return [request.body for request in self._sandbox.requests("DELETE")]

    def _show_requests(self) -> None:
        self._say("What the account received:")
        for request in self._sandbox.requests():
            body = "" if request.body is None else json.dumps(request.body, ensure_ascii=False)
            style = "bold red" if request.method == "DELETE" else None
            _console.print(f"  {request.status} {request.method} {request.raw_path} {body}", style=style, markup=False)

    def _heading(self, title: str, text: str) -> None:
        _console.print()
        _console.rule(f"[bold]{title}[/bold]", align="left")
        self._say(text)

    def _say(self, text: str) -> None:
        _console.print(text, markup=False)


def _expect(held: object, otherwise: str) -> None:
    if not held:
        raise DemoFailed(otherwise)


def _workspace(sandbox: RunningSandbox, folder: Path) -> Workspace:
    environment = {"MBS_ENDPOINT": sandbox.url, "MBS_LOGIN": sandbox.login, "MBS_PASSWORD": sandbox.password}
    workspace = Workspace(folder, ready_engine(), env=environment)
    workspace.init(_STACK)
    return workspace


def _yaml(rows: Sequence[_Row]) -> str:
    lines = ["version: 1", f"customer: {_CUSTOMER}", "users:"]
    for (user, login), own in groupby(rows, lambda row: row[:2]):
        lines += [f"  - id: {user}", f"    login: {login}", "    computers:"]
        for name, copies in groupby(own, lambda row: row.computer):
            destinations = ", ".join(row.destination for row in copies)
            lines += [f"      - name: {name}", f"        destinations: [{destinations}]"]
    return "\n".join(lines) + "\n"
