"""`python -m bench`: the command line."""

import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Any, Final, NoReturn

import click

from bench.board import Board
from bench.chart import draw
from bench.contenders.field import CONTENDERS
from bench.document import page
from bench.measuring import SIZES, Measuring
from bench.results import Results
from sandbox.running import SandboxFailed
from sandbox.workspace import PROJECT, WorkspaceError

_RESULTS: Final = PROJECT / "bench" / "results.json"
_PAGE: Final = PROJECT / "docs" / "performance.md"
_INTERRUPTED: Final = 130


class _Words(click.ParamType[Any]):
    """Words with spaces or commas between them."""

    name = "words"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> object:
        words = str(value).replace(",", " ").split()
        if not words:
            self.fail("name at least one", param, ctx)
        return [self._word(one, param, ctx) for one in words]

    def _word(self, word: str, param: click.Parameter | None, ctx: click.Context | None) -> object:
        if word not in CONTENDERS:
            self.fail(f"{word!r} is none of {', '.join(CONTENDERS)}", param, ctx)
        return word


class _Numbers(_Words):
    name = "numbers"

    def _word(self, word: str, param: click.Parameter | None, ctx: click.Context | None) -> object:
        if not word.isdecimal() or int(word) < 20:
            self.fail(f"{word!r} is no whole number from 20 on", param, ctx)
        return int(word)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--sizes", type=_Numbers(), help='Numbers of bindings, such as "100 1000".')
@click.option("--contenders", type=_Words(), help=f"Some of: {' '.join(CONTENDERS)}.")
@click.option("--results", type=click.Path(dir_okay=False, path_type=Path), help="Where the raw results go (JSON).")
@click.option("--page", "page_file", type=click.Path(dir_okay=False, path_type=Path), help="Where the page goes.")
@click.option("--inventory/--no-inventory", default=True, help="Whether to read a large inventory as well.")
@click.option("--again", is_flag=True, help="Measure nothing: write the page anew from the raw results.")
def main(
    sizes: list[int] | None,
    contenders: list[str] | None,
    results: Path | None,
    page_file: Path | None,
    inventory: bool,
    again: bool,
) -> None:
    """Measure this project and its rivals side by side on the sandbox.

    A run of everything takes about a quarter of an hour, and writes docs/performance.md with its chart. A smaller one
    writes a page only where --page says.
    """
    file = results or _RESULTS
    for one in (file, page_file):
        if one is not None and not one.resolve().parent.is_dir():
            raise click.UsageError(f"the folder of {one} does not exist")
    if again:
        measured = Results.model_validate_json(file.read_text(encoding="utf-8"))
    else:
        with Board() as board:
            measured = Measuring(sizes or SIZES, contenders or [*CONTENDERS], board).run(with_inventory=inventory)
        file.write_text(measured.model_dump_json(indent=1) + "\n", encoding="utf-8")
        click.echo(f"The raw results are in {_shown(file)}.", err=True)
    _write_page(measured, page_file or (_PAGE if measured.is_complete else None))
    if problems := measured.problems():
        raise click.ClickException("not everything was measured:\n" + "\n".join(problems))


def _write_page(measured: Results, file: Path | None) -> None:
    if file is not None:
        chart = file.with_suffix(".svg")
        draw(measured, chart)
        file.write_text(page(measured, chart.name), encoding="utf-8")
        click.echo(f"The page is {_shown(file)}.", err=True)


def run() -> NoReturn:
    """Run the process's own command line. Exits 1 for an error or a wrong command, 130 for Ctrl-C."""
    # Whatever ends it, what it started ends with it.
    for ending in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, _interrupt)
    try:
        code = main.main(standalone_mode=False)
    except click.Abort:
        code = _INTERRUPTED
    except click.ClickException as error:
        error.show()
        code = 1
    except (OSError, SandboxFailed, WorkspaceError) as error:
        click.echo(f"Error: {error}", err=True)
        code = 1
    sys.exit(code)


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _shown(file: Path) -> Path:
    return file.resolve().relative_to(PROJECT) if file.resolve().is_relative_to(PROJECT) else file
