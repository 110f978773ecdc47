"""Reports as one self-contained page: nothing is loaded from anywhere, and its policy lets nothing be."""

import base64
import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup, escape

from erasure.reports.page import Page
from erasure.reports.shown import counted, size, visible

_TEMPLATES: Final = Path(__file__).parent / "templates"
_ROWS: Final = 500  # of the tables and lists that cannot be searched
_SENTENCE: Final = 2000  # characters


def html(page: Page) -> str:
    """Return a report as a page of its own; every value is shown as it is, and acts as nothing."""
    return _template().render(page=page, most=_ROWS)


@lru_cache(maxsize=1)
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        # Shows what a name hides; markup of our own stays as it is.
        finalize=lambda value: visible(value) if type(value) is str else value,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(sentence=_sentence, as_it_is=escape, counted=counted, visible=visible, size=size)
    for name, file in (("style", "page.css"), ("script", "page.js")):
        source = (_TEMPLATES / file).read_text(encoding="utf-8")
        digest = base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()
        # A file of our own.
        environment.globals |= {name: Markup(source), f"{name}_hash": f"sha256-{digest}"}  # noqa: S704
    return environment.get_template("page.html")


def _sentence(text: str) -> Markup:
    """Return a sentence of ours, in which backquotes mark code. What it quotes is escaped all the same."""
    parts = [escape(part) for part in visible(text, _SENTENCE).split("`")]
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if place % 2 else part for place, part in enumerate(parts)
    )
