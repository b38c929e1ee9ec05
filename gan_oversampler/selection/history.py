"""From scored candidates and drawn rows to the tables and the evidence of a report."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import starmap
from typing import Any, Final

import pandas as pd

from gan_oversampler._utils import Streams, standard_error, text_of
from gan_oversampler.callbacks import Event, in_order
from gan_oversampler.encoding.dataset import Rows
from gan_oversampler.gans.gan import GAN
from gan_oversampler.reporting.evidence import Evidence, Fidelity, n_drawn
from gan_oversampler.reporting.facts import Entry, LabelScores
from gan_oversampler.reporting.report import Report
from gan_oversampler.sampling.sources import Redrawing, Source, draw_classes
from gan_oversampler.selection.choice import Utilities, gains_over
from gan_oversampler.selection.decision import Decision
from gan_oversampler.selection.draw_options import as_frame
from gan_oversampler.selection.scoring import NOTHING, Evaluator
from gan_oversampler.training.data import Fold
from gan_oversampler.training.loop import Candidate, Scored

ONE_FOLD: Final = (
    "There is one fold only, so nobody knows how scores scatter: standard errors of 0 say nothing."
)
FAR_ROWS: Final = (
    "New rows are far from real rows of their class ({}). They were made for the score: do not take them for"
    " plausible rows."
)
# What brings rows nearer, of the default GANs and of those that a user gave.
NEARER: Final = {
    False: " Rows nearer to the class come with fidelity=1.",
    True: " Rows nearer to the class come with a larger weight of the loss term 'fidelity', as in"
    ' GAN(loss_weights={..., "fidelity": 1}).',
}
SCALED_DOWN: Final = (
    "Scores are of classifiers that study {:.1%} of a fold's rows, and of the new ones ('max_rows' of the"
    " oracle). New rows tell them of all real ones, so doing nothing may be better than it looks."
)


def baseline_entry(name: str, scores: Utilities, heldout_ratio: float | None = None) -> Entry:
    """Make the report's line of a baseline from its scores per fold, in the oracle's own unit."""
    return Entry(name, None, float(scores.mean()), standard_error(scores, heldout_ratio))


@dataclass(frozen=True)
class HistoryWriter:
    """Writes scored candidates into tables."""

    gans: Sequence[GAN]  # specifications that candidates refer to
    sign: float = 1.0  # turns utility into the oracle's own unit: 1, or -1 where low scores are good
    heldout_ratio: float | None = None  # for standard errors

    def entry(self, scored: Scored, *, kept: bool = False) -> Entry:
        """Make the report's line of a candidate: its mean score and standard error in the oracle's unit."""
        scores, candidate = self.sign * scored.utilities, scored.candidate
        name = self.gans[candidate.specification].label
        error = standard_error(scores, self.heldout_ratio)
        return Entry(name, candidate.step, float(scores.mean()), error, kept)

    def entries(self, scored: Sequence[Scored], kept: Collection[Candidate] = ()) -> list[Entry]:
        """Make the lines of all candidates, specification by specification; those kept are marked."""
        ordered = sorted(scored, key=lambda s: s.candidate.specification)
        ids = {id(candidate) for candidate in kept}
        return [self.entry(s, kept=id(s.candidate) in ids) for s in ordered]

    def history(self, scored: Sequence[Scored]) -> pd.DataFrame:
        """Make a table of one row per scored candidate, for ``history_`` and the learning curves.

        Columns are the step, the specification and its name, the mean score in the oracle's own unit with its
        standard error, what patience made of it, losses, seconds, and the score of each fold.
        """
        columns = {
            "step": [s.candidate.step for s in scored],
            "specification": [s.candidate.specification for s in scored],
            "name": [self.gans[s.candidate.specification].label for s in scored],
            "score": [self.sign * s.mean for s in scored],
            "standard_error": [standard_error(s.utilities, self.heldout_ratio) for s in scored],
            "improved": [s.improved for s in scored],
            "failed": [s.n_failed for s in scored],
            "critic_loss": [s.candidate.losses[0] for s in scored],
            "generator_loss": [s.candidate.losses[1] for s in scored],
            "seconds": [s.seconds for s in scored],
        }
        n_folds = len(scored[0].utilities) if scored else 0
        folds = {f"fold_{f}": [self.sign * s.utilities[f] for s in scored] for f in range(n_folds)}
        return pd.DataFrame({**columns, **folds})


def write_report(
    decision: Decision,
    evaluator: Evaluator | None,
    scored: Sequence[Scored],
    baselines: Mapping[str, Utilities],
    gans: Sequence[GAN],
    *,
    notes: Sequence[str],
    draw_notes: Sequence[str] = (),
    events: Sequence[Event] = (),
    **facts: Any,
) -> Report:
    """Write the report of one oracle from finished facts, as plain values without anything of the fit itself.

    ``evaluator`` has scored candidates and baselines; it is None where there is no oracle, and the report
    then has no scores. What a user should know stands in ``notes`` before, in ``draw_notes`` after what the
    decision has to say; ``events`` are what was decided during training. Further ``facts`` become fields of
    the report as they are: seconds, parameters, evidence, summary.
    """
    ratio = evaluator.heldout_ratio if evaluator else None
    writer = HistoryWriter(gans, evaluator.sign if evaluator else math.nan, ratio)
    scores: dict[str, Any] = {"oracle": "none"}
    cautions, failures, options = [], [], None
    if evaluator:
        failures = evaluator.failures
        share = min(fold.oracle.share_ for fold in evaluator.folds)
        cautions += [ONE_FOLD] if len(evaluator.folds) == 1 else []
        cautions += [SCALED_DOWN.format(share)] if share < 1 else []
        if decision.draw_options:
            options = as_frame(decision.draw_options, decision.kept, gans, evaluator.sign, ratio)
        instead = decision.fallback if decision.ratio or decision.fallback else NOTHING
        lines = [
            replace(baseline_entry(name, evaluator.sign * found, ratio), kept=name == instead)
            for name, found in baselines.items()
        ]
        scores = {
            "oracle": text_of(evaluator.oracle),
            "score_name": evaluator.oracle.score_name,
            "meaning": evaluator.oracle.description,
            "greater_is_better": evaluator.oracle.greater_is_better,
            "entries": (*lines, *writer.entries(scored, decision.candidates if decision.ratio else ())),
        }
    return Report(
        **scores,
        choice=decision.name,
        reason=decision.reason,
        notes=(*notes, *cautions, *map(str, failures), *decision.notes, *draw_notes),
        gains=dict(decision.gains),
        history=writer.history(scored),
        events=in_order((*events, *(failure.event for failure in failures))),
        draw_options=options,
        **facts,
    )


def label_scores(
    evaluator: Evaluator, sources: Sequence[Source], baselines: Sequence[str], ratio: float
) -> LabelScores | None:
    """Score the labels that classifiers predict, of all that is kept together and of the baselines.

    ``sources`` are those of the folds, ``ratio`` is the one at which they draw. The result is None where the
    scores of the oracle are those of labels already, or need none.
    """
    if (of_labels := evaluator.of_labels()) is None:
        return None
    scores, heldout_ratio = of_labels.baselines(baselines), evaluator.heldout_ratio
    if at_ratio := of_labels.at_ratio(ratio):
        (kept,) = at_ratio.scores([sources], ["the choice"])
    else:  # no rows are drawn
        kept = of_labels.baselines([NOTHING])[NOTHING]
    return LabelScores(
        of_labels.oracle.score_name,
        replace(baseline_entry("what is kept", kept, heldout_ratio), kept=True),
        tuple(baseline_entry(name, found, heldout_ratio) for name, found in scores.items()),
        gains_over(kept, scores, heldout_ratio=heldout_ratio),
    )


def far_note(fidelity: Fidelity | None, gans: Sequence[GAN], *, given: bool) -> str:
    """Say that new rows are far from their class, and what to do about it; nothing if they are not.

    Nothing is to be done where one of the ``gans`` has all the fidelity that there is, a weight of 1;
    ``given`` tells whether the user named them.
    """
    if not (fidelity and fidelity.is_far):
        return ""
    has_all = any(gan.active_terms.get("fidelity", 0.0) >= 1 for gan in gans)
    return FAR_ROWS.format(fidelity) + ("" if has_all else NEARER[given])


def gather_evidence(
    rows: Rows,
    folds: Sequence[Fold],
    sources: Sequence[Source],
    targets: Sequence[int],
    streams: Streams,
    smote: Sequence[Source] = (),
) -> Evidence:
    """Draw rows from the source of each fold, and put them beside real rows that it saw and did not see.

    ``folds`` hold positions of training and held-out rows, one pair of all rows and none where nothing was
    held out; there is one source per fold. Of each class among the ``targets`` about as many rows are drawn
    as are real, for the pictures and metrics of a report, and decoded, which encodes them anew. ``smote`` are
    sources by fold, whose rows new ones are compared with.
    """

    def drawn(number: int, source: Source) -> Rows:
        codes, root = rows.codes[folds[number][0]], streams.child("evidence", number)
        n_new = {code: n_drawn(n) for code in targets if (n := int((codes == code).sum()))}
        width = rows.width
        new = draw_classes(source, n_new, root, width)
        again = Redrawing(source, new.codes, new.seed_indices, root)
        return rows.synthetic(new.rows, new.codes).recoded(root.numpy("decode"), again)

    by_fold, by_smote = (list(starmap(drawn, enumerate(its))) for its in (sources, smote))
    return Evidence.gather(rows, folds, by_fold, targets, by_smote)
