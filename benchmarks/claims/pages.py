"""Marked blocks of a page: what stands between two comments is written by the computer."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Mapping
from typing import Final, TypeVar

WIDTH: Final = 120
BLOCK: Final = re.compile(r"<!--figures:(?P<name>[\w-]+)-->\n(?P<text>.*?)<!--end-->", re.DOTALL)
T = TypeVar("T")


def filled(page: str, blocks: Mapping[str, Callable[[T], str]], source: T) -> str:
    """Write the blocks of a page anew, each by its function of the source; the rest stays as it is.

    Raises
    ------
    KeyError
        If the page has a block that nobody writes.
    ValueError
        If a number of a block is unknown (NaN).

    Examples
    --------
    >>> print(filled("<!--figures:n-->\\nold\\n<!--end-->", {"n": "score {}".format}, 0.5))
    <!--figures:n-->
    score .5
    <!--end-->
    """

    def written(match: re.Match[str]) -> str:
        name = match["name"]
        if name not in blocks:
            raise KeyError(f"Nobody writes the block {name!r}; there are {', '.join(blocks)}.")
        text = without_zeros(blocks[name](source).strip())
        if re.search(r"\bnan\b", text):
            raise ValueError(f"A number of the block {name!r} is unknown: {text}")
        return "\n".join([f"<!--figures:{name}-->", *map(wrapped, text.split("\n")), "<!--end-->"])

    return BLOCK.sub(written, page)


def by_hand(page: str) -> str:
    """Return what is left of a page without its blocks."""
    return BLOCK.sub("", page)


def wrapped(line: str) -> str:
    """Break a long line of words, lines of tables excepted.

    >>> wrapped("- " + "word " * 30).split("\\n")[1]
    '  word word word word word word word'
    """
    if line.startswith("|"):
        return line
    indent = "  " if line.startswith("- ") else ""
    return textwrap.fill(
        line, WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )


def without_zeros(text: str) -> str:
    """Write numbers below one without their zero, a true minus sign, and no sign before zero.

    >>> without_zeros("0.5, 10.5, -0.25 ± 0.01, -0.00")
    '.5, 10.5, −.25 ± .01, .00'
    """
    text = re.sub(r"(?<![\d.])0\.(?=\d)", ".", text)
    text = re.sub(r"(?<![\w-])-(?=[.\d])", "−", text)
    return re.sub(r"[+−](\.0+)(?!\d)", r"\1", text)
