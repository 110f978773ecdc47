"""The ways to an engine, in their order: on PATH, made before, the vendor's release, a build."""

import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from engine import build, command_line, recipe, release
from engine.child import say
from engine.command_line import Version
from engine.failure import EngineError, Unavailable
from engine.store import Store


def main() -> int:
    """Print the path of a working `pulumi`. Exit 1 with a sentence on stderr if there is none to be had."""
    for ending in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(ending) is not signal.SIG_IGN:
            signal.signal(ending, _interrupt)
    try:
        pulumi = provide()
    except EngineError as error:
        say(str(error))
        return 1
    except OSError as error:
        say(f"The engine cannot be prepared ({error}): check that file or folder, then run again")
        return 1
    except KeyboardInterrupt:
        say("interrupted; nothing half-made stays, and the next call goes on from what was fetched")
        return 130
    sys.stdout.write(f"{pulumi}\n")
    return 0


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def provide() -> Path:
    """Find a working `pulumi`, or make one.

    Raises:
        EngineError: none of the ways leads to one.

    """
    oldest = _oldest()
    if found := command_line.on_path():
        try:
            command_line.require(found, oldest)
        except Unavailable as error:
            say(f"not used: {error}")
        else:
            return found
    store = Store.of_user()
    if made := _made_before(store, oldest):
        return made
    with store.locked():
        # Whoever held the lock before has made it, most likely.
        return _made_before(store, oldest, tell=say) or _make(store, oldest)


def _oldest() -> Version:
    major, minor, patch = (int(part) for part in recipe.engine_version().split("."))
    return (major, minor, patch)


def _name(way: str) -> str:
    return f"v{recipe.engine_version()}-{recipe.platform_name()}-{way}"


def _built() -> str:
    return _name(f"build-{recipe.build_digest()}")


def _made_before(store: Store, oldest: Version, *, tell: Callable[[str], None] | None = None) -> Path | None:
    for name in (_built(), _name("release")):
        pulumi = store.path(name) / "pulumi"
        if not pulumi.exists():
            continue
        try:
            command_line.require(pulumi, oldest)
        except Unavailable as error:
            if tell:
                tell(f"made anew: {error}")
        else:
            return pulumi
    return None


def _make(store: Store, oldest: Version) -> Path:
    version = recipe.engine_version()

    def from_release(folder: Path) -> Path:
        say(f"downloading the Pulumi engine v{version}")
        return release.install(version, folder)

    try:
        return _finish(store, oldest, _name("release"), from_release)
    except Unavailable as error:
        say(f"building it instead: {error}")
    made = _finish(store, oldest, _built(), lambda folder: build.install(store, folder))
    build.forget_go(store)
    return made


def _finish(store: Store, oldest: Version, name: str, way: Callable[[Path], Path]) -> Path:
    """Make an engine aside, try it, and only then give it its name."""
    with store.unfinished() as folder:
        programs = way(folder)
        command_line.require(programs / "pulumi", oldest)
        return store.publish(programs, name) / "pulumi"
