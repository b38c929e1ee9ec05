"""The report as a value, as JSON and as one page."""

import base64
import html
import json
import math
import pickle
import shutil
import subprocess
from dataclasses import fields, replace
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

from gan_oversampler import GANOversampler
from gan_oversampler.gans.families import FAMILIES, Generator
from gan_oversampler.nn.mlp import Mlp
from gan_oversampler.reporting.model_summary import ModelSummary
from gan_oversampler.reporting.report import (
    MOST,
    Entry,
    Gain,
    Parameter,
    Report,
    parameters_of,
    plain,
    versions,
)
from tests.tables import MIXED, mixed, numbers
from tests.test_displays import fitted, gathered

NASTY = '<script>alert("1")</script> & <b>'
VOID = {"meta", "img", "br", "link", "input", "hr"}
TAGS = (
    "html head meta title style body header h1 h2 h3 nav ul li a main section p div span figure figcaption"
    " img table thead tbody tr th td dl dt dd footer strong"
)


class Reader(HTMLParser):
    """Reads a page strictly: every tag that opens closes, in order."""

    def __init__(self, page):
        super().__init__(convert_charrefs=True)
        self.open, self.tags, self.texts = [], [], []
        self.feed(page)
        self.close()
        assert not self.open, f"never closed: {self.open}"

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)

    def all(self, tag):
        return [attrs for name, attrs in self.tags if name == tag]


def nasty_table():
    X, y = mixed()
    X = X.rename(columns={"amount": NASTY, "city": "a & b"})
    X["note"] = X["note"].replace({"late": NASTY})
    return X, y.replace({"rare": NASTY})


def complete(report, X, y):
    """The report with everything that a fit hands over."""
    mlp = Mlp(20, 2, MIXED.width, (16,), zero_last=True)
    generator = Generator(FAMILIES["residual"], mlp, MIXED)
    summary = ModelSummary.of([(f"residual {NASTY}", generator, Mlp(MIXED.width, 2, 1, (16,)))])
    parameters = {**(report.parameters or {"cv": Parameter(3)}), "oracle": Parameter(NASTY, True)}
    return replace(report.noting(NASTY), summary=summary, parameters=parameters)


@pytest.fixture(scope="module")
def report():
    X, y = nasty_table()
    return complete(fitted(X, y).report_, X, y)


@pytest.fixture(scope="module")
def page(report):
    return report.to_html()


# --- the page


def test_a_page_is_well_formed_and_needs_nothing_else(page):
    reader = Reader(page)
    assert page.startswith("<!doctype html>")
    assert reader.all("html") == [{"lang": "en"}]
    assert {tag for tag, _ in reader.tags} <= set(TAGS.split())
    assert "http://" not in page
    assert "https://" not in page
    assert not [attrs for _, attrs in reader.tags if {"onload", "onclick", "srcset"} & set(attrs)]
    assert all(attrs["href"].startswith("#") for attrs in reader.all("a"))
    ids = [attrs["id"] for _, attrs in reader.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    assert {attrs["href"][1:] for attrs in reader.all("a")} == set(ids)


def test_every_picture_lies_in_the_page_and_says_what_it_shows(page):
    images = Reader(page).all("img")
    assert len(images) == 3 + 2 * 3  # scores, trajectory, losses; three per class
    for image in images:
        assert len(image["alt"].split()) > 5
        kind, _, data = image["src"].partition(",")
        assert kind == "data:image/svg+xml;base64"
        assert base64.b64decode(data).rstrip().endswith(b"</svg>")


def test_what_users_wrote_is_text(page, report):
    assert "<script" not in page
    assert NASTY not in page
    reader = Reader(page)
    texts = " ".join(reader.texts)
    assert texts.count(NASTY) >= 3  # class, note, parameter
    assert any("<script>" in image["alt"] for image in reader.all("img"))
    assert "<script" not in report._repr_html_()
    Reader(report._repr_html_())


def test_a_page_tells_everything(page, report):
    texts = " ".join(Reader(page).texts)
    for part in (report.choice, report.reason, report.oracle, *report.seconds, *report.versions):
        assert part in texts
    for name in ("coverage", "distance to closest record", "leaky ReLU", "to be expected", "Class rarest"):
        assert name in texts
    for entry in report.entries:
        assert f"{entry.score:.4f}" in texts


def test_tables_scroll_in_boxes_of_their_own(page):
    reader = Reader(page)
    boxes = [attrs for attrs in reader.all("div") if attrs.get("class") == "scroll"]
    assert len(boxes) == len(reader.all("table")) + len(reader.all("img"))
    assert all(box["tabindex"] == "0" and box["aria-label"] for box in boxes)


def test_kept_lines_and_changed_parameters_are_marked(report, page):
    marked = [attrs for attrs in Reader(page).all("tr") if attrs.get("class") == "marked"]
    n_changed = sum(parameter.changed for parameter in report.parameters.values())
    assert len(marked) == sum(entry.kept for entry in report.entries) + n_changed


def test_equal_reports_give_equal_pages(report):
    report = replace(report, evidence=None)
    assert report.to_html() == replace(report).to_html()


def test_a_page_can_be_written(tmp_path):
    report = Report("none", "smote, untrained", "few rows: ü")
    assert (tmp_path / "page.html").write_text("") == 0
    text = report.to_html(tmp_path / "page.html")
    assert (tmp_path / "page.html").read_text("utf-8") == text


def test_what_is_missing_is_said():
    report = Report("none", "smote, untrained", "no class has enough rows")
    texts = " ".join(Reader(report.to_html()).texts)
    for said in (
        "Nothing was scored: no class has enough rows.",
        "kept no rows to compare: no class has enough rows.",
        "need held-out rows",
        "No network was trained.",
    ):
        assert said in texts


def test_rows_that_were_not_held_out_are_shown_as_such():
    evidence = gathered(*numbers(), cv=None)
    page = replace(Report("none", "x", "no oracle"), evidence=evidence).to_html()
    assert "Nothing was held out" in page
    assert len(Reader(page).all("img")) == 3


def test_without_matplotlib_the_page_has_no_pictures_and_says_so(monkeypatch, report):
    def missing(name, package=None):
        raise ImportError(name)

    monkeypatch.setattr("importlib.import_module", missing)
    reader = Reader(report.to_html())
    assert not reader.all("img")
    assert 'pip install "gan-oversampler[plot]"' in " ".join(reader.texts)
    assert reader.all("table")


# --- JSON and parameters


def test_a_report_round_trips_through_json(report):
    told = report.to_dict()
    assert json.loads(json.dumps(told, allow_nan=False)) == told
    assert set(told) == {*(field.name for field in fields(Report)), "direction"}
    assert len(told["entries"]) == len(report.entries)
    assert len(told["history"]) == len(report.history)
    assert told["history"][0]["critic_loss"] is None
    assert {figure["name"] for figure in told["evidence"]["figures"]} >= {"recall", "copies"}
    assert told["parameters"]["oracle"] == {"value": NASTY, "changed": True}


def test_json_knows_no_nan_and_no_types_of_numpy():
    value = {
        "nan": math.nan,
        "inf": -np.inf,
        np.int64(3): np.float32(0.5),
        "array": np.array([[1, 2], [3, 4]]),
        "frame": pd.DataFrame({"a": pd.array([1, None], "Int64"), "b": [True, False]}),
        "day": pd.Timestamp("2024-01-01"),
        "none": (pd.NaT, pd.NA, None, np.bool_(True)),
        "object": Entry,
    }
    told = plain(value)
    assert json.loads(json.dumps(told, allow_nan=False)) == told
    assert told["nan"] is told["inf"] is None
    assert told["3"] == 0.5
    assert told["array"] == [[1, 2], [3, 4]]
    assert told["frame"] == [{"a": 1, "b": True}, {"a": None, "b": False}]
    assert told["none"] == [None, None, None, True]


def test_a_report_survives_pickling_and_leads_to_no_table(report):
    data = pickle.dumps(report)
    assert pickle.loads(data).to_dict() == report.to_dict()
    assert len(data) < 2e6


def test_an_empty_report_is_json_too():
    told = Report("none", "x", "y", gains={"none": Gain(math.nan, math.nan)}).to_dict()
    assert told["gains"]["none"] == {"mean": None, "standard_error": None, "expected": None}
    assert told["history"] is told["evidence"] is told["summary"] is None


def test_parameters_that_differ_from_the_default_are_known():
    found = parameters_of(GANOversampler(cv=5, oracle=lambda real, new: 0.0, categorical_features=[3] * 500))
    assert [name for name, p in found.items() if p.changed] == ["categorical_features", "cv", "oracle"]
    assert " at 0x" not in found["oracle"].value
    assert len(found["categorical_features"].value) < 400
    assert json.dumps({name: p.value for name, p in found.items()})


def test_versions_are_those_that_run():
    assert versions()["numpy"] == np.__version__
    assert {"python", "torch", "scikit-learn", "imbalanced-learn", "gan_oversampler"} <= set(versions())
    assert Report("none", "x", "y").versions == versions()


# --- in a browser


BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

FRAMES = """<!doctype html><meta charset="utf-8"><body>
<iframe style="border:0;width:1280px;height:900px" srcdoc="{page}"></iframe>
<iframe style="border:0;width:400px;height:900px" srcdoc="{page}"></iframe>
<script>
onload = () => {{ document.title = "widths " + [...document.querySelectorAll("iframe")].map(frame => {{
  const root = frame.contentDocument.documentElement;
  const broken = [...root.querySelectorAll("img")].filter(image => !image.naturalWidth).length;
  return [root.clientWidth, root.scrollWidth, broken].join(" ");
}}).join(" ") }}</script>"""


@pytest.mark.skipif(BROWSER is None, reason="no Chromium on this machine")
def test_a_page_fits_wide_and_narrow_windows(page, tmp_path):
    (tmp_path / "frames.html").write_text(FRAMES.format(page=html.escape(page)), "utf-8")
    options = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path}", "--dump-dom"]
    shown = subprocess.run(
        [BROWSER, *options, (tmp_path / "frames.html").as_uri()],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    ).stdout
    found = shown.split("<title>widths ")[1].split("</title>")[0].split()
    (wide, wide_content, wide_broken, narrow, narrow_content, narrow_broken) = map(int, found)
    assert wide > 1200
    assert 300 < narrow <= 400
    assert wide_content <= wide
    assert narrow_content <= narrow
    assert wide_broken == narrow_broken == 0


@pytest.mark.parametrize("direction", ["higher", "lower"])
def test_of_very_many_candidates_the_first_the_best_and_the_kept_are_shown(direction):
    sign = 1 if direction == "higher" else -1
    scores = [5, math.nan, *range(MOST), 99, 0]
    trained = [Entry("gan", step, sign * score, 0.1, kept=step == 7) for step, score in enumerate(scores)]
    report = Report(f"F1, {direction} is better", "gan", "best", (Entry("smote", None, 0.5, 0.1), *trained))
    assert [entry.step for entry in report.shown] == [None, 0, 7, scores.index(99)]
    assert f"and {len(scores) - 3} more, in report_.entries" in str(report)
    few = replace(report, entries=report.entries[:MOST])
    assert few.shown == few.entries
