"""Where finished engines are kept: a folder each, which is whole or not there at all.

The lock is the system's own: filelock is not there before the virtualenv.
"""

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from engine import recipe
from engine.child import say
from engine.failure import EngineError

_UNFINISHED: Final = "unfinished-"


class Store:
    """The engines under the user's cache folder. Only the holder of `locked` may change it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def of_user(cls) -> "Store":
        """Give the store in the user's cache folder."""
        return cls(recipe.caches() / "mbs-erasure" / "engine")

    def path(self, name: str) -> Path:
        """Say where the thing of this name is, or would be."""
        return self.folder / name

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Be the only one to change the store, waiting for another if need be; what dead ones left is removed.

        Raises:
            EngineError: the folder cannot be written.

        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            lock = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise self._unwritable(error) from error
        try:
            self._take(lock)
            for leftover in self.folder.glob(f"{_UNFINISHED}*"):
                shutil.rmtree(leftover, ignore_errors=True)
            yield
        finally:
            os.close(lock)

    def _take(self, lock: int) -> None:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another engine/ensure is at work on the engine: waiting for its result")
            fcntl.flock(lock, fcntl.LOCK_EX)
        except OSError as error:
            raise self._unwritable(error) from error

    @contextlib.contextmanager
    def unfinished(self) -> Iterator[Path]:
        """Give a folder to make something in. It is gone afterwards, unless `publish` took it.

        Raises:
            EngineError: the folder cannot be written.

        """
        try:
            folder = Path(tempfile.mkdtemp(prefix=_UNFINISHED, dir=self.folder))
        except OSError as error:
            raise self._unwritable(error) from error
        try:
            yield folder
        except OSError as error:
            raise self._unwritable(error) from error
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def publish(self, made: Path, name: str) -> Path:
        """Put what was made in its place, at one stroke."""
        target = self.path(name)
        if target.exists():
            # Moved aside first: a folder that is half removed must not carry the name.
            target.rename(Path(tempfile.mkdtemp(prefix=_UNFINISHED, dir=self.folder)) / name)
        return made.rename(target)

    def _unwritable(self, error: OSError) -> EngineError:
        where = error.filename or self.folder
        return EngineError(
            f"The engine cannot be kept in {self.folder} ({where}: {error.strerror}): "
            "make it writable, or set XDG_CACHE_HOME to a folder that is"
        )
