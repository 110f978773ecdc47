"""A PostgreSQL of our own, from Debian's package or where `initdb` is found: on loopback, and gone afterwards."""

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_PASSWORD = "postgres-hunter2"


@dataclass(frozen=True)
class Postgres:
    """A running server; `url` is SQLAlchemy's, with a password in it."""

    url: str
    password: str
    folder: Path
    binaries: Path

    def stop(self) -> None:
        """End it at once, as when its machine goes away."""
        self._control("stop", "-m", "immediate")

    def start(self) -> None:
        """Start it again, at the same address."""
        self._control("start", "-w", "-l", str(self.folder / "log"))

    def _control(self, *arguments: str) -> None:
        _run([str(self.binaries / "pg_ctl"), "-D", str(self.folder / "data"), *arguments])


def binaries() -> Path | None:
    """Return the folder of the server's programs, or None where there is no PostgreSQL on this machine."""
    found = shutil.which("initdb")
    if found:
        return Path(found).parent
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return debian[-1].parent if debian else None


@contextlib.contextmanager
def running(programs: Path) -> Iterator[Postgres]:
    """Run a server while the block runs."""
    folder = Path(tempfile.mkdtemp(prefix="mbs-postgres-"))
    try:
        (folder / "password").write_text(_PASSWORD)
        if (user := _other_user()) is not None:
            for path in (folder, folder / "password"):
                shutil.chown(path, user)
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        initdb = [str(programs / "initdb"), "-D", str(folder / "data"), "-U", "ledger", "-A", "scram-sha-256", "-N"]
        _run([*initdb, "--pwfile", str(folder / "password"), "-E", "UTF8", "--no-locale"])
        with (folder / "data/postgresql.conf").open("a") as settings:
            settings.write(
                f"port = {port}\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = ''\nfsync = off\n"
            )
        url = f"postgresql+psycopg://ledger:{_PASSWORD}@127.0.0.1:{port}/postgres"
        server = Postgres(url, _PASSWORD, folder, programs)
        server.start()
        try:
            yield server
        finally:
            with contextlib.suppress(subprocess.CalledProcessError):
                server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _other_user() -> str | None:
    """Return whom to run it as: PostgreSQL refuses to run as root."""
    if os.getuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name).pw_name
    return None


def _run(command: list[str]) -> None:
    # Its own folder: the user that it runs as may not read the one that we are in.
    subprocess.run(command, user=_other_user(), cwd="/", stdin=subprocess.DEVNULL, capture_output=True, check=True)
