"""A Sphinx extension: the build fails where a page would load anything from the network."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.errors import SphinxError

# What a browser fetches by itself; a plain link to follow may lead anywhere.
LOADED = {"script": "src", "img": "src", "link": "href", "iframe": "src", "source": "src"}


class _Loads(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        address = dict(attrs).get(LOADED.get(tag, "")) or ""
        if address.startswith(("http:", "https:", "//")):
            self.found.append(address)


def loads(html: str) -> list[str]:
    """Return every address outside the site that ``html`` makes a browser load."""
    parser = _Loads()
    parser.feed(html)
    return parser.found


def _check(app: Sphinx, exception: Exception | None) -> None:
    if exception is not None or app.builder.format != "html":
        return
    for page in Path(app.outdir).rglob("*.html"):
        for address in loads(page.read_text(encoding="utf-8")):
            raise SphinxError(f"{page.name} loads {address}; the site has to work offline")
    for sheet in Path(app.outdir).rglob("*.css"):
        if "url(http" in sheet.read_text(encoding="utf-8").replace('"', "").replace("'", ""):
            raise SphinxError(f"{sheet.name} loads from the network; the site has to work offline")


def setup(app: Sphinx) -> dict[str, bool]:
    """Check the site once it is built."""
    app.connect("build-finished", _check)
    return {"parallel_read_safe": True}
