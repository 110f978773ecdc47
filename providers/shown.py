"""What a person was shown: the preview of an engine leaves the digest of its purges for the update of that very engine.

`pulumi up` shows a preview, waits for a "yes", and judges anew. An inventory that changed meanwhile would purge what
nobody saw.
"""

import contextlib
import os
import re
import stat
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import psutil

from providers.engine import engine, started

_HAVE_A_VALUE: Final = (
    "-C",
    "--cwd",
    "--color",
    "-v",
    "--verbose",
    "--tracing",
    "--profiling",
    "--memprofilerate",
    "--otel-traces",
)
_TRUE: Final = "1|t|T|TRUE|true|True"  # as the engine's flags read it
_SHOWS_NOTHING: Final = re.compile(rf"--skip-preview(=({_TRUE}))?|--plan(=.*)?|-[dehjQry]*f[dehjQry]*")


def leave(digest: str) -> None:
    """Leave the digest of what a preview shows, where only the update of the same engine looks.

    Where that cannot be done, the update finds that nothing was shown.
    """
    with contextlib.suppress(OSError, psutil.Error):
        if (place := _place()) is not None:
            place.parent.mkdir(mode=0o700, exist_ok=True)
            if _is_private(place.parent):
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
    skips = re.fullmatch(_TRUE, os.environ.get("PULUMI_OPTION_SKIP_PREVIEW", ""))
    if skips or os.environ.get("PULUMI_OPTION_PLAN"):
        return False
    return _command(words) in ("up", "update") and not any(_SHOWS_NOTHING.fullmatch(word) for word in words)


def _command(words: Sequence[str]) -> str | None:
    """Return the first word of an engine's command line that is neither an option nor the value of one."""
    before = ["", *words]
    given = zip(before[1:], words[1:], strict=False)
    return next((word for last, word in given if not word.startswith("-") and last not in _HAVE_A_VALUE), None)


def _left() -> str | None:
    """Take what the preview left."""
    try:
        place = _place()
        if place is None:
            return None
        if not _is_private(place.parent):
            return "somebody else's"
        digest = place.read_text(encoding="utf-8")
        place.unlink()
    except FileNotFoundError:
        return None
    except (OSError, psutil.Error):
        return "unreadable"
    return digest


def _place() -> Path | None:
    """Return the file of the engine above this process; no later engine has its number and its start."""
    process = engine()
    if process is None:
        return None
    folder = Path(tempfile.gettempdir()) / f"mbs-erasure-shown-{os.getuid()}"
    # By the machine's own time: a clock that is set between preview and update changes no engine.
    return folder / f"{process.pid}-{started(process):.2f}"


def _is_private(folder: Path) -> bool:
    """Whether nobody else can put anything here, by a link neither: anybody may make a name in the common folder."""
    about = folder.lstat()
    return stat.S_ISDIR(about.st_mode) and about.st_uid == os.getuid() and not about.st_mode & 0o077


def _forget_the_gone(folder: Path) -> None:
    for file in folder.iterdir():
        number = file.name.partition("-")[0]
        if number.isdecimal() and not psutil.pid_exists(int(number)):
            file.unlink(missing_ok=True)
