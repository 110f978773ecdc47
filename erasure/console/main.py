"""The command line: exit 0 for a yes, other statuses as each command says, 1 for an error, 130 for Ctrl-C."""

import sys
from collections.abc import Sequence
from typing import NoReturn

import click

from erasure.console.approve import approve
from erasure.console.close import close
from erasure.console.ledger import ledger
from erasure.console.plan import plan
from erasure.console.receipt import receipt
from erasure.console.reviewed import reviewed
from erasure.console.verify import verify
from erasure.errors import Problems, Refusal
from erasure.ledger import LedgerError


@click.group(context_settings={"help_option_names": ["-h", "--help"], "show_default": True})
def main() -> None:
    """Review, approve and prove the purges of a stack."""


for command in (plan, approve, ledger, verify, close, receipt, reviewed):
    main.add_command(command)


def run(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run a command line, by default the process's own."""
    try:
        code = main.main(arguments, prog_name="python -m erasure", standalone_mode=False)
    except (click.Abort, KeyboardInterrupt):
        code = 130
    except click.ClickException as error:
        error.show()
        code = 1
    except (Problems, Refusal, LedgerError) as error:
        click.echo(f"Error: {'ledger: ' if isinstance(error, LedgerError) else ''}{error}", err=True)
        code = 1
    sys.exit(code)
