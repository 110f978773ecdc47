"""What the engine is made from: the version, and the files that decide what a build of it contains."""

import hashlib
import os
import platform
import re
import sys
from pathlib import Path
from typing import Final

from engine.command_line import Version
from engine.failure import EngineError

FOLDER: Final = Path(__file__).resolve().parent
SDK_MODULE: Final = "github.com/pulumi/pulumi/sdk/v3"
CLI_PACKAGE: Final = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
# The language host: a build has it beside the engine.
HOST_FILES: Final = (FOLDER / "pulumi-language-python", FOLDER / "language_host.py")
# GOFLAGS is never empty, or the user's own would count.
BUILD_ENVIRONMENT: Final = {
    "CGO_ENABLED": "0",
    "GO111MODULE": "on",
    "GOFLAGS": "-mod=readonly",
    "GOTOOLCHAIN": "local",
    "GOWORK": "off",
}

_ARCHITECTURES: Final = {"x86_64": "x64", "amd64": "x64", "arm64": "arm64", "aarch64": "arm64"}


def engine_version() -> str:
    """Give the engine's version, as go.mod pins it: `3.259.0`."""
    return _from_go_mod(rf"^\s*{re.escape(SDK_MODULE)} v(\S+)")


def oldest_go() -> Version:
    """Give the oldest Go that builds it."""
    numbers = [int(number) for number in _from_go_mod(r"^go (\S+)").split(".")]
    return (numbers[0], numbers[1], numbers[2] if len(numbers) > 2 else 0)


def _from_go_mod(pattern: str) -> str:
    match = re.search(pattern, (FOLDER / "go.mod").read_text(), re.MULTILINE)
    if match is None:
        raise EngineError(f"{FOLDER / 'go.mod'} has no line like {pattern}: restore the file from git")
    return match[1]


def platform_name() -> str:
    """Name this system and processor as the vendor's releases do: `linux-x64`."""
    machine = platform.machine().lower()
    return f"{sys.platform}-{_ARCHITECTURES.get(machine, machine)}"


def build_flags() -> tuple[str, ...]:
    """Give the flags of `go build`."""
    stamp = f"-X {SDK_MODULE}/go/common/version.Version=v{engine_version()}"
    return ("-trimpath", "-buildvcs=false", f"-ldflags=-s -w {stamp}")


def build_digest() -> str:
    """Identify all that decides what a build contains. A build of anything else must not be taken for this one."""
    digest = hashlib.sha256(repr((build_flags(), sorted(BUILD_ENVIRONMENT.items()))).encode())
    for file in (FOLDER / "go.mod", FOLDER / "go.sum", *HOST_FILES):
        content = file.read_bytes()
        digest.update(f"{file.name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()[:16]


def caches() -> Path:
    """Find the folder of the user's caches, by hand: platformdirs is not there before the virtualenv.

    Raises:
        EngineError: the environment does not tell where.

    """
    chosen = os.environ.get("XDG_CACHE_HOME", "")
    if os.path.isabs(chosen):  # noqa: PTH117 - an empty text is no path
        return Path(chosen)
    try:
        home = Path.home()
    except RuntimeError as error:
        raise EngineError("There is no home folder to keep the engine in: set HOME or XDG_CACHE_HOME") from error
    return home / "Library" / "Caches" if sys.platform == "darwin" else home / ".cache"
