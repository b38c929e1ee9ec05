"""Parts of the HTML page of a report: tables, pictures, and what is said where there are none."""

from __future__ import annotations

import base64
import io
import threading
from collections.abc import Callable, Sequence
from html import escape
from typing import Any, Final

from gan_oversampler._utils import ignoring, visible
from gan_oversampler.reporting.displays.base import Display
from gan_oversampler.reporting.displays.drawing import matplotlib

MAX_NARROW: Final = 4  # columns of a table that fit into a narrow window
WIDTH: Final = 5.4  # inches
FONT_SIZE: Final = 11.0
DRAWING: Final = threading.Lock()  # settings of matplotlib belong to the process
# A user's alphabet that no font here has; long names and little room; many dates and little room.
UNSEEN: Final = ("Glyph", "constrained_layout", "AutoDateLocator")


def missing(text: str) -> str:
    """A paragraph that says why something is not there."""
    return f'<p class="missing">{escape(text)}</p>'


def cell_text(value: Any) -> str:
    """Text of a cell: floats with four decimals, a dash where there is nothing."""
    if value is None or value == "" or value != value:  # only NaN differs from itself
        return "–"
    return f"{value:.4f}" if isinstance(value, float) else str(value)


def html_table(
    title: str,
    heads: Sequence[str],
    rows: Sequence[Sequence[Any]],
    *,
    marked: Sequence[int] = (),
    texts: Sequence[int] = (),
    total: bool = False,
) -> str:
    """A table; all columns but the first and ``texts`` are set as numbers.

    In narrow windows a table of more than four columns becomes a list of its cells, each with its heading.
    """
    classes = [f' class="{"text" if j in texts else "number"}"' if j else "" for j in range(len(heads))]
    head = "".join(f'<th scope="col"{css}>{escape(h)}</th>' for css, h in zip(classes, heads, strict=True))
    body = ""
    for i, row in enumerate(rows):
        cells = [escape(cell_text(value)) for value in row]
        kind = ' class="total"' if total and i == len(rows) - 1 else ' class="marked"' if i in marked else ""
        rest = "".join(
            f'<td{css} data-head="{escape(name)}">{cell}</td>'
            for css, name, cell in zip(classes[1:], heads[1:], cells[1:], strict=True)
        )
        body += f'<tr{kind}><th scope="row">{cells[0]}</th>{rest}</tr>'
    wide = ' class="wide"' if len(heads) > MAX_NARROW else ""
    return (
        f'<table{wide} aria-label="{escape(title)}"><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table>"
    )


def picture(make: Callable[[], Display], height: float, caption: str = "") -> str:
    """What a display draws, with its description as the alternative text, or why there is nothing to see."""
    try:
        figure = matplotlib("figure").Figure(figsize=(WIDTH, height), layout="constrained")
    except ImportError:
        return missing('Pictures need matplotlib: pip install "gan-oversampler[plot]".')
    svg = io.StringIO()
    try:
        # A fixed salt and no date, so that equal figures give equal texts.
        look = {"svg.hashsalt": "gan_oversampler", "font.size": FONT_SIZE}
        with DRAWING, ignoring(UserWarning, messages=UNSEEN), matplotlib().rc_context(look):
            display = make().plot(figure.add_subplot())
            figure.savefig(svg, format="svg", dpi=150, metadata={"Date": None})
    except ValueError as error:  # nothing to draw, and the error says why
        return missing(str(error))
    source = base64.b64encode(visible(svg.getvalue()).encode()).decode()  # XML has no control characters
    below = f"<figcaption>{escape(caption)}</figcaption>" if caption else ""
    image = f'<img src="data:image/svg+xml;base64,{source}" alt="{escape(display.description)}">'
    return f"<figure>{image}{below}</figure>"
