"""Print the stacks that a change concerns, as a JSON list: those of MBS_STACKS whose files it touches.

Standard library only: it runs before any virtualenv, and where there are no secrets.
"""

import argparse
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterable, Sequence

_OF_ONE_STACK = re.compile(r"(?:inventory/|approvals/|Pulumi\.)([^/]+)\.yaml")
_NAME = re.compile(r"[A-Za-z0-9_.-]+")


class ListError(Exception):
    """MBS_STACKS, or what was asked for, names no stacks."""


def listed(text: str) -> list[str]:
    """Return the names in MBS_STACKS. Raises ListError."""
    try:
        names = json.loads(text or "[]")
    except ValueError:
        names = None
    if not isinstance(names, list) or not all(isinstance(one, str) and _NAME.fullmatch(one) for one in names):
        raise ListError(f'MBS_STACKS has to be a JSON list of stacks, like ["acme"], and is {text!r}')
    return sorted(set(names))


def concerned(stacks: Sequence[str], files: Iterable[str]) -> list[str]:
    """Return which stacks a change of these files concerns. Pulumi.yaml has the limits of all."""
    touched = set(files)
    if "Pulumi.yaml" in touched:
        return list(stacks)
    names = {match[1] for file in touched if (match := _OF_ONE_STACK.fullmatch(file))}
    return [one for one in stacks if one in names]


def unlisted(stacks: Sequence[str], files: Iterable[str]) -> list[str]:
    """Return the inventory files of a change that belong to no listed stack."""
    found = {file: match[1] for file in files if (match := _OF_ONE_STACK.fullmatch(file))}
    return sorted(file for file, name in found.items() if file.startswith("inventory/") and name not in stacks)


def changed_since(revision: str) -> list[str] | None:
    """Return the files that differ between a revision and HEAD; None where git does not know the revision."""
    command = ["git", "diff", "--name-only", "--no-renames", "-z", "--end-of-options", revision, "HEAD"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.split("\0")[:-1] if done.returncode == 0 else None


def chosen(stacks: Sequence[str], only: str, since: str) -> list[str]:
    """Return the stacks that are asked for, or concerned since a revision. Raises ListError."""
    if only:
        if only not in stacks:
            raise ListError(f"MBS_STACKS does not list {only!r}")
        return [only]
    files = changed_since(since) if since else None
    if files is None:
        return list(stacks)
    for file in unlisted(stacks, files):
        sys.stderr.write(f"{file} changed, but MBS_STACKS does not list its stack: nothing is done\n")
    return concerned(stacks, files)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the list; exit 1 with a sentence where there is none."""
    parser = argparse.ArgumentParser(prog="ci/stacks.py", description=__doc__)
    parser.add_argument("--since", default="", help="a revision; without it, or if git lacks it, every stack")
    parser.add_argument("--only", default="", help="this stack and no other")
    asked = parser.parse_args(arguments)
    try:
        stacks = chosen(listed(os.environ.get("MBS_STACKS", "")), asked.only, asked.since)
    except ListError as error:
        sys.stderr.write(f"ci/stacks.py: {error}\n")
        return 1
    sys.stdout.write(f"{json.dumps(stacks)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
