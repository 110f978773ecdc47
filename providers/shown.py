"""What a person was shown: the preview of an engine leaves the digest of its purges for the update of that very engine.

`pulumi up` shows a preview, waits for a "yes", and judges anew. An inventory that changed meanwhile would purge what
nobody saw.
"""

import contextlib
import os
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import psutil

from providers.engine import engine

_HAVE_A_VALUE: Final = ("-C", "--cwd", "--color", "-v", "--verbose", "--tracing", "--profiling", "--memprofilerate")
_SHOWS_NOTHING: Final = re.compile(r"--skip-preview(=true)?|--plan(=.*)?|-[A-Za-z]*f")
_SHOWS_NOTHING_BY_ENVIRONMENT: Final = ("PULUMI_OPTION_SKIP_PREVIEW", "PULUMI_OPTION_PLAN")


def leave(digest: str) -> None:
    """Leave the digest of what a preview shows, where only the update of the same engine looks.

    Where that cannot be done, the update finds that nothing was shown.
    """
    place = _place()
    with contextlib.suppress(OSError, psutil.Error):
        if place is not None:
            place.parent.mkdir(mode=0o700, exist_ok=True)
            _forget_the_gone(place.parent)
            place.write_text(digest, encoding="utf-8")


def why_not_shown(digest: str) -> str | None:
    """Say why these purges are not what the preview of this update showed; None: they are, or it was to show none.

    An update without a preview, or of a saved plan, is what somebody decided elsewhere.
    """
    found, process = _left(), engine()
    if found is not None:
        return None if found == digest else "what this update would purge is not what its preview showed"
    try:
        is_to_show = process is not None and _shows_a_preview(process.cmdline())
    except psutil.Error:
        is_to_show = True
    return "what the preview of this update showed is not known" if is_to_show else None


def is_watched() -> bool:
    """Whether this update is one of `pulumi watch`, which runs at every save and shows nothing before."""
    process = engine()
    try:
        return process is not None and _command(process.cmdline()) == "watch"
    except psutil.Error:
        return False


def _shows_a_preview(words: Sequence[str]) -> bool:
    if any(os.environ.get(name) for name in _SHOWS_NOTHING_BY_ENVIRONMENT):
        return False
    return _command(words) in ("up", "update") and not any(_SHOWS_NOTHING.fullmatch(word) for word in words)


def _command(words: Sequence[str]) -> str | None:
    """Return the first word of an engine's command line that is neither an option nor the value of one."""
    before = ["", *words]
    given = zip(before[1:], words[1:], strict=False)
    return next((word for last, word in given if not word.startswith("-") and last not in _HAVE_A_VALUE), None)


def _left() -> str | None:
    """Take what the preview left."""
    place = _place()
    if place is None:
        return None
    try:
        if place.parent.stat().st_uid != os.getuid():
            return "somebody else's"
        digest = place.read_text(encoding="utf-8")
        place.unlink()
    except FileNotFoundError:
        return None
    except OSError:
        return "unreadable"
    return digest


def _place() -> Path | None:
    """Return the file of the engine above this process; no later engine has its number and its start."""
    process = engine()
    if process is None:
        return None
    folder = Path(tempfile.gettempdir()) / f"mbs-erasure-shown-{os.getuid()}"
    return folder / f"{process.pid}-{process.create_time()}"


def _forget_the_gone(folder: Path) -> None:
    for file in folder.iterdir():
        if not psutil.pid_exists(int(file.name.partition("-")[0])):
            file.unlink(missing_ok=True)
