"""Stand-ins for what `engine/ensure` calls: a `pulumi` that only tells a version, and a `go` that builds such a one."""

import os
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from engine.command_line import COMPANIONS
from engine.recipe import FOLDER, engine_version

VERSION = f"v{engine_version()}"

# Each build is a line in $BUILDS. Where $STARTED and $RELEASE are named pipes, it tells one and waits on the other.
GO = """#!/bin/sh
case "$1" in
env) echo "${GO_VERSION:-go1.99.0}" ;;
list) echo "$MODULE" ;;
build)
    env > "$BUILDS.env"
    echo "$$" >> "$BUILDS"
    for argument; do
        [ "$previous" = -o ] && folder="$argument"
        previous="$argument"
    done
    if [ -n "$STARTED" ]; then
        echo half > "$folder/pulumi"
        echo started > "$STARTED"
        read -r _ < "$RELEASE"
    fi
    [ -n "$GO_FAILS" ] && { echo "main.go:1: no such thing" >&2; exit 2; }
    printf '#!/bin/sh\\necho "%s"\\n' "$VERSION" > "$folder/pulumi"
    chmod +x "$folder/pulumi"
    ;;
esac
"""


def script(path: Path, text: str) -> Path:
    """Write an executable script."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


def pulumi(folder: Path, version: str = VERSION, *, companions: bool = True) -> Path:
    """Write a stand-in of `pulumi`."""
    for name in COMPANIONS if companions else ():
        script(folder / name, "#!/bin/sh\n")
    return script(folder / "pulumi", f'#!/bin/sh\nenv > "$0.env"\necho "{version}"\n')


@dataclass
class Machine:
    """A made-up machine: nothing on PATH but what the test puts there, no network, a cache folder of its own."""

    folder: Path
    env: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.path = self.folder / "bin"
        self.path.mkdir()
        self.cache = self.folder / "cache"
        self.builds = self.folder / "builds"
        module = self.folder / "module" / "python"
        script(module / "cmd" / "pulumi-language-python-exec", "#!/usr/bin/env python\n")
        script(module / "dist" / "pulumi-resource-pulumi-python", "#!/bin/sh\n")
        self.env = {
            # Where the scripts of stand-ins find `env` and `chmod`.
            "PATH": f"{self.path}:{self._tools()}",
            "HOME": str(self.folder / "home"),
            "XDG_CACHE_HOME": str(self.cache),
            "TMPDIR": str(self.folder),
            # Port 0 can never be connected to.
            "https_proxy": "http://127.0.0.1:0",
            "BUILDS": str(self.builds),
            "MODULE": str(self.folder / "module"),
            "VERSION": VERSION,
        }

    def _tools(self) -> Path:
        tools = self.folder / "tools"
        tools.mkdir()
        for name in ("env", "chmod"):
            (tools / name).symlink_to(str(shutil.which(name)))
        return tools

    def with_go(self) -> "Machine":
        """Put the stand-in of `go` on PATH."""
        script(self.path / "go", GO)
        return self

    def start(self, *, ensure: Path = FOLDER / "ensure", folder: Path | None = None) -> "subprocess.Popen[str]":
        """Start `engine/ensure`."""
        return subprocess.Popen(
            [sys.executable, ensure],
            cwd=folder or self.folder,
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def ensure(self, *, ensure: Path = FOLDER / "ensure", folder: Path | None = None) -> "Answer":
        """Run `engine/ensure` to its end."""
        return self.answer(self.start(ensure=ensure, folder=folder))

    def answer(self, process: "subprocess.Popen[str]") -> "Answer":
        """Wait for a started one."""
        stdout, stderr = process.communicate()
        return Answer(process.returncode, stdout, stderr)

    def built(self) -> int:
        """Count the builds."""
        return len(self.builds.read_text().splitlines()) if self.builds.exists() else 0

    def unfinished(self) -> list[Path]:
        """List what is half-made in the cache."""
        return list(self.cache.rglob("unfinished-*"))

    def builder(self) -> int:
        """Give the process id of the last build."""
        return int(self.builds.read_text().splitlines()[-1])


@dataclass(frozen=True)
class Answer:
    """What one call of `engine/ensure` said."""

    code: int
    stdout: str
    stderr: str

    def path(self) -> Path:
        """Give the path it printed as its only line, having made sure that it works."""
        assert self.code == 0, self.stderr
        assert self.stdout.count("\n") == 1
        assert self.stdout.endswith("/pulumi\n")
        path = Path(self.stdout.rstrip("\n"))
        assert path.is_absolute()
        assert os.access(path, os.X_OK)
        return path

    def sentence(self) -> str:
        """Give what it said on failing: no traceback, nothing on stdout, exit 1."""
        assert self.code == 1
        assert self.stdout == ""
        assert "Traceback" not in self.stderr
        return self.stderr


def end(process_id: int) -> None:
    """End a stand-in that a killed call left behind."""
    os.kill(process_id, signal.SIGKILL)
