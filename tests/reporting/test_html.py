"""The report as one page: well-formed, complete, and safe against what users write."""

import base64
import html
import re
import shutil
import subprocess
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

from gan_oversampler.callbacks import Event
from gan_oversampler.nn.generator import ResidualGenerator
from gan_oversampler.nn.mlp import Mlp
from gan_oversampler.reporting.facts import Parameter
from gan_oversampler.reporting.html import MAX_DRAW_OPTIONS, MAX_EVENTS
from gan_oversampler.reporting.model_summary import ModelSummary
from gan_oversampler.reporting.report import Report
from tests.fitted_samplers import fitted, gathered, without_matplotlib
from tests.tables import MIXED, mixed, numbers

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


MIXED_X, MIXED_Y = mixed()


def nasty_table():
    X, y = mixed()
    X = X.rename(columns={"amount": NASTY, "city": "a & b"})
    X["note"] = X["note"].replace({"late": NASTY})
    return X, y.replace({"rare": NASTY})


def complete(report):
    """The report of a fit with networks, parameters and notes of users who mean harm."""
    generator = ResidualGenerator(Mlp(20, MIXED.width, n_classes=2, widths=(16,), zero_last=True), MIXED)
    critic = Mlp(MIXED.width, 1, n_classes=2, widths=(16,))
    summary = ModelSummary.of([(f"residual {NASTY}", generator, critic)])
    parameters = {**report.parameters, "oracle": Parameter(NASTY, True)}
    return replace(report, notes=(*report.notes, NASTY), summary=summary, parameters=parameters)


@pytest.fixture(scope="module")
def report():
    X, y = nasty_table()
    return complete(fitted(X, y).report_)


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


def test_a_card_for_notebooks_holds_the_choice_and_the_scores(report):
    reader = Reader(report._repr_html_())
    texts = " ".join(reader.texts)
    for part in (report.choice, report.reason, report.oracle_text, *report.notes):
        assert part in texts
    assert sum(", kept" in text for text in reader.texts) == sum(entry.kept for entry in report.entries)
    assert "<script" not in report._repr_html_()
    assert not reader.all("img")
    assert not Reader(Report("none", "x", "y")._repr_html_()).all("table")


def test_a_page_tells_everything(page, report):
    texts = " ".join(Reader(page).texts)
    for part in (report.choice, report.reason, report.oracle_text, *report.seconds, *report.versions):
        assert part in texts
    for name in ("coverage", "distance to closest record", "leaky ReLU", "to be expected", "Class rarest"):
        assert name in texts
    for entry in report.entries:
        assert f"{entry.score:.4f}" in texts


def test_cells_of_wide_tables_name_their_column(page):
    tables = re.findall(r'<table class="wide".*?</table>', page)
    assert tables
    for table in tables:
        heads = re.findall(r"<th scope=\"col\".*?>(.*?)</th>", table)
        for row in re.findall(r"<tr.*?</tr>", table.split("<tbody>")[1]):
            assert re.findall(r'data-head="(.*?)"', row) == heads[1:]


def test_rows_of_the_table_and_rows_added_are_counted(page, report):
    table = report.table
    assert (table.n_rows, table.n_columns, table.n_added) == (len(MIXED_Y), MIXED_X.shape[1], 90)
    section = page.split('<section id="data">')[1].split("</section>")[0]
    texts = [text for text in Reader(section).texts if text.strip()]
    assert texts[1] == f"{table} by fit_resample."
    cells = [texts[i : i + 4] for i in range(6, len(texts), 4)]
    counts = MIXED_Y.value_counts()
    assert [int(n) for _, n, _, _ in cells] == counts.tolist()
    assert {int(together) for *_, together in cells} == {counts.max()}


def test_the_page_says_what_the_score_is(page, report):
    assert "logistic regression, five nearest neighbours and a decision tree" in report.meaning
    assert f"<dt>Score</dt><dd>{report.meaning}</dd>" in page


def test_a_card_for_notebooks_tells_scores_by_step(report):
    texts = Reader(report._repr_html_()).texts
    steps = [entry.step for entry in report.entries if entry.step is not None]
    assert max(steps) > 0
    assert {f"step {step}" for step in steps} <= {text.removesuffix(", kept") for text in texts}


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
    without_matplotlib(monkeypatch)
    reader = Reader(report.to_html())
    assert not reader.all("img")
    assert 'pip install "gan-oversampler[plot]"' in " ".join(reader.texts)
    assert reader.all("table")


# --- sections that most fits have not


def test_events_are_a_table_on_the_page():
    events = (Event(None, "smote", "", "oracle", "no"), Event(9, "a", "fold 0", "gap", "<b>"))
    page = Report("none", "smote", "few rows", events=events).to_html()
    section = page[page.index('<section id="decisions">') : page.index('id="new-rows')]
    assert section.count("<td") == 4 * len(events)
    assert section.count("–") == 2  # no step, no member
    assert "&lt;b&gt;" in section


def test_a_long_log_is_shortened_on_the_page():
    events = tuple(Event(i, "a", "", "gap", f"number {i}") for i in range(MAX_EVENTS + 3))
    page = Report("none", "smote", "few rows", events=events).to_html()
    assert f"number {MAX_EVENTS - 1}<" in page
    assert f"number {MAX_EVENTS}<" not in page
    assert "And 3 more" in page


@pytest.mark.parametrize("section", ["decisions", "draw-options", "gains", "seconds", "parameters"])
def test_a_section_about_which_nothing_is_known_is_left_out(section):
    assert f'id="{section}"' not in Report("none", "smote", "few rows").to_html()


@pytest.mark.parametrize("greater_is_better", [True, False])
def test_the_best_draw_options_and_the_chosen_ones_are_shown(greater_is_better):
    n = 2 * MAX_DRAW_OPTIONS
    options = pd.DataFrame({"name": "guided", "spread": np.arange(n) / 8, "score": np.arange(n) / 4})
    options = options.assign(standard_error=0.1, kept=np.arange(n) == MAX_DRAW_OPTIONS)
    report = Report("F1", "x", "y", greater_is_better=greater_is_better, draw_options=options)
    page = report.to_html()
    table = page.split('aria-label="Draw options"')[1].split("</table>")[0]
    scores = [float(text) for text in re.findall(r"([\d.]+)</td><td[^>]*>0.1000", table)]
    n_shown = MAX_DRAW_OPTIONS + (not greater_is_better)  # the chosen one is not among the lowest
    assert len(scores) == n_shown
    assert scores == sorted(scores, reverse=greater_is_better)
    assert table.count('class="marked"') == 1
    assert f"tried {n} combinations" in page


# --- in a browser


BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

FRAMES = """<!doctype html><meta charset="utf-8"><body>
<iframe style="border:0;width:1280px;height:900px" srcdoc="{page}"></iframe>
<iframe style="border:0;width:400px;height:900px" srcdoc="{page}"></iframe>
<script>
onload = () => {{ document.title = "widths " + [...document.querySelectorAll("iframe")].map(frame => {{
  const root = frame.contentDocument.documentElement;
  const wider = [...root.querySelectorAll("table, img")].filter(part => part.offsetWidth > root.clientWidth);
  const broken = [...root.querySelectorAll("img")].filter(image => !image.naturalWidth);
  return [root.clientWidth, root.scrollWidth, broken.length + wider.length].join(" ");
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
