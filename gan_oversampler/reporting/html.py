"""One page that tells what a fit did: no network, no scripts, pictures inside."""

from __future__ import annotations

import base64
import io
import math
import warnings
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from html import escape
from importlib.resources import files
from typing import Any, Final

import numpy as np
import pandas as pd

from gan_oversampler.reporting.displays.correlation import CorrelationDisplay
from gan_oversampler.reporting.displays.drawing import matplotlib, short
from gan_oversampler.reporting.displays.marginals import MarginalsDisplay
from gan_oversampler.reporting.displays.pairs import Pair
from gan_oversampler.reporting.displays.projection import ProjectionDisplay
from gan_oversampler.reporting.displays.scores import ScoresDisplay
from gan_oversampler.reporting.displays.training import LossDisplay, TrajectoryDisplay

MOST_CLASSES: Final = 4  # that are drawn
MOST_EVENTS: Final = 60  # that are shown
MOST_RECIPES: Final = 12
ABSENT: Final = "–"
Told = Any  # a Report, which lives one floor up


def page(report: Told) -> str:
    """The whole page of a report."""
    sections = [(name, write(report)) for name, write in SECTIONS.items()]
    shown = [(name, text) for name, text in sections if text]
    links = "".join(f'<li><a href="#{_anchor(name)}">{name}</a></li>' for name, _ in shown)
    body = "\n".join(f'<section id="{_anchor(n)}">\n<h2>{n}</h2>\n{text}\n</section>' for n, text in shown)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>GANOversampler: {escape(report.choice)}</title>\n<style>\n{_css()}</style>\n</head>\n"
        "<body>\n"
        f"<header>\n<h1>What GANOversampler did</h1>\n{_choice(report)}\n</header>\n"
        f'<nav aria-label="Sections"><ul>{links}</ul></nav>\n<main>\n{body}\n</main>\n'
        f"<footer>Written by gan_oversampler {escape(report.versions.get('gan_oversampler', ''))}.</footer>\n"
        "</body>\n</html>\n"
    )


def card(report: Told) -> str:
    """A few lines for notebooks: choice, reason, scores."""
    rows = "".join(
        f"<tr><td>{escape(_name(e))}</td><td>{_number(e.score)} ± {_number(e.standard_error)}</td>"
        f"<td>{'kept' if e.kept else ''}</td></tr>"
        for e in report.shown
    )
    table = f"<table><tr><th>name</th><th>score ± SE</th><th></th></tr>{rows}</table>" if rows else ""
    notes = "".join(f"<p>{escape(note)}</p>" for note in report.notes)
    return (
        f"<div><p><strong>{escape(report.choice)}</strong>: {escape(report.reason)}.<br>"
        f"Oracle: {escape(report.oracle)}</p>{table}{notes}</div>"
    )


def _choice(report: Told) -> str:
    facts = [("Kept", report.choice, "choice"), ("Why", report.reason, ""), ("Oracle", report.oracle, "")]
    lines = "".join(
        f"<dt>{name}</dt><dd{f' class={kind}' if kind else ''}>{escape(text)}</dd>"
        for name, text, kind in facts
    )
    return f'<dl class="facts">{lines}</dl>{_notes(report.notes)}'


def _notes(notes: Sequence[str]) -> str:
    lines = "".join(f"<li>{escape(note)}</li>" for note in notes)
    return f'<h3>Notes</h3><ul class="notes">{lines}</ul>' if notes else ""


def _scores(report: Told) -> str:
    if not report.entries:
        return _missing(f"Nothing was scored: {report.reason}.")
    frame = report.to_frame()
    told = (
        "<p>Means over the folds and their standard errors (SE), of rows that no GAN of the fold had seen; "
        f"{escape(report.direction or 'in the unit of the oracle')}. Baselines are what you would do instead"
        " of a GAN.</p>"
    )
    picture = _picture(
        lambda ax: ScoresDisplay(frame, direction=report.direction).plot(ax), len(report.shown)
    )
    rows = [
        [_name(e), "baseline" if e.step is None else f"step {e.step}", e.score, e.standard_error]
        for e in report.shown
    ]
    marked = [i for i, e in enumerate(report.shown) if e.kept]
    table = _table("Scores", ["name", "when", "score", "SE"], rows, marked=marked)
    return (
        f"{told}{picture}{table}{_recipes(report)}<p class='quiet'>Bold on yellow: kept, it samples now.</p>"
    )


def _recipes(report: Told) -> str:
    if report.draw_options is None:
        return ""
    best = report.draw_options.sort_values(
        "score", ascending=report.direction.startswith("lower"), kind="stable"
    )
    shown = best[best["kept"] | (np.arange(len(best)) < MOST_RECIPES)]
    rows = shown.drop(columns="kept").to_numpy(dtype=object).tolist()
    heads = [*shown.columns[:-3], "score", "SE"]
    told = (
        f"<p>Ways to draw from the best of these: {len(best)} were tried, the best are shown, all are in"
        " report_.recipes.</p>"
    )
    return told + _table("Recipes", heads, rows, marked=np.flatnonzero(shown["kept"]).tolist())


def _gains(report: Told) -> str:
    finite = {name: gain for name, gain in report.gains.items() if math.isfinite(gain.mean)}
    if not finite:
        return ""
    rows = [[name, _gain(g.mean), _number(g.standard_error), _gain(g.expected)] for name, g in finite.items()]
    return (
        "<p>Utility of the best kept candidate minus that of a baseline, paired over the folds. The best of"
        " many looks better than it is; the last column is what is left of a gain after its noise"
        " (James and Stein), and nothing of one within a standard error.</p>"
        + _table("Gains", ["over", "gain", "SE", "to be expected"], rows)
    )


def _training(report: Told) -> str:
    history = report.history
    if history is None or not len(history):
        return _missing(f"Nothing was trained or scored: {report.reason}.")
    entries = report.to_frame()
    pictures = [
        _picture(lambda ax: TrajectoryDisplay(history, entries, direction=report.direction).plot(ax), size=5),
        _picture(lambda ax: LossDisplay(history).plot(ax), size=3.6),
    ]
    return "".join(pictures) or _missing("Nothing was trained.")


def _rows(report: Told) -> str:
    evidence = report.evidence
    if evidence is None or not evidence.labels:
        return _missing(f"This fit kept no rows to compare: {report.reason}.")
    told = (
        "Real rows were held out; new rows come from generators of the same fold, which never saw them."
        if evidence.held_out
        else "Nothing was held out: the generators saw the real rows that are drawn here, so new rows may"
        " look better than they are."
    )
    labels = evidence.labels[:MOST_CLASSES]
    parts = [_class(evidence, label) for label in labels]
    rest = evidence.labels[len(labels) :]
    more = f"<p>Not drawn: {escape(', '.join(map(str, rest)))}.</p>" if rest else ""
    return f"<p>{told}</p>{''.join(parts)}{more}"


def _class(evidence: Any, label: Any) -> str:
    pair = Pair.of_evidence(evidence, label)
    if not len(pair.real) or not len(pair.new):
        return f"<h3>Class {escape(str(label))}</h3>{_missing('No rows of this class were held out.')}"
    n_rows = -(-min(len(pair.real.columns), 12) // 4)
    pictures = [
        _picture(
            lambda ax: MarginalsDisplay(pair.real, pair.new, label=label).plot(ax),
            size=1.8 * n_rows + 0.6,
            caption="Columns that differ most come first; the number is how far real and new rows lie apart,"
            " from 0 to 1 (Kolmogorov-Smirnov, or total variation for categories).",
        ),
        _picture(
            lambda ax: ProjectionDisplay.from_pair(pair).plot(ax),
            size=5.6,
            caption="Two principal axes of the real rows; numbers in standard deviations.",
        ),
        _picture(
            lambda ax: CorrelationDisplay.from_pair(pair).plot(ax),
            size=6.2,
            caption="Correlations of real rows minus those of new rows; 0 is best.",
        ),
    ]
    return f"<h3>Class {escape(str(label))}</h3>{''.join(pictures)}"


def _figures(report: Told) -> str:
    evidence = report.evidence
    if evidence is None or not evidence.held_out:
        return _missing("Fidelity and privacy need held-out rows, and this fit held none out.")
    lines = list(evidence.figures.itertuples(index=False))
    rows = [[e.name, e.value, e.standard_error, e.real, e.best, e.meaning] for e in lines]
    told = (
        "<p>Means over the folds and their standard errors (SE). “Real” is what real rows of the other folds"
        " reach in the place of new ones; on few rows even these are far from the best.</p>"
    )
    heads = ["figure", "new", "SE", "real", "best", "meaning"]
    return told + _table("Fidelity and privacy", heads, rows, words=[5])


def _events(report: Told) -> str:
    if not report.events:
        return ""
    rows = [
        [
            ABSENT if e.step is None else str(e.step),
            short(e.gan),
            e.member or ABSENT,
            e.controller,
            e.decision,
        ]
        for e in report.events[:MOST_EVENTS]
    ]
    more = len(report.events) - len(rows)
    told = (
        "<p>What was decided while training: by controllers, of which every member of a GAN has its own, by"
        " the loop, and where the oracle failed.</p>"
    )
    rest = f"<p>And {more} more, in report_.events.</p>" if more else ""
    heads = ["step", "GAN", "member", "who", "decision"]
    return told + _table("Decisions", heads, rows, words=[1, 2, 3, 4]) + rest


def _networks(report: Told) -> str:
    summary = report.summary
    if summary is None or not summary.networks:
        return _missing("No network was trained.")
    return "".join(map(_network, summary.networks))


def _network(network: Any) -> str:
    rows = [[x.name, f"{x.inputs} → {x.outputs}", f"{x.parameters:,}"] for x in network.layers]
    rows.append(["total", f"{network.inputs} → {network.outputs}", f"{network.n_parameters:,}"])
    table = _table(network.title, ["layer", "in → out", "parameters"], rows, total=True)
    return f"<h3>{escape(network.title)}</h3>{table}"


def _seconds(report: Told) -> str:
    if not report.seconds:
        return ""
    rows = [[name, f"{value:.2f}"] for name, value in report.seconds.items()]
    rows.append(["total", f"{sum(report.seconds.values()):.2f}"])
    return _table("Seconds", ["phase", "seconds"], rows, total=True)


def _parameters(report: Told) -> str:
    if not report.parameters:
        return ""
    told = "<p>Bold on yellow: not the default.</p>"
    rows = [[name, repr(p.value)] for name, p in report.parameters.items()]
    marked = [i for i, p in enumerate(report.parameters.values()) if p.changed]
    return told + _table("Parameters", ["parameter", "value"], rows, marked=marked, words=[1])


def _versions(report: Told) -> str:
    return _table("Versions", ["of", "version"], list(report.versions.items()), words=[1])


SECTIONS: Final[dict[str, Callable[[Told], str]]] = {
    "Scores": _scores,
    "Gains": _gains,
    "Training": _training,
    "Decisions": _events,
    "New rows beside real ones": _rows,
    "Fidelity and privacy": _figures,
    "Networks": _networks,
    "Seconds": _seconds,
    "Parameters": _parameters,
    "Versions": _versions,
}


def _anchor(name: str) -> str:
    return name.lower().replace(" ", "-")


@cache
def _css() -> str:
    return files("gan_oversampler.reporting").joinpath("page.css").read_text("utf-8")


def _missing(text: str) -> str:
    return f'<p class="missing">{escape(text)}</p>'


def _name(entry: Any) -> str:
    return short(entry.name)


def _number(value: Any) -> str:
    return ABSENT if pd.isna(value) else f"{value:.4f}"


def _gain(value: float) -> str:
    return f"{value:+.4f}"


def _table(
    name: str,
    heads: Sequence[str],
    rows: Iterable[Sequence[Any]],
    *,
    marked: Sequence[int] = (),
    words: Sequence[int] = (),
    total: bool = False,
) -> str:
    """A table in a box of its own that scrolls; all but the first column and ``words`` are numbers."""
    rows = list(rows)
    kinds = ["" if j == 0 else "words" if j in words else "number" for j in range(len(heads))]
    head = "".join(f'<th scope="col"{_kind(k)}>{escape(h)}</th>' for h, k in zip(heads, kinds))
    lines = []
    for i, row in enumerate(rows):
        kind = "total" if total and i == len(rows) - 1 else "marked" if i in marked else ""
        first, *rest = map(_cell, row)
        cells = "".join(f"<td{_kind(k)}>{cell}</td>" for cell, k in zip(rest, kinds[1:]))
        lines.append(f'<tr{_kind(kind)}><th scope="row">{first}</th>{cells}</tr>')
    return (
        f'<div class="scroll" role="region" tabindex="0" aria-label="{escape(name)}"><table>'
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table></div>"
    )


def _kind(kind: str) -> str:
    return f' class="{kind}"' if kind else ""


def _cell(value: Any) -> str:
    return escape(_number(value) if isinstance(value, float) else str(value))


def _picture(draw: Callable[[Any], Any], lines: int = 0, *, size: float = 0.0, caption: str = "") -> str:
    """What a display draws, with its description as the alternative text."""
    try:
        figure = matplotlib("figure").Figure(figsize=(8, size or 1.3 + 0.3 * lines), layout="constrained")
    except ImportError:
        return _missing('Pictures need matplotlib: pip install "gan-oversampler[plot]".')
    try:
        display = draw(figure.add_subplot())
        source = _svg(figure)
    except ValueError as error:  # nothing to draw, and the error says why
        return _missing(str(error))
    told = escape(display.description)
    below = f"<figcaption>{escape(caption)}</figcaption>" if caption else ""
    image = f'<img src="data:image/svg+xml;base64,{source}" alt="{told}">'
    box = '<div class="scroll" role="region" tabindex="0" aria-label="Picture">'
    return f"<figure>{box}{image}</div>{below}</figure>"


def _svg(figure: Any) -> str:
    """The figure as text; equal figures give equal texts."""
    made = io.StringIO()
    with warnings.catch_warnings(), matplotlib().rc_context({"svg.hashsalt": "gan_oversampler"}):
        warnings.filterwarnings("ignore", message="Glyph")  # of a user's alphabet that no font here has
        warnings.filterwarnings("ignore", message="constrained_layout")  # long names, little room
        figure.savefig(made, format="svg", dpi=150, metadata={"Date": None})
    return base64.b64encode(made.getvalue().encode()).decode()
