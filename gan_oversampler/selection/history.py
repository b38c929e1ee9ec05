"""From scored candidates to the history and the report that users read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gan_oversampler._utils import Streams
from gan_oversampler.encoding.dataset import Rows
from gan_oversampler.gans.gan import GAN
from gan_oversampler.reporting.evidence import Evidence, Fold, n_drawn
from gan_oversampler.reporting.facts import Entry
from gan_oversampler.sampling.sources import Drawer
from gan_oversampler.selection.choice import Choice, standard_error
from gan_oversampler.training.loop import Scored


def baseline_entry(name: str, scores: NDArray[np.float64]) -> Entry:
    """Line of a baseline."""
    return Entry(name, None, float(scores.mean()), standard_error(scores))


@dataclass(frozen=True)
class Storyteller:
    """Puts scored candidates into words and tables.

    Parameters
    ----------
    gans : sequence of GAN
        Specifications that candidates refer to.
    sign : float
        Utility to the oracle's own unit: 1, or -1 where low scores are good.
    """

    gans: Sequence[GAN]
    sign: float = 1.0

    def entry(self, scored: Scored, *, kept: bool = False) -> Entry:
        """Line of a candidate."""
        scores, candidate = self.sign * scored.utilities, scored.candidate
        name = self.gans[candidate.specification].label
        return Entry(name, candidate.step, float(scores.mean()), standard_error(scores), kept)

    def entries(self, scored: Sequence[Scored], choice: Choice) -> list[Entry]:
        """All candidates, specification by specification."""
        told = sorted(scored, key=lambda s: s.candidate.specification)
        return [self.entry(s, kept=s in choice.mixture) for s in told]

    def history(self, scored: Sequence[Scored]) -> pd.DataFrame:
        """One row per scored candidate, scores in the oracle's own unit."""
        columns = {
            "step": [s.candidate.step for s in scored],
            "specification": [s.candidate.specification for s in scored],
            "name": [self.gans[s.candidate.specification].label for s in scored],
            "score": [self.sign * s.mean for s in scored],
            "standard_error": [standard_error(s.utilities) for s in scored],
            "improved": [s.improved for s in scored],
            "failed": [s.failed for s in scored],
            "critic_loss": [s.candidate.losses[0] for s in scored],
            "generator_loss": [s.candidate.losses[1] for s in scored],
            "seconds": [s.seconds for s in scored],
        }
        n_folds = len(scored[0].utilities) if scored else 0
        folds = {f"fold_{f}": [self.sign * s.utilities[f] for s in scored] for f in range(n_folds)}
        return pd.DataFrame({**columns, **folds})


def reason(
    scored: Sequence[Scored],
    choice: Choice,
    utilities: NDArray[np.float64],
    baselines: Mapping[str, NDArray[np.float64]],
    instead: str = "",
) -> str:
    """Why these candidates were kept, and which baselines did better than the utilities of what is drawn.

    ``instead`` says why another choice than the first one was taken.
    """
    kept = choice.best
    own = [s for s in scored if s.candidate.specification == kept.candidate.specification]
    keepable = [s.mean for s in scored if s.candidate.sound and not s.candidate.noise and np.isfinite(s.mean)]
    parts = ["best held-out score of all GANs"]
    if instead:
        parts = [instead]
    elif kept.mean < max(keepable, default=kept.mean):
        parts = ["no GAN is surely better by its held-out scores"]
    if len(choice.mixture) > 1:
        parts.append("mixed with the trained ones within a standard error of it")
    if not kept.candidate.step and len(own) > 1:
        parts.append("its training did not gain enough to count")
    better = [repr(name) for name, found in baselines.items() if found.mean() > utilities.mean()]
    if better:
        parts.append(f"baselines that score higher: {', '.join(better)}")
    return "; ".join(parts)


def evidence_of(
    rows: Rows,
    folds: Sequence[Fold],
    sources: Sequence[Drawer],
    targets: Sequence[int],
    streams: Streams,
) -> Evidence:
    """What the sources of each fold draw, beside real rows that they saw and did not see."""
    drawn = [
        _drawn(rows, seen, source, targets, streams.child("evidence", number))
        for number, ((seen, _), source) in enumerate(zip(folds, sources, strict=True))
    ]
    return Evidence.gather(rows, folds, drawn, targets)


def _drawn(
    rows: Rows, seen: NDArray[np.intp], source: Drawer, targets: Sequence[int], streams: Streams
) -> Rows:
    counts = {code: int((rows.codes[seen] == code).sum()) for code in targets}
    parts = {code: source.draw(code, n_drawn(n), streams) for code, n in counts.items() if n}
    codes = np.repeat(np.array(list(parts), np.intp), [len(part) for part in parts.values()])
    values = np.concatenate([rows.values[:0], *parts.values()])
    return Rows(values, codes, rows.classes, rows.frames)


def small_class_notes(counts: Mapping[object, int], base: str, minimum: int) -> list[str]:
    """What to know about classes with too few rows to learn from."""
    return [
        f"Class {label!r} has {n} rows, fewer than {minimum}: it is drawn from the base {base!r}"
        " without training or selection."
        for label, n in counts.items()
        if n < minimum
    ]
