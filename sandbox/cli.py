"""`python -m sandbox`: the command line."""

import os
import signal
import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from types import FrameType
from typing import Any, Final, NoReturn, cast

import click
from click.core import ParameterSource

from sandbox.demo import DemoFailed, demo
from sandbox.duration import DurationOption
from sandbox.running import SandboxFailed
from sandbox.sandbox import Login, Sandbox
from sandbox.seed import SeedName, named_seed
from sandbox.server import UnusablePort, listen, serve
from sandbox.store import UnusableDatabase
from sandbox.workspace import WorkspaceError

_INTERRUPTED: Final = 130


@click.group(context_settings={"help_option_names": ["-h", "--help"], "show_default": True})
def main() -> None:
    """Stand in for the MSP360 Managed Backup API, to try, rehearse and test on."""


@main.command("serve")
@click.option("--port", type=click.IntRange(0, 65535), default=8787, help="On 127.0.0.1. 0: a free one.")
@click.option("--db", type=click.Path(dir_okay=False, path_type=Path), default="sandbox.db", help="SQLite database.")
@click.option("--purge-delay", type=DurationOption(), default="24h", help="From a purge's acceptance to its effect.")
@click.option("--latency", type=DurationOption(), default="0ms", help="Of every answer of the MBS API.")
@click.option("--login", default="sandbox", envvar="SANDBOX_LOGIN", help="The API login to accept.")
@click.option("--password", default="sandbox-password", envvar="SANDBOX_PASSWORD", help="Its password.")
@click.option("--seed", type=click.Choice(["demo", "none"]), default="demo", help="What a new database is filled with.")
@click.option("--end-with-input", is_flag=True, hidden=True, help="End when standard input closes.")
@click.pass_context
def serve_command(context: click.Context, /, **options: Any) -> None:  # noqa: ANN401 -- click's values
    """Serve the API on 127.0.0.1 until Ctrl-C or SIGTERM.

    Once it accepts connections it prints its address, one line. A database that exists is left as it is, but for a
    delay or latency that is given here.
    """
    # Until the server takes over its signals, a SIGTERM is as clean an end as it is later.
    signal.signal(signal.SIGTERM, _end)
    login = Login(options["login"], options["password"])
    fill = named_seed(cast("SeedName", options["seed"]))
    try:
        with listen(options["port"]) as listener:
            sandbox = Sandbox(options["db"], login, fill, _given(context))
            serve(sandbox, listener, end_with_input=options["end_with_input"])
    except (UnusableDatabase, UnusablePort) as error:
        raise click.ClickException(str(error)) from None


@main.command("demo")
def demo_command() -> None:
    """Run the main job from start to end on a sandbox of its own, and say what happens."""
    try:
        demo()
    except (DemoFailed, SandboxFailed, WorkspaceError) as error:
        raise click.ClickException(str(error)) from None


def run(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run a command line, by default the process's own. Exits 1 for an error or a wrong command, 130 for Ctrl-C."""
    try:
        code = main.main(arguments, standalone_mode=False)
    except click.Abort:
        code = _INTERRUPTED
    except click.ClickException as error:
        error.show()
        code = 1
    sys.exit(code)


def _given(context: click.Context) -> dict[str, timedelta]:
    """Return the settings of the command line: on a database that exists, a default must not undo what is kept."""
    names = ("purge_delay", "latency")
    return {
        name: context.params[name]
        for name in names
        if context.get_parameter_source(name) is not ParameterSource.DEFAULT
    }


def _end(_signal: int, _frame: FrameType | None) -> None:
    os._exit(0)
