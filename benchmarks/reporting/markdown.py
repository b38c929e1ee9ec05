"""Tables for a Markdown page: numbers rounded, the best in bold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import pandas as pd

HIGHEST, LOWEST = "highest", "lowest"
UNKNOWN: Final = "–"


def table(frame: pd.DataFrame) -> str:
    """Write a frame as a Markdown table, without its index; columns of numbers are aligned to the right."""
    lines = [list(frame.columns), *frame.itertuples(index=False)]
    texts = ["| " + " | ".join(map(cell, line)) + " |" for line in lines]
    # numbers may be texts by now, perhaps in bold or in brackets
    numeric = [frame[name].astype(str).str.fullmatch(r"[*<\[]*[-+\d–].*").all() for name in frame]
    rule = "|" + "|".join("---:" if is_number else "---" for is_number in numeric) + "|"
    return "\n".join([texts[0], rule, *texts[1:]])


def cell(value: Any) -> str:
    """Write a value so that it breaks no table.

    >>> cell("a | b")
    'a \\\\| b'
    """
    return UNKNOWN if pd.isna(value) else str(value).replace("|", "\\|").replace("\n", " ")


def numbers(column: pd.Series, digits: int = 3, best: str | float | None = None) -> pd.Series:
    """Write numbers as text, the best in bold: the highest, the lowest, or those nearest to a value."""
    texts = column.map(lambda value: UNKNOWN if pd.isna(value) else f"{value:.{digits}f}")
    if best is None or not column.notna().any():
        return texts
    rounded = column.astype(float).round(digits)
    worth = rounded if best == HIGHEST else -rounded if best == LOWEST else -(rounded - float(best)).abs()
    return texts.where(worth.round(9) != worth.max().round(9), "**" + texts + "**")


def columns(frame: pd.DataFrame, wanted: Mapping[str, tuple[str, int, str | float | None]]) -> pd.DataFrame:
    """Write columns as text, those that are there and hold a number.

    ``wanted`` leads from a name in the frame to the name on the page, the digits, and what is best.
    """
    known = {name: facts for name, facts in wanted.items() if name in frame and frame[name].notna().any()}
    return pd.DataFrame({label: numbers(frame[name], *facts) for name, (label, *facts) in known.items()})


def seconds(value: float) -> str:
    """Write seconds with three digits.

    >>> seconds(0.0123), seconds(12.34), seconds(1234.5)
    ('0.0123', '12.3', '1234')
    """
    return UNKNOWN if pd.isna(value) else f"{value:.3g}" if value < 1000 else f"{value:.0f}"


def p_value(value: float) -> str:
    """Write a probability, small ones as bounds.

    >>> p_value(0.00001), p_value(0.25)
    ('<0.001', '0.250')
    """
    return UNKNOWN if pd.isna(value) else "<0.001" if value < 0.001 else f"{value:.3f}"


def ordinal(number: int) -> str:
    """Write a place as an ordinal number.

    >>> [ordinal(number) for number in (1, 2, 3, 4, 11, 22)]
    ['1st', '2nd', '3rd', '4th', '11th', '22nd']
    """
    last = 0 if number % 100 in (11, 12, 13) else number % 10
    return f"{number}{({1: 'st', 2: 'nd', 3: 'rd'}).get(last, 'th')}"


def page(*parts: str | None) -> str:
    """Join paragraphs, those that are there, by empty lines."""
    return "\n\n".join(part for part in parts if part) + "\n"
