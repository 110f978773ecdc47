"""A stand-in of `gh api` for the steps that talk to GitHub: its store is a file, and its `--jq` is gh's own engine.

python -m tests.ci.gh api [--paginate] [--silent] [--method METHOD] [--field body=@FILE] [--jq FILTER] PATH
"""

import argparse
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

BOT: Final = "github-actions[bot]"

_STORE: Final = "GH_STORE"
_JQ: Final = "GH_JQ"


class Store:
    """What GitHub knows: comments, which pull request brought a commit, and the calls that it received."""

    def __init__(self, file: Path) -> None:
        self._file = file
        if not file.exists():
            self._write({"comments": [], "pulls": {}, "calls": []})

    def environment(self, jq: Path) -> dict[str, str]:
        """Return what the stand-in needs in its environment."""
        return {_STORE: str(self._file), _JQ: str(jq)}

    def comments(self, author: str = BOT) -> list[str]:
        """Return the bodies of an author's comments."""
        return [one["body"] for one in self._read()["comments"] if one["user"]["login"] == author]

    def comment(self, pull: str, body: str, author: str) -> None:
        """Write a comment as somebody."""
        known = self._read()
        number = len(known["comments"]) + 1
        known["comments"].append({"id": number, "pull": pull, "body": body, "user": {"login": author}})
        self._write(known)

    def merged(self, pull: int, commit: str) -> None:
        """Let a commit be what a pull request brought."""
        known = self._read()
        known["pulls"][commit] = [{"number": pull, "merged_at": "2026-11-24T12:00:00Z"}]
        self._write(known)

    def writes(self) -> list[str]:
        """Return the methods of the calls that wrote, in order."""
        return [method for method, _ in self._read()["calls"] if method != "GET"]

    def answer(self, method: str, path: str, body: str) -> Any:  # noqa: ANN401 -- JSON
        """Answer a call, and record it."""
        known = self._read()
        known["calls"].append([method, path])
        self._write(known)
        if match := re.fullmatch(r"repos/msp/backups/issues/(\d+)/comments", path):
            if method == "POST":
                return self.comment(match[1], body, BOT)
            return [one for one in known["comments"] if one["pull"] == match[1]]
        if method == "PATCH" and (match := re.fullmatch(r"repos/msp/backups/issues/comments/(\d+)", path)):
            known["comments"][int(match[1]) - 1]["body"] = body
            return self._write(known)
        if match := re.fullmatch(r"repos/msp/backups/commits/(\w+)/pulls", path):
            return known["pulls"].get(match[1], [])
        raise SystemExit(f"gh: Not Found: {method} {path}")

    def _read(self) -> dict[str, Any]:
        known: dict[str, Any] = json.loads(self._file.read_text(encoding="utf-8"))
        return known

    def _write(self, known: dict[str, Any]) -> None:
        self._file.write_text(json.dumps(known), encoding="utf-8")


def main() -> None:
    """Answer one call."""
    parser = argparse.ArgumentParser()
    parser.add_argument("command", choices=["api"])
    parser.add_argument("path")
    parser.add_argument("--paginate", action="store_true")
    parser.add_argument("--silent", action="store_true")
    parser.add_argument("--method", default="GET")
    parser.add_argument("--field", default="")
    parser.add_argument("--jq")
    asked = parser.parse_args()
    if not os.environ.get("GH_TOKEN"):
        raise SystemExit("gh: To use GitHub CLI in a GitHub Actions workflow, set the GH_TOKEN environment variable.")
    body = ""
    if asked.field:
        name, _, file = asked.field.partition("=@")
        assert name == "body"
        body = Path(file).read_text(encoding="utf-8")
    answer = Store(Path(os.environ[_STORE])).answer(asked.method, asked.path, body)
    if asked.jq:
        filtered = subprocess.run(
            [os.environ[_JQ], "-r", asked.jq], input=json.dumps(answer), capture_output=True, text=True, check=True
        )
        sys.stdout.write(filtered.stdout)
    elif not asked.silent:
        sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main()
