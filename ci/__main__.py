"""`python -m ci COMMAND`: for pipelines, not for people."""

from pathlib import Path

import click

from ci import gitlab
from ci.reviewed import FoundPlan, purges_listed, was_reviewed
from ci.verified import verified_markdown
from erasure.reports.markdown import plan_marker
from erasure.reports.plan import PlanReport

_NOT_REVIEWED = 3

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
@click.argument("judged", type=_file)
@click.argument("shown", type=_file)
@click.option("--digest", default="", help="What a person read elsewhere and asks for.")
def reviewed(judged: Path, shown: Path, digest: str) -> None:
    """Exit 0 where what is planned now was reviewed, and 3 where it was not.

    JUDGED is what MBS_PLAN_FILE names, SHOWN the comment of the pull request.
    """
    plan = PlanReport.model_validate_json(judged.read_text(encoding="utf-8"))
    found = was_reviewed(plan, shown.read_text(encoding="utf-8"), digest)
    click.echo(found.sentence(plan))
    if found is FoundPlan.OTHER:
        click.echo(f"\n{purges_listed(plan)}")
        raise click.exceptions.Exit(_NOT_REVIEWED)


@main.command()
@click.argument("verification", type=_file)
def verified(verification: Path) -> None:
    """Print what `verify --format json` wrote, as Markdown."""
    click.echo(verified_markdown(verification.read_text(encoding="utf-8")))


main.add_command(gitlab.note)

if __name__ == "__main__":
    main(prog_name="python -m ci")
