"""What the scores support: new rows, class weights, another threshold, or the table as it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from sklearn.ensemble import ExtraTreesClassifier

from gan_oversampler._utils import uncorrected_error
from gan_oversampler.oracles.downstream import DownstreamOracle
from gan_oversampler.reporting.facts import Gain
from gan_oversampler.sampling.sources import Source
from gan_oversampler.selection.choice import Utilities, gains_over
from gan_oversampler.selection.scoring import NOTHING, Evaluator

RESAMPLE: Final = "resample"
# From the simplest to the most involved: what to do, and its name in a sentence.
ACTIONS: Final[Mapping[str, tuple[str, str]]] = {
    NOTHING: ("Leave the table as it is", "leaving the table as it is"),
    "threshold": ("Move the decision threshold", "a tuned threshold"),
    "class_weight": ("Weigh the classes", "class weights"),
    RESAMPLE: ("Resample", "new rows"),
}
NOT_SCORED: Final = (
    "The oracle did not score classifiers without new rows, so its scores do not say whether to resample."
    " Ask one that does, such as 'downstream', with 'none' among the baselines."
)
# Average precision does not depend on the threshold, which resampling moves. Of forests and boosting that
# take less than a tenth of a fit, this one missed fewest of the tables that new rows harmed.
RANKER: Final = DownstreamOracle(ExtraTreesClassifier(25), scoring="average_precision")
# A loss of a whole standard error is rare, as few folds say little: waiting for it misses most harm.
HARM_IN_SE: Final = 0.3


@dataclass(frozen=True)
class Advice:
    """What to do about the imbalance of a table, and why."""

    action: str = ""  # a key of ``ACTIONS``; empty where nothing is known
    text: str = ""  # two sentences with figures; empty where there is no oracle


def ranking_gain(evaluator: Evaluator, by_fold: Sequence[Source]) -> Gain:
    """Compare how a forest ranks held-out rows with the rows of sources, one per fold, and without them.

    It is a gain in average precision, paired over the folds of the evaluator; negative if new rows make a
    strong classifier worse. It costs two forests of 25 extra-trees per fold.
    """
    ranker = replace(evaluator, folds=[fold.asking(RANKER) for fold in evaluator.folds], failures=[])
    (with_rows,) = ranker.scores([by_fold], ["the ranking of a forest"])
    return gains_over(with_rows, ranker.baselines([NOTHING]), (), evaluator.heldout_ratio)[NOTHING]


def advise(
    rows: Utilities,
    baselines: Mapping[str, Utilities],
    ranking: Gain | None = None,
    others: Sequence[Utilities] = (),
    heldout_ratio: float | None = None,
) -> Advice:
    """Say what the scores of new rows and of the baselines support, in two sentences.

    ``rows`` and ``baselines`` are utilities per fold. Of doing nothing, a tuned threshold, class weights and
    new rows, the first one that is within an uncorrected error of the best is advised. A strong classifier
    overrules new rows if its ``ranking`` loses more than .3 standard errors by them. ``others`` and
    ``heldout_ratio`` are those of ``gains_over``.
    Baselines that draw rows, and those without a score, play no part.

    >>> advise(np.array([0.6, 0.7]), {"none": np.array([0.5, 0.5])}).action
    'resample'
    """
    scores = {name: baselines[name] for name in ACTIONS if np.isfinite(baselines.get(name, np.nan)).all()}
    if NOTHING not in scores or not np.isfinite(rows).all():
        return Advice(text=NOT_SCORED)
    rival = max(scores, key=lambda name: float(scores[name].mean()))
    scores[RESAMPLE] = rows
    best = max(scores.values(), key=lambda found: float(found.mean()))
    leads = {name: best - found for name, found in scores.items()}
    action = next(name for name, lead in leads.items() if lead.mean() <= uncorrected_error(lead))
    gain = gains_over(rows, baselines, others, heldout_ratio)[rival]
    what = ACTIONS[action][0]
    if action == RESAMPLE and ranking is not None and _does_harm(ranking):
        action, what = "threshold", "Resample for classifiers such as those of the oracle only"
    unknown = "" if "threshold" in scores else " (a tuned threshold was not scored)"
    return Advice(
        action,
        f"{what}: new rows gain {gain} over {ACTIONS[rival][1]}, the best"
        f" alternative{unknown}. {_of_ranking(ranking)}",
    )


def _does_harm(ranking: Gain) -> bool:
    return ranking.mean < -HARM_IN_SE * ranking.standard_error


def _of_ranking(ranking: Gain | None) -> str:
    """What the ranking says of strong classifiers, as a sentence."""
    if ranking is None or not np.isfinite(ranking.mean):
        return "Differences within one standard error count as none."
    beyond_noise = abs(ranking.mean) > ranking.standard_error
    if _does_harm(ranking):
        found = "better without new rows" if beyond_noise else "no better with new rows"
        found += ": move its threshold instead"
    else:
        found = "better with them" if beyond_noise else "about as well with them"
    return f"A strong classifier ranks {found} (average precision of a forest with them {ranking})."
