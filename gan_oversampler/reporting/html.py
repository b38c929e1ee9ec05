"""The HTML page of a report: one file with pictures inside, without network and scripts."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from html import escape
from importlib.resources import files
from string import Template
from typing import Any, Final

import numpy as np

from gan_oversampler._utils import visible
from gan_oversampler.reporting.displays.base import Pair, RowsDisplay
from gan_oversampler.reporting.displays.correlation import CorrelationDisplay
from gan_oversampler.reporting.displays.drawing import gan_title
from gan_oversampler.reporting.displays.marginals import MarginalsDisplay
from gan_oversampler.reporting.displays.projection import ProjectionDisplay
from gan_oversampler.reporting.displays.scores import ScoresDisplay
from gan_oversampler.reporting.displays.searching import (
    ArchitectureDisplay,
    ImportanceDisplay,
    SearchDisplay,
)
from gan_oversampler.reporting.displays.training import LossDisplay, TrajectoryDisplay
from gan_oversampler.reporting.facts import LabelScores, ReportFacts
from gan_oversampler.reporting.gain import Gain
from gan_oversampler.reporting.html_parts import cell_text, html_table, missing, picture
from gan_oversampler.reporting.search_facts import SearchFacts

MAX_CLASSES: Final = 4  # that are drawn
MAX_EVENTS: Final = 60
MAX_DRAW_OPTIONS: Final = 12
MAX_TRIALS: Final = 10  # in the table of a search
# Pictures are drawn narrow and with large letters, so that they can be read on a telephone, too.
PANELS: Final = 2  # side by side
# With heights in inches and captions.
ROWS_DISPLAYS: Final[Sequence[tuple[type[RowsDisplay], float, str]]] = (
    (
        MarginalsDisplay,
        0.0,  # it depends on the number of panels
        "Columns that differ most come first; the number is how far real and new rows lie apart, from 0 to 1"
        " (Kolmogorov-Smirnov, or total variation for categories).",
    ),
    (ProjectionDisplay, 4.4, "Two principal axes of the real rows; numbers in standard deviations."),
    (CorrelationDisplay, 5.0, "Correlations of real rows minus those of new rows; 0 is best."),
)
MARKED: Final = '<p class="quiet">Bold on yellow: {}.</p>'


def page(facts: ReportFacts) -> str:
    """Write the whole page of a report, a complete HTML document.

    Sections about which nothing is known are left out or say so. Everything that users wrote, such as labels
    and names of columns, is escaped, and characters that nobody sees are written out.
    """
    sections = {name: write(facts) for name, write in SECTIONS.items()}
    anchors = {name: name.lower().replace(" ", "-") for name, text in sections.items() if text}
    links = "".join(f'<li><a href="#{anchor}">{name}</a></li>' for name, anchor in anchors.items())
    body = "\n".join(
        f'<section id="{anchor}">\n<h2>{name}</h2>\n{sections[name]}\n</section>'
        for name, anchor in anchors.items()
    )
    template = files("gan_oversampler.reporting").joinpath("page.html").read_text("utf-8")
    version = escape(facts.versions.get("gan_oversampler", ""))
    html = Template(template).substitute(
        choice=escape(facts.choice), head=_head(facts), links=links, body=body, version=version
    )
    return visible(html)


def card(facts: ReportFacts) -> str:
    """Write the choice of a report, its reason, notes and scores as a fragment of HTML, for notebooks."""
    return visible(f"<div>{_head(facts)}{_score_table(facts) if facts.entries else ''}</div>")


def _head(facts: ReportFacts) -> str:
    notes = "".join(f"<li>{escape(note)}</li>" for note in facts.notes)
    advice = f"<dt>Advice</dt><dd>{escape(facts.advice)}</dd>" if facts.advice else ""
    data = f"<dt>Data</dt><dd>{facts.table}</dd>" if facts.table else ""
    rules = "; ".join(facts.constraints)
    return (
        f'<dl class="facts"><dt>Kept</dt><dd class="choice">{escape(facts.choice)}</dd>'
        f"<dt>Why</dt><dd>{escape(facts.reason)}</dd>"
        f"{data}<dt>Oracle</dt><dd>{escape(facts.oracle_text)}</dd>"
        + (f"<dt>Score</dt><dd>{escape(facts.meaning)}</dd>" if facts.meaning else "")
        + advice
        + (f"<dt>Fidelity</dt><dd>{escape(str(facts.fidelity))}</dd>" if facts.fidelity else "")
        + (f"<dt>Copies</dt><dd>{escape(str(facts.copies))}</dd>" if facts.copies else "")
        + (f"<dt>Constraints</dt><dd>{escape(rules)}</dd>" if rules else "")
        + "".join(f"<dt>Not kept</dt><dd>{escape(text)}</dd>" for text in facts.near_constraints)
        + "</dl>"
        + (f'<h3>Notes</h3><ul class="notes">{notes}</ul>' if notes else "")
    )


def _data(facts: ReportFacts) -> str:
    if facts.table is None:
        return ""
    rows = [
        [str(size.label), f"{size.n_rows:,}", f"{size.n_added:,}", f"{size.n_rows + size.n_added:,}"]
        for size in facts.table.classes
    ]
    table = html_table("Data", ["class", "rows", "added", "together"], rows)
    return f"<p>{facts.table} by fit_resample.</p>{table}"


def _scores(facts: ReportFacts) -> str:
    if not facts.entries:
        return missing(f"Nothing was scored: {facts.reason}.")
    return (
        f"<p>Means of the {escape(facts.score_name)} over the folds and their standard errors (SE), of rows"
        f" that no GAN of the fold had seen; {facts.direction or 'in the unit of the oracle'}. Errors allow"
        " for folds that share training rows (Nadeau and Bengio). Baselines are what you would do instead of"
        " a GAN; all but 'threshold' predict at the usual threshold, which may not be their best.</p>"
        + picture(lambda: ScoresDisplay.from_report(facts), 1.3 + 0.3 * len(facts.shown))
        + _score_table(facts)
        + MARKED.format("kept, it samples now")
        + (_label_table(facts.labels) if facts.labels else "")
    )


def _label_table(labels: LabelScores) -> str:
    rows: list[list[Any]] = []
    for entry in (labels.kept, *labels.baselines):
        gain = labels.gains.get(entry.name, Gain(math.nan, math.nan))
        rows.append([entry.name, entry.score, entry.standard_error, gain.mean, gain.standard_error])
    name, heads = escape(labels.name), ["name", labels.name, "SE", "gain over it", "SE"]
    return (
        f"<h3>{name} of predicted labels</h3><p>The score above adds up probabilities; this is plain {name}"
        " of labels, at a threshold of one half, of all that is kept together and of the baselines. Gains in"
        f" the two may differ, even in sign.</p>{html_table(f'{labels.name} of labels', heads, rows)}"
    )


def _score_table(facts: ReportFacts) -> str:
    rows = []
    for entry in facts.shown:
        when = "baseline" if entry.step is None else f"step {entry.step}"
        when += ", kept" if entry.kept else ""
        rows.append([gan_title(entry.name), when, entry.score, entry.standard_error])
    marked = [i for i, entry in enumerate(facts.shown) if entry.kept]
    return html_table("Scores", ["name", "when", facts.score_name, "SE"], rows, marked=marked)


def _draw_options(facts: ReportFacts) -> str:
    options = facts.draw_options
    if options is None:
        return ""
    best = options.sort_values("score", ascending=facts.greater_is_better is False, kind="stable")
    shown = best[best["kept"] | (np.arange(len(best)) < MAX_DRAW_OPTIONS)]
    rows = shown.drop(columns="kept").to_numpy(dtype=object).tolist()
    heads = [*shown.columns[:-3], "score", "SE"]
    return (
        f"<p>The oracle tried {len(best)} combinations of generators, policy and ratio. The best are shown,"
        " all are in report_.draw_options.</p>"
        + html_table("Draw options", heads, rows, marked=np.flatnonzero(shown["kept"]).tolist())
        + MARKED.format("chosen")
    )


def _gains(facts: ReportFacts) -> str:
    gains = {name: gain for name, gain in facts.gains.items() if math.isfinite(gain.mean)}
    if not gains:
        return ""
    rows = [
        [n, f"{g.mean:+.4f}", cell_text(g.standard_error), f"{g.expected:+.4f}"] for n, g in gains.items()
    ]
    return (
        f"<p>What the best kept candidate gains in {escape(facts.score_name)} over a baseline, paired over"
        " the folds. The best of many looks better than it is; the last column is what is left of a gain"
        " after its noise (James and Stein), and nothing of one within a standard error.</p>"
        + html_table("Gains", ["over", "gain", "SE", "to be expected"], rows)
    )


def _training(facts: ReportFacts) -> str:
    if facts.history is None or not len(facts.history):
        return missing(f"Nothing was trained or scored: {facts.reason}.")
    trajectory = picture(lambda: TrajectoryDisplay.from_report(facts), 4.2)
    return trajectory + picture(lambda: LossDisplay.from_report(facts), 3.4)


def _events(facts: ReportFacts) -> str:
    if not facts.events:
        return ""
    shown = facts.events[:MAX_EVENTS]
    rows = [[e.step, gan_title(e.gan), e.member, e.controller, e.decision] for e in shown]
    heads = ["step", "GAN", "member", "decided by", "decision"]
    n_hidden = len(facts.events) - len(rows)
    return (
        "<p>What was decided while training: by controllers, of which every member of a GAN has its own, by"
        " the loop, and where the oracle failed.</p>"
        + html_table("Decisions", heads, rows, texts=[1, 2, 3, 4])
        + (f"<p>And {n_hidden} more, in report_.events.</p>" if n_hidden else "")
    )


def _rows(facts: ReportFacts) -> str:
    evidence = facts.evidence
    if evidence is None or not evidence.labels:
        return missing(f"This fit kept no rows to compare: {facts.reason}.")
    origin = (
        "Real rows were held out; new rows come from generators of the same fold, which never saw them."
        if evidence.held_out
        else "Nothing was held out: the generators saw the real rows that are drawn here, so new rows may"
        " look better than they are."
    )
    html = f"<p>{origin}</p>"
    for label in evidence.labels[:MAX_CLASSES]:
        pair = Pair.of_evidence(evidence, label)
        html += f"<h3>Class {escape(str(label))}</h3>"
        if not len(pair.real) or not len(pair.new):
            html += missing("No rows of this class were held out.")
            continue
        panels = math.ceil(min(len(pair.real.columns), 12) / PANELS)  # one above the other
        for kind, height, caption in ROWS_DISPLAYS:
            html += picture(partial(kind.from_pair, pair), height or 0.6 + 1.3 * panels, caption)
    if rest := evidence.labels[MAX_CLASSES:]:
        html += f"<p>Not drawn: {escape(', '.join(map(str, rest)))}.</p>"
    return html


def _metrics(facts: ReportFacts) -> str:
    if facts.evidence is None or not facts.evidence.held_out:
        return missing("Fidelity and privacy need held-out rows, and this fit held none out.")
    rows = facts.evidence.metrics.to_numpy(dtype=object).tolist()
    heads = ["metric", "new", "SE", "SMOTE", "real", "best", "meaning"]
    return (
        "<p>Means over the folds and their standard errors (SE). “SMOTE” and “real” are what its rows, and"
        " real rows of the other folds, reach in the place of new ones; on few rows even these are far from"
        " the best.</p>" + html_table("Fidelity and privacy", heads, rows, texts=[6])
    )


def _search(facts: ReportFacts) -> str:
    """Scores of a search's trials, the architecture that it found, and what the scores depend on."""
    search = facts.search
    if search is None:
        return ""
    lines = "".join(f"<p>{escape(line)}</p>" for line in str(search).splitlines())
    heads = ["trial", "score", "seconds", "parameters", "step", "state"]
    rows = [
        [str(t.number), t.score, f"{t.seconds:.1f}", f"{t.n_parameters:,}", t.step, t.error or t.state]
        for t in search.ranked
        if t.same_as is None
    ]
    return (
        lines
        + picture(lambda: SearchDisplay.from_report(facts), 3.6)
        + picture(lambda: ArchitectureDisplay.from_report(facts), 2.8, _caption(search))
        + f"<pre>{escape(repr(search.best_gan))}</pre>"
        + (picture(lambda: ImportanceDisplay.from_report(facts), 3.6) if search.importances else "")
        + html_table("Best trials", heads, rows[:MAX_TRIALS], texts=[5])
    )


def _caption(search: SearchFacts) -> str:
    return (
        "The best GAN, which joins the sampler's own." if search.is_better else "The best GAN, not used here."
    )


def _networks(facts: ReportFacts) -> str:
    if facts.summary is None or not facts.summary.networks:
        return missing("No network was trained.")
    html = ""
    for network in facts.summary.networks:
        table = html_table(network.title, ["layer", "in → out", "parameters"], network.rows(), total=True)
        html += f"<h3>{escape(network.title)}</h3>{table}"
    return html


def _seconds(facts: ReportFacts) -> str:
    if not facts.seconds:
        return ""
    seconds = {**facts.seconds, "total": sum(facts.seconds.values())}
    rows = [[name, f"{value:.2f}"] for name, value in seconds.items()]
    return html_table("Seconds", ["phase", "seconds"], rows, total=True)


def _parameters(facts: ReportFacts) -> str:
    if not facts.parameters:
        return ""
    rows = [[name, repr(parameter.value)] for name, parameter in facts.parameters.items()]
    marked = [i for i, parameter in enumerate(facts.parameters.values()) if parameter.changed]
    table = html_table("Parameters", ["parameter", "value"], rows, marked=marked, texts=[1])
    return table + MARKED.format("not the default")


SECTIONS: Final[dict[str, Callable[[ReportFacts], str]]] = {
    "Data": _data,
    "Scores": _scores,
    "Draw options": _draw_options,
    "Gains": _gains,
    "Search": _search,
    "Training": _training,
    "Decisions": _events,
    "New rows beside real ones": _rows,
    "Fidelity and privacy": _metrics,
    "Networks": _networks,
    "Seconds": _seconds,
    "Parameters": _parameters,
    "Versions": lambda facts: html_table("Versions", ["of", "version"], [*facts.versions.items()], texts=[1]),
}
