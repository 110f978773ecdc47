"""What a browser or a forge makes of a report: its elements and its text."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

from markdown_it import MarkdownIt

_VOID = frozenset({"meta", "link", "input", "wbr", "br", "img", "hr"})
_CLOSED_BY = {"td": {"td", "th", "tr", "tbody"}, "th": {"td", "th", "tr", "tbody"}, "tr": {"tr", "tbody"}}


@dataclass
class Element:
    """An element with its attributes, its place in the page, and all the text in it."""

    tag: str
    attributes: dict[str, str | None]
    within: tuple[str, ...]
    text: str = ""


@dataclass
class Rendered(HTMLParser):
    """A parsed page: its elements in order, and its pieces of text, each with the elements around it."""

    source: str
    elements: list[Element] = field(default_factory=list)
    texts: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    _open: list[Element] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.feed(self.source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        while self._open and tag in _CLOSED_BY.get(self._open[-1].tag, ()):
            self._open.pop()
        element = Element(tag, dict(attrs), tuple(one.tag for one in self._open))
        self.elements.append(element)
        if tag not in _VOID:
            self._open.append(element)

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop().tag != tag:
            pass

    def handle_data(self, data: str) -> None:
        self.texts.append((data, tuple(one.tag for one in self._open)))
        for one in self._open:
            one.text += data

    def all(self, *tags: str) -> list[Element]:
        """Return the elements of these tags."""
        return [one for one in self.elements if one.tag in tags]

    def rows(self, columns: int) -> list[list[str]]:
        """Return the texts of the cells of every row with so many of them."""
        rows: list[list[str]] = []
        for one in self.elements:
            if one.tag == "tr":
                rows.append([])
            elif one.tag in ("td", "th"):
                rows[-1].append(one.text.strip("\n"))
        return [row for row in rows if len(row) == columns]


def forge(markdown: str) -> Rendered:
    """Return what a forge makes of a comment: GitHub's flavour, with HTML, and with addresses that become links."""
    return Rendered(MarkdownIt("gfm-like", {"html": True, "linkify": True}).render(markdown))
