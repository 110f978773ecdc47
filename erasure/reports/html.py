"""Reports as one self-contained page: nothing is loaded from anywhere, and its policy lets nothing be."""

import base64
import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from erasure.reports.page import Page
from erasure.reports.shown import counted, visible

_TEMPLATES: Final = Path(__file__).parent / "templates"
_ROWS: Final = 500  # of the tables and lists that cannot be searched
_LABEL: Final = 34  # characters; what fits beside its value on a telephone
_SENTENCE: Final = 2000  # characters


def html(page: Page) -> str:
    """Return a report as a page of its own; every value is shown as it is, and acts as nothing."""
    style, script = (Markup(_source(name)) for name in ("page.css", "page.js"))  # noqa: S704 -- files of our own
    return (
        _environment()
        .get_template("page.html")
        .render(page=page, most=_ROWS, style=style, script=script, style_hash=_hash(style), script_hash=_hash(script))
    )


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalized,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"sentence": _sentence, "as_it_is": escape, "counted": counted, "short": _short}
    return environment


def _finalized(value: object) -> object:
    """Show what a name hides; markup of our own stays as it is."""
    return visible(value) if type(value) is str else value


def _sentence(text: str) -> Markup:
    """Return a sentence of ours, in which backquotes mark code. What it quotes is escaped all the same."""
    parts = [escape(part) for part in visible(text, _SENTENCE).split("`")]
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if place % 2 else part for place, part in enumerate(parts)
    )


def _short(name: str) -> Markup:
    return escape(visible(name, _LABEL))


def _source(name: str) -> str:
    return (_TEMPLATES / name).read_text(encoding="utf-8")


def _hash(source: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()
