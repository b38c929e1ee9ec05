"""What the scores support: new rows, class weights, another threshold, or the table as it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

import numpy as np
from sklearn.base import clone
from sklearn.ensemble import ExtraTreesClassifier

from gan_oversampler._utils import single_threaded
from gan_oversampler.encoding.dataset import Rows
from gan_oversampler.oracles.base import Oracle
from gan_oversampler.oracles.downstream import DownstreamOracle
from gan_oversampler.reporting.gain import Gain
from gan_oversampler.sampling.sources import Source
from gan_oversampler.selection.choice import Utilities, gains_over
from gan_oversampler.selection.scoring import NOTHING, Evaluator

RESAMPLE: Final = "resample"
# From the simplest to the most involved: what to do, and its name in a sentence.
ACTIONS: Final[Mapping[str, tuple[str, str]]] = {
    NOTHING: ("Leave the table as it is", "leaving the table as it is"),
    "threshold": ("Move the decision threshold (TunedThresholdClassifierCV)", "a tuned threshold"),
    "class_weight": ('Weigh the classes (class_weight="balanced")', "class weights"),
    RESAMPLE: ("Resample", "new rows"),
}
NOT_SCORED: Final = (
    "The oracle did not score classifiers without new rows, so its scores do not say whether to resample."
    " Ask one that does, such as 'downstream', with 'none' among the baselines."
)
# Average precision does not depend on the threshold, which resampling moves.
RANKER: Final = DownstreamOracle(ExtraTreesClassifier(25), scoring="average_precision")
# Only a loss beyond one standard error overrules new rows: without any effect, one beyond this is common. It
# is worth a caution all the same, because few folds show little of a real loss.
CAUTION_IN_SE: Final = 0.3


@dataclass(frozen=True)
class Advice:
    """What to do about the imbalance of a table, and why."""

    action: str = ""  # a key of ``ACTIONS``; empty where nothing is known
    text: str = ""  # two sentences with figures; empty where there is no oracle


@dataclass(frozen=True)
class Ranking:
    """Rows for a forest to rank, with new ones and without; nothing of it leads to the user's table."""

    folds: tuple[tuple[Oracle, Rows, Rows], ...]  # per fold the ranker, held-out rows, and new ones
    heldout_ratio: float  # for standard errors

    @classmethod
    def prepare(cls, evaluator: Evaluator, by_fold: Sequence[Source]) -> Ranking:
        """Draw the new rows of sources, one per fold, and take as many real ones as will be looked at."""
        folds = []
        for fold, source in zip(evaluator.with_oracle(RANKER).folds, by_fold, strict=True):
            ranker = cast(DownstreamOracle, fold.oracle)
            options = {"targets": ranker.targets_, "random_state": ranker.random_state_}
            small = clone(RANKER).fit(ranker.thinned_train_.detached, **options)
            heldout, new = ranker.scored_rows(fold.heldout), fold.drawn(source)
            folds.append((small, heldout.detached, new.detached))
        return cls(tuple(folds), evaluator.heldout_ratio)

    def gain(self) -> Gain:
        """Compare how a forest ranks held-out rows with the new rows and without them.

        It is a gain in average precision, paired over the folds; negative if new rows make a strong
        classifier worse. It costs two forests of 25 extra-trees per fold.
        """
        with single_threaded():
            with_rows, without_rows = np.array(
                [
                    [ranker.utility(heldout, some) for some in (new, new.at(np.arange(0)))]
                    for ranker, heldout, new in self.folds
                ]
            ).T
        return gains_over(with_rows, {NOTHING: without_rows}, (), self.heldout_ratio)[NOTHING]


def advice_facts(
    rows: Utilities,
    baselines: Mapping[str, Utilities],
    ranking: Ranking | None,
    others: Sequence[Utilities],
    heldout_ratio: float,
) -> dict[str, Any]:
    """Make the fields of a report that hold the advice, and the gain of a ranking that it rests on."""
    gain = ranking.gain() if ranking else None
    advice = advise(rows, baselines, gain, others, heldout_ratio)
    return {"advice": advice.text, "advised": advice.action, "ranking": gain}


def advise(
    rows: Utilities,
    baselines: Mapping[str, Utilities],
    ranking: Gain | None = None,
    others: Sequence[Utilities] = (),
    heldout_ratio: float | None = None,
) -> Advice:
    """Say what the scores of new rows and of the baselines support, in two sentences.

    ``rows`` and ``baselines`` are utilities per fold. Of doing nothing, a tuned threshold, class weights and
    new rows, the first one that is within a standard error of the best is advised. A strong classifier
    overrules new rows, for a threshold, if its ``ranking`` loses more than a standard error by them; beyond
    .3 of it the text is cautious. ``others`` and ``heldout_ratio`` are those of ``gains_over``. Baselines
    that draw rows, and those without a score, play no part.

    >>> advise(np.array([0.6, 0.7]), {"none": np.array([0.5, 0.5])}).action
    'resample'
    """
    scores = {name: baselines[name] for name in ACTIONS if np.isfinite(baselines.get(name, np.nan)).all()}
    if NOTHING not in scores or not np.isfinite(rows).all():
        return Advice(text=NOT_SCORED)
    rival = max(scores, key=lambda name: float(scores[name].mean()))
    scores[RESAMPLE] = rows
    best = max(scores.values(), key=lambda found: float(found.mean()))
    leads = gains_over(best, scores, others, heldout_ratio)
    action = next(name for name, lead in leads.items() if lead.mean <= lead.standard_error)
    gain = gains_over(rows, baselines, others, heldout_ratio)[rival]
    overruled = action == RESAMPLE and ranking is not None and ranking.mean < -ranking.standard_error
    action = "threshold" if overruled else action
    unknown = "" if "threshold" in scores else " (a tuned threshold was not scored)"
    noise = ", which is within noise" if abs(gain.mean) <= gain.standard_error else ""
    return Advice(
        action,
        f"{ACTIONS[action][0]}: new rows gain {gain} over {ACTIONS[rival][1]}, the best alternative without"
        f" them{unknown}{noise}. {_of_ranking(ranking, overruled=overruled)}",
    )


def _of_ranking(ranking: Gain | None, *, overruled: bool) -> str:
    """What the ranking says of strong classifiers, as a sentence."""
    if ranking is None or not np.isfinite(ranking.mean):
        return "Gains within a standard error count as none."
    found = "ranks about as well with them"
    if ranking.mean > ranking.standard_error:
        found = "ranks better with them"
    elif ranking.mean < -ranking.standard_error:
        found = "ranks worse with them" + (", so move its threshold instead" if overruled else "")
    elif ranking.mean < -CAUTION_IN_SE * ranking.standard_error:
        found = "may rank worse with them"
    return f"A strong classifier {found} (gain in average precision of a forest {ranking})."
