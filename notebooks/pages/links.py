"""Finds links of HTML pages that lead nowhere."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

from bs4 import BeautifulSoup


def broken_links(folder: Path) -> list[str]:
    """List links from the pages of a folder to files or anchors that are not there, as ``page: link``.

    Links to other sites are not followed.
    """
    pages = {path: BeautifulSoup(path.read_text("utf8"), "html.parser") for path in folder.rglob("*.html")}
    anchors = {path: {tag["id"] for tag in page.select("[id]")} for path, page in pages.items()}
    broken = []
    for path, page in sorted(pages.items()):
        for tag in page.select("[href], [src]"):
            link = tag.get("href") or tag.get("src", "")
            if not leads_somewhere(path, link, anchors):
                broken.append(f"{path.relative_to(folder)}: {link}")
    return broken


def leads_somewhere(path: Path, link: str, anchors: dict[Path, set[str]]) -> bool:
    """Whether a link on the page at ``path`` leads to another site, to a file, or to an anchor of a page."""
    parts = urlsplit(link)
    if parts.scheme or parts.netloc:
        return True
    target = Path(path.parent, unquote(parts.path)).resolve() if parts.path else path
    if not target.is_file():
        return False
    return not parts.fragment or unquote(parts.fragment) in anchors.get(target, ())
