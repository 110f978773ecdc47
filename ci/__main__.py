"""`python -m ci COMMAND`: for pipelines, not for people."""

from pathlib import Path

import click

from ci import gitlab
from ci.verified import verified_markdown
from erasure.reports.markdown import plan_marker

_file = click.Path(exists=True, dir_okay=False, path_type=Path)
_stack = click.argument("stack")


@click.group()
def main() -> None:
    """Do what a pipeline needs besides the console."""


@main.command()
@_stack
def marker(stack: str) -> None:
    """Print the first line of a stack's plan, by which its comment is found again."""
    click.echo(plan_marker(stack))


@main.command()
@_stack
@click.option("--run", required=True, metavar="URL", help="The pipeline's run, which has the reason.")
def no_plan(stack: str, run: str) -> None:
    """Print the comment for a plan that could not be made."""
    click.echo(f"{plan_marker(stack)}\n**{stack}: there is no plan.** It failed, and [the run]({run}) says why.")


@main.command()
@click.argument("verification", type=_file)
def verified(verification: Path) -> None:
    """Print what `verify --format json` wrote, as Markdown."""
    click.echo(verified_markdown(verification.read_text(encoding="utf-8")))


main.add_command(gitlab.note)

if __name__ == "__main__":
    main(prog_name="python -m ci")
