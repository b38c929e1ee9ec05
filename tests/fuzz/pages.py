"""Target: reports whose every text is hostile, as pages and as prints."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from html.parser import HTMLParser
from itertools import cycle
from unittest.mock import patch

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from gan_oversampler import Report
from gan_oversampler.callbacks import Event
from gan_oversampler.reporting.facts import ClassSize, Entry, LabelScores, Parameter, TableSize
from gan_oversampler.reporting.gain import Gain
from gan_oversampler.reporting.model_summary import Layer, ModelSummary, Network
from tests.fuzz.command_line import without_pictures
from tests.fuzz.mutations import TEXTS

HOSTILE = (
    *TEXTS,
    "</style><svg onload=alert(1)>",
    "-->",
    "]]>",
    "&lt;",
    "javascript:alert(1)",
    "' onclick='x",
    "\u2066a\u2069",
)


def report(text: Callable[[], str]) -> Report:
    """A report with everything that a page tells, each text of which is asked for."""
    entry = Entry(text(), None, 0.5, 0.1)
    gains = {"none": Gain(0.1, 0.1)}
    network = Network(text(), text(), (Layer(text(), 2, 3, 9),), 2, 3)
    return Report(
        text(),
        text(),
        text(),
        score_name=text(),
        meaning=text(),
        entries=(entry, Entry(text(), 3, 0.6, 0.1, True)),
        notes=(text(), text()),
        seconds={"training": 1.0},
        gains=gains,
        advice=text(),
        labels=LabelScores(text(), entry, (entry,), gains),
        parameters={"gan": Parameter(text(), True), "cv": Parameter([text()])},
        versions={"python": text(), "gan_oversampler": text()},
        summary=ModelSummary((network,)),
        events=(Event(1, text(), text(), text(), text()),),
        draw_options=pd.DataFrame(
            {
                "name": pd.Series([text()], dtype=object),
                "filter": [0.1],
                "score": [0.5],
                "standard_error": [0.1],
                "kept": [True],
            }
        ),
        constraints=(text(),),
        near_constraints=(text(),),
        table=TableSize(3, (ClassSize(text(), 90), ClassSize(text(), 10, 80))),
    )


class Structure(HTMLParser):
    """Tags of a page with the names of their attributes, in order, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, ...]] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, *(name for name, _ in attrs)))

    def handle_endtag(self, tag):
        self.tags.append(("/", tag))

    def handle_comment(self, data):
        self.tags.append(("comment",))


def unseen(text: str) -> set[str]:
    """Characters that change how others are shown, or show nothing themselves."""
    overrides = ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")
    return {
        c
        for c in text
        if (unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") and c not in "\n\t")
        or unicodedata.bidirectional(c) in overrides
        or c == "\ufeff"
    }


@given(st.lists(st.one_of(st.sampled_from(HOSTILE), st.text(max_size=20)), min_size=1, max_size=40))
def pages(texts: list[str]) -> None:
    """A page has the tags and attributes of one with harmless texts, and nothing unseen."""
    endless = cycle(texts)
    found = report(lambda: next(endless) or "x")  # sections without a text are left out
    with patch("importlib.import_module", without_pictures):
        for write in (Report.to_html, Report._repr_html_):
            html, harmless = write(found), write(report(lambda: "x"))
            assert Structure(html).tags == Structure(harmless).tags
            assert not unseen(html)
            html.encode()
    assert not unseen(str(found))
    str(found).encode()
