"""The note of a merge request that shows a plan: one a stack, edited in place.

GitLab's own job token may not write notes: GITLAB_TOKEN is a project access token with the scope `api`.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, Self
from urllib.parse import quote

import click
import requests

from erasure.reports.markdown import plan_marker

_TIMEOUT: Final = 30  # seconds
_A_PAGE: Final = 100


class GitLab:
    """A project on GitLab, as one of its jobs sees it."""

    def __init__(self, api: str, project: str, token: str) -> None:
        self._project = f"{api}/projects/{quote(project, safe='')}"
        self._user = f"{api}/user"
        self._session = requests.Session()
        self._session.headers["PRIVATE-TOKEN"] = token

    @classmethod
    def of_job(cls) -> Self:
        """Return the project of the job that this runs in. Raises click.ClickException."""
        try:
            return cls(*(os.environ[name] for name in ("CI_API_V4_URL", "CI_PROJECT_ID", "GITLAB_TOKEN")))
        except KeyError as missing:
            raise click.ClickException(f"{missing.args[0]} is not set") from None

    def put(self, merge_request: str, text: str) -> None:
        """Write the note that begins with the text's first line, or edit it where there is one."""
        notes = f"{self._project}/merge_requests/{merge_request}/notes"
        found = next(self._own_notes(merge_request, text.partition("\n")[0]), None)
        if found is None:
            self._ask("POST", notes, json={"body": text})
        else:
            self._ask("PUT", f"{notes}/{found['id']}", json={"body": text})

    def shown(self, commit: str, marker: str) -> Iterator[str]:
        """Return the notes with this first line, of the merge requests that brought a commit."""
        for one in self._ask("GET", f"{self._project}/repository/commits/{quote(commit)}/merge_requests").json():
            if one["state"] == "merged":
                yield from (note["body"] for note in self._own_notes(str(one["iid"]), marker))

    def _own_notes(self, merge_request: str, marker: str) -> Iterator[dict[str, Any]]:
        """Return our notes that begin with a marker: anybody may write one that looks like it."""
        me = self._ask("GET", self._user).json()["id"]
        page = "1"
        while page:
            path = f"{self._project}/merge_requests/{quote(merge_request)}/notes"
            answer = self._ask("GET", path, params={"per_page": _A_PAGE, "page": page})
            for note in answer.json():
                if note["author"]["id"] == me and note["body"].startswith(marker):
                    yield note
            page = answer.headers.get("X-Next-Page", "")

    def _ask(self, method: str, url: str, **options: Any) -> requests.Response:  # noqa: ANN401 -- of requests
        try:
            answer = self._session.request(method, url, timeout=_TIMEOUT, allow_redirects=False, **options)
        except requests.RequestException as error:
            raise click.ClickException(f"{method} {url}: {type(error).__name__}") from None
        if answer.status_code >= 300:
            raise click.ClickException(f"{method} {url} answered {answer.status_code}: {answer.text[:256]}")
        return answer


@click.group()
def note() -> None:
    """Write and read the notes of a merge request on GitLab."""


@note.command()
@click.argument("merge_request")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def put(merge_request: str, file: Path) -> None:
    """Write FILE as a note, or edit the one that begins with its first line."""
    GitLab.of_job().put(merge_request, file.read_text(encoding="utf-8"))


@note.command()
@click.argument("stack")
@click.argument("commit")
def shown(stack: str, commit: str) -> None:
    """Print the plan of STACK as the merge request that brought COMMIT showed it."""
    for one in GitLab.of_job().shown(commit, plan_marker(stack)):
        click.echo(one)
