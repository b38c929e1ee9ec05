"""``python -m notebooks.pages FOLDER``: make all pages, and fail if one of their links is broken."""

import sys
from pathlib import Path

from notebooks.pages.links import broken_links
from notebooks.pages.site import build

if __name__ == "__main__":
    folder = Path(sys.argv[1]).resolve()
    build(folder)
    if broken := broken_links(folder):
        sys.exit("Links that lead nowhere:\n  " + "\n  ".join(broken))
    print(f"{len(list(folder.rglob('*.html')))} pages, no broken link: {folder / 'index.html'}")
