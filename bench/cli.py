"""`python -m bench`: the command line."""

import signal
import sys
from pathlib import Path
from typing import Final, NoReturn

import click
from rich.console import Console
from rich.markdown import Markdown

from bench.chart import draw
from bench.contenders import CONTENDERS
from bench.document import page, times
from bench.measuring import SIZES, measure_all
from bench.results import Results
from sandbox.running import SandboxFailed
from sandbox.workspace import WorkspaceError

_FILE: Final = click.Path(dir_okay=False, path_type=Path)
_RESULTS: Final = Path("bench/results.json")
_PAGE: Final = Path("docs/performance.md")
_SIZES: Final = " ".join(map(str, SIZES))
_WIDE: Final = 120  # columns where there is no terminal to say
_INTERRUPTED: Final = 130


def _words(context: click.Context, option: click.Parameter, value: str) -> list[str]:
    """Return the words with spaces or commas between them."""
    words = value.replace(",", " ").split()
    if not words:
        raise click.BadParameter("name at least one", context, option)
    for word in words:
        if option.name == "sizes" and (not word.isdecimal() or int(word) < 20):
            raise click.BadParameter(f"{word!r} is no whole number from 20 on", context, option)
        if option.name == "contenders" and word not in CONTENDERS:
            raise click.BadParameter(f"{word!r} is none of {', '.join(CONTENDERS)}", context, option)
    return words


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--sizes", default=_SIZES, callback=_words, help='Numbers of bindings, such as "100 1000".')
@click.option("--contenders", default=" ".join(CONTENDERS), callback=_words, help=f"Some of: {' '.join(CONTENDERS)}.")
@click.option("--results", "raw", type=_FILE, default=_RESULTS, help="Where the raw results go (JSON).")
@click.option("--page", "page_file", type=_FILE, help="Where the page goes.")
@click.option("--inventory/--no-inventory", default=True, help="Whether to read a large inventory as well.")
@click.option("--again", is_flag=True, help="Measure nothing: write the page anew from the raw results.")
def main(
    sizes: list[str], contenders: list[str], raw: Path, page_file: Path | None, inventory: bool, again: bool
) -> None:
    """Measure this project and its rivals side by side on the sandbox.

    A run of everything takes about a quarter of an hour, and writes docs/performance.md with its chart. A smaller one
    writes a page only where --page says.
    """
    for file in (raw, page_file):
        if file is not None and not file.resolve().parent.is_dir():
            raise click.UsageError(f"the folder of {file} does not exist")
    if again:
        measured = Results.model_validate_json(raw.read_text(encoding="utf-8"))
    else:
        console = Console(stderr=True, highlight=False, width=None if sys.stderr.isatty() else _WIDE)
        measured = measure_all([*map(int, sizes)], contenders, console, with_inventory=inventory)
        console.print(Markdown(times(measured)))
        raw.write_text(measured.model_dump_json(indent=1) + "\n", encoding="utf-8")
        click.echo(f"The raw results are in {raw}.", err=True)
    if page_file := page_file or (_PAGE if measured.is_complete else None):
        chart = page_file.with_suffix(".svg")
        draw(measured, chart)
        page_file.write_text(page(measured, chart.name), encoding="utf-8")
        click.echo(f"The page is {page_file}.", err=True)
    if problems := measured.problems():
        raise click.ClickException("not everything was measured:\n" + "\n".join(problems))


def run() -> NoReturn:
    """Run the process's own command line. Exits 1 for an error or a wrong command, 130 for Ctrl-C."""
    # Whatever ends it, what it started ends with it.
    for ending in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, signal.default_int_handler)
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
