"""What a person sees while a command works."""

import os
import pty
import subprocess
import sys

PROGRAM = "from erasure.console.shared import working\nwith working('previewing acme'): print('the report')"


def test_a_terminal_shows_on_what_a_command_is_at_work() -> None:
    ours, its = pty.openpty()
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        stdout=subprocess.PIPE,
        stderr=its,
        env={**os.environ, "TERM": "xterm-256color"},
        text=True,
        check=True,
    )
    os.close(its)
    shown = os.read(ours, 10_000).decode()
    os.close(ours)
    assert "previewing acme ..." in shown
    assert done.stdout == "the report\n"


def test_where_no_terminal_is_nothing_is_added_to_the_report() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("the report\n", "")
