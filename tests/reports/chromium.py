"""Where a Chromium is on this machine."""

import shutil
from pathlib import Path

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_ON_MACOS = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")


def chromium() -> str:
    """Return the path of a Chromium on this machine. Raises FileNotFoundError."""
    found = next(filter(None, map(shutil.which, _NAMES)), None)
    if found is None and not _ON_MACOS.exists():
        raise FileNotFoundError("no Chromium on this machine: install Debian's package chromium")
    return found or str(_ON_MACOS)
