"""`python -m ci COMMAND`: for pipelines, not for people."""

import click

from ci import gitlab
from erasure.reports.markdown import plan_marker

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


main.add_command(gitlab.note)

if __name__ == "__main__":
    main(prog_name="python -m ci")
