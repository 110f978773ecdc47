"""A stand-in of GitLab's API, as far as notes of merge requests go: over real HTTP, two notes a page."""

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

TOKEN: Final = "glpat-hunter2"
BOT: Final = 41
_A_PAGE: Final = 2


class GitLabStandIn(ThreadingHTTPServer):
    """What GitLab knows of the project 12: `notes` by merge request, and which one brought a commit."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.notes: dict[str, list[dict[str, Any]]] = {}
        self.brought: dict[str, list[dict[str, Any]]] = {}
        self.writes: list[str] = []

    @property
    def env(self) -> dict[str, str]:
        """What a job of the project has in its environment."""
        api = f"http://127.0.0.1:{self.server_port}/api/v4"
        return {"CI_API_V4_URL": api, "CI_PROJECT_ID": "12", "GITLAB_TOKEN": TOKEN}

    def note(self, merge_request: str, body: str, author: int) -> dict[str, Any]:
        """Write a note as somebody."""
        notes = self.notes.setdefault(merge_request, [])
        notes.append({"id": len(notes) + 100, "body": body, "author": {"id": author}})
        return notes[-1]

    def ours(self, merge_request: str) -> list[str]:
        """Return the bodies of the token's notes."""
        return [one["body"] for one in self.notes.get(merge_request, []) if one["author"]["id"] == BOT]


class _Handler(BaseHTTPRequestHandler):
    server: GitLabStandIn

    def do_GET(self) -> None:
        """Answer what is known."""
        path, query = self._asked()
        if path == "/api/v4/user":
            self._answer({"id": BOT})
        elif match := re.fullmatch(r"/api/v4/projects/12/merge_requests/(\d+)/notes", path):
            notes = self.server.notes.get(match[1], [])
            page = int(query.get("page", ["1"])[0])
            after = str(page + 1) if page * _A_PAGE < len(notes) else ""
            self._answer(notes[(page - 1) * _A_PAGE : page * _A_PAGE], {"X-Next-Page": after})
        elif match := re.fullmatch(r"/api/v4/projects/12/repository/commits/(\w+)/merge_requests", path):
            self._answer(self.server.brought.get(match[1], []))
        else:
            self._answer({"message": "404 Not Found"}, status=404)

    def do_POST(self) -> None:
        """Write a note."""
        path, _ = self._asked()
        match = re.fullmatch(r"/api/v4/projects/12/merge_requests/(\d+)/notes", path)
        assert match is not None
        self.server.writes.append("POST")
        self._answer(self.server.note(match[1], self._body(), BOT), status=201)

    def do_PUT(self) -> None:
        """Edit a note."""
        path, _ = self._asked()
        match = re.fullmatch(r"/api/v4/projects/12/merge_requests/(\d+)/notes/(\d+)", path)
        assert match is not None
        self.server.writes.append("PUT")
        (note,) = [one for one in self.server.notes[match[1]] if one["id"] == int(match[2])]
        note["body"] = self._body()
        self._answer(note)

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _asked(self) -> tuple[str, dict[str, list[str]]]:
        parts = urlsplit(self.path)
        return parts.path, parse_qs(parts.query)

    def _body(self) -> str:
        body: str = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["body"]
        return body

    def _answer(self, document: object, headers: dict[str, str] | None = None, status: int = 200) -> None:
        if self.headers.get("PRIVATE-TOKEN") != TOKEN:
            document, headers, status = {"message": "401 Unauthorized"}, None, 401
        body = json.dumps(document).encode()
        self.send_response(status)
        for name, value in {**(headers or {}), "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def standing_in() -> Iterator[GitLabStandIn]:
    """Run it while the block runs."""
    with GitLabStandIn() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
