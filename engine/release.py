"""The vendor's own release, without what else the vendor's installation script does to a home."""

import hashlib
import tarfile
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from http.client import HTTPException, HTTPMessage
from pathlib import Path
from typing import IO, Final

from engine import recipe
from engine.failure import Unavailable

SITE: Final = "https://get.pulumi.com/releases/sdk/"

_SILENCE_SECONDS: Final = 8  # of the connection; the name's resolution has the system's own limit
_WHOLE_SECONDS: Final = 900
_CHUNK_BYTES: Final = 1 << 18


def archive_name(version: str) -> str:
    """Name the vendor's archive for this platform."""
    return f"pulumi-v{version}-{recipe.platform_name()}.tar.gz"


def install(version: str, folder: Path) -> Path:
    """Download, verify and unpack the release; give the folder that its programs are in.

    Raises:
        Unavailable: there is none for this platform, or the network does not give it, or it is not what was pinned.

    """
    name = archive_name(version)
    expected = pinned_digest(name)
    archive = folder / name
    found = download(SITE + name, archive)
    if found != expected:
        raise Unavailable(f"{SITE + name} is not the release that was pinned (sha256 {found}, not {expected})")
    return unpack(archive, folder / "release")


def pinned_digest(name: str) -> str:
    """Look up the SHA-256 of an archive in `releases.sha256`.

    Raises:
        Unavailable: it is not listed, so there is no such release as far as we know.

    """
    for line in (recipe.FOLDER / "releases.sha256").read_text().splitlines():
        digest, _, listed = line.partition("  ")
        if listed == name:
            return digest
    raise Unavailable(f"engine/releases.sha256 lists no {name}")


def download(url: str, target: Path) -> str:
    """Fetch a file within bounds of time, through the proxies of the environment; give its SHA-256.

    Raises:
        Unavailable: refused, too slow, or cut off.

    """
    digest = hashlib.sha256()
    with target.open("wb") as file:
        for chunk in _chunks(url):
            digest.update(chunk)
            file.write(chunk)
    return digest.hexdigest()


def _chunks(url: str) -> Iterator[bytes]:
    end = time.monotonic() + _WHOLE_SECONDS
    try:
        opener = urllib.request.build_opener(_SameScheme)
        with opener.open(url, timeout=_SILENCE_SECONDS) as response:
            expected = int(response.headers.get("Content-Length") or -1)
            received = 0
            while chunk := response.read1(_CHUNK_BYTES):
                if time.monotonic() > end:
                    raise TimeoutError
                received += len(chunk)
                yield chunk
            if expected not in (-1, received):
                raise ConnectionError(f"cut off after {received} of {expected} bytes")
    except (OSError, HTTPException, ValueError) as error:
        reason = getattr(error, "reason", None) or error
        if isinstance(reason, TimeoutError):
            raise Unavailable(
                f"{url} is too slow: nothing came for {_SILENCE_SECONDS} s, or not all in {_WHOLE_SECONDS} s"
            ) from error
        raise Unavailable(f"{url} cannot be had: {getattr(reason, 'strerror', None) or reason}") from error


class _SameScheme(urllib.request.HTTPRedirectHandler):
    """Follows no redirect from https to anything else."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> urllib.request.Request | None:
        if urllib.parse.urlsplit(newurl).scheme != req.type:
            fp.close()
            raise OSError(f"a redirect away from {req.type}")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def unpack(archive: Path, folder: Path) -> Path:
    """Unpack the archive into `folder`, and nowhere else; give the folder inside that has the programs.

    Raises:
        Unavailable: it is no archive, or reaches outside, or has no programs.

    """
    if not hasattr(tarfile, "data_filter"):
        raise Unavailable("This Python cannot unpack an archive safely: use 3.11.4 or newer")
    try:
        with tarfile.open(archive) as content:
            content.extractall(folder, filter="data")
    except (tarfile.TarError, EOFError, OSError) as error:
        raise Unavailable(f"{archive.name} cannot be unpacked: {error}") from error
    for programs in (folder / "pulumi", folder / "pulumi" / "bin"):
        if (programs / "pulumi").is_file():
            return programs
    raise Unavailable(f"{archive.name} has no pulumi in it")
