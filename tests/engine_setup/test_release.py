"""The vendor's release: had quickly or not at all, and nothing but the pinned one."""

import contextlib
import hashlib
import io
import socket
import tarfile
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from engine import recipe, release
from engine.failure import Unavailable

Answer = Callable[[BaseHTTPRequestHandler], None]


@pytest.fixture
def serve() -> Iterator[Callable[[Answer], str]]:
    """Give a function that serves one answer to everything, and says where."""
    servers: list[HTTPServer] = []

    def start(answer: Answer) -> str:
        class Handler(BaseHTTPRequestHandler):
            do_GET = answer  # noqa: N815 - the server's naming

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the server's naming
                pass

        server = HTTPServer(("127.0.0.1", 0), Handler)
        servers.append(server)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}/"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")


def gives(content: bytes, announced: int | None = None) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(content) if announced is None else announced))
        handler.end_headers()
        handler.wfile.write(content)

    return answer


def archive(*members: tuple[str, bytes]) -> bytes:
    """Make a .tar.gz of executable files."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as tar:
        for name, text in members:
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(text), 0o755
            tar.addfile(member, io.BytesIO(text))
    return content.getvalue()


def test_the_pinned_release_is_unpacked(
    serve: Callable[[Answer], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = archive(("pulumi/pulumi", b"#!/bin/sh\n"), ("pulumi/pulumi-language-python", b""))
    monkeypatch.setattr(release, "SITE", serve(gives(content)))
    monkeypatch.setattr(release, "pinned_digest", lambda _name: hashlib.sha256(content).hexdigest())
    programs = release.install("3.259.0", tmp_path)
    assert sorted(file.name for file in programs.iterdir()) == ["pulumi", "pulumi-language-python"]


def test_another_release_than_the_pinned_one_is_not_unpacked(
    serve: Callable[[Answer], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(release, "SITE", serve(gives(archive(("pulumi/pulumi", b"#!/bin/sh\n")))))
    monkeypatch.setattr(recipe, "platform_name", lambda: "linux-x64")
    with pytest.raises(Unavailable, match="not the release that was pinned"):
        release.install(recipe.engine_version(), tmp_path)
    assert not (tmp_path / "release").exists()


def test_a_platform_without_a_release_asks_nothing_of_the_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recipe, "platform_name", lambda: "plan9-mips")
    monkeypatch.setattr(release, "download", lambda *_: pytest.fail("asked the network"))
    with pytest.raises(Unavailable, match="lists no pulumi-v3"):
        release.install(recipe.engine_version(), tmp_path)


def test_a_refusal_is_told_in_one_sentence(serve: Callable[[Answer], str], tmp_path: Path) -> None:
    url = serve(lambda handler: handler.send_error(403))
    with pytest.raises(Unavailable, match="cannot be had: "):
        release.download(url, tmp_path / "file")


def test_a_closed_port_is_told_in_one_sentence(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(Unavailable, match="cannot be had: Connection refused"):
            release.download(f"http://127.0.0.1:{taken.getsockname()[1]}/", tmp_path / "file")


def test_a_download_cut_off_is_no_release(serve: Callable[[Answer], str], tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match=r"cannot be had: .*3"):
        release.download(serve(gives(b"abc", announced=1000)), tmp_path / "file")


def test_a_connection_that_says_nothing_is_given_up_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(release, "_SILENCE_SECONDS", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(Unavailable, match="too slow"):
        release.download(f"http://127.0.0.1:{silent.getsockname()[1]}/", tmp_path / "file")


def test_a_download_that_stalls_is_given_up_on(
    serve: Callable[[Answer], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(release, "_SILENCE_SECONDS", 0.1)
    over = threading.Event()

    def stalls(handler: BaseHTTPRequestHandler) -> None:
        gives(b"abc", announced=1000)(handler)
        over.wait(60)

    url = serve(stalls)
    try:
        with pytest.raises(Unavailable, match="too slow"):
            release.download(url, tmp_path / "file")
    finally:
        over.set()


def test_a_redirect_to_another_scheme_is_not_followed(serve: Callable[[Answer], str], tmp_path: Path) -> None:
    def away(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(302)
        handler.send_header("Location", "https://127.0.0.1/")
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    with pytest.raises(Unavailable, match="a redirect away from http"):
        release.download(serve(away), tmp_path / "file")


@pytest.mark.parametrize("name", ["../escaped", "/escaped", "pulumi/../../escaped"])
def test_an_archive_cannot_reach_outside_its_folder(name: str, tmp_path: Path) -> None:
    file = tmp_path / "archive.tar.gz"
    inside = tmp_path / "inside" / "here"
    file.write_bytes(archive(("pulumi/pulumi", b""), (name, b"outside")))
    with contextlib.suppress(Unavailable):
        release.unpack(file, inside)
    assert all(inside in escaped.parents for escaped in tmp_path.rglob("escaped"))
    assert not Path("/escaped").exists()


@pytest.mark.parametrize(
    "content",
    [b"not an archive", archive(("readme", b"")), archive()[:10]],
    ids=["no archive", "no engine", "cut off"],
)
def test_an_archive_without_an_engine_is_refused(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "archive.tar.gz"
    file.write_bytes(content)
    with pytest.raises(Unavailable, match=r"archive\.tar\.gz"):
        release.unpack(file, tmp_path / "here")
