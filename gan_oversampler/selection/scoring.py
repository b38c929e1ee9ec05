"""Scores of candidates and baselines on rows they never saw, paired on the same folds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Final

import numpy as np
from sklearn.base import clone

from gan_oversampler._utils import Streams, single_threaded, warn_user
from gan_oversampler.callbacks import Event
from gan_oversampler.encoding.dataset import Rows
from gan_oversampler.gans.gan import GAN
from gan_oversampler.oracles.alternatives import ALTERNATIVES
from gan_oversampler.oracles.base import Oracle, as_score
from gan_oversampler.sampling.sources import BaseSource, Redrawing, Source, draw_classes
from gan_oversampler.selection.candidate_sources import fold_source
from gan_oversampler.selection.choice import Utilities
from gan_oversampler.selection.problem import Problem
from gan_oversampler.selection.scoring_limit import ScoringLimit
from gan_oversampler.training.data import TrainingData
from gan_oversampler.training.loop import Candidate

# What a user would do instead of a GAN: nothing, or draw from one of the bases, some by a name of their own.
NOTHING: Final = "none"
BASELINE_BASES: Final[Mapping[str, str]] = MappingProxyType({"random": "bootstrap"})
WITHOUT_ROWS: Final = (NOTHING, *ALTERNATIVES)  # baselines that leave the table as it is

Drawing = Source | str | None
"""What is scored in a fold: rows of a source, an alternative to new rows by its name, or nothing at all."""


def n_new_at_ratio(n_rows: Mapping[int, int], n_new: Mapping[int, int], ratio: float) -> dict[int, int]:
    """Reduce new rows, by class code, so that every class comes to ``ratio`` times its size with all of them.

    A class that is larger than that without any new row gets none.

    >>> n_new_at_ratio({1: 20}, {1: 80}, 1.0), n_new_at_ratio({1: 20}, {1: 80}, 0.5)
    ({1: 80}, {1: 30})
    >>> n_new_at_ratio({1: 20}, {1: 80}, 0.1)
    {1: 0}
    """
    return {code: max(0, int(ratio * (n_rows[code] + n)) - n_rows[code]) for code, n in n_new.items()}


@dataclass(frozen=True)
class FoldEvaluator:
    """Scores sources on the held-out rows of one fold.

    All sources draw from the same random streams here, so that their scores differ by merit only.
    """

    number: int  # the fold
    oracle: Oracle  # fitted on the training rows of the fold
    heldout: Rows  # real rows that no generator of the fold saw
    n_rows: dict[int, int]  # training rows of each class to oversample, by code
    n_new: dict[int, int]  # the new rows that are to be drawn of it
    streams: Streams  # root of the random numbers

    @classmethod
    def of(
        cls,
        number: int,
        oracle: Oracle,
        train: Rows,
        heldout: Rows,
        new_per_real: Mapping[int, float],
        streams: Streams,
    ) -> FoldEvaluator:
        """Fit a copy of an oracle on the training rows of a fold, and count the new rows that it needs.

        ``new_per_real`` names the classes to oversample, with their new rows per real one; those without rows
        in the fold are left out. Others get at least one, because a distance to nothing is no score.
        """
        counts = {code: int((train.codes == code).sum()) for code in new_per_real}
        n_rows = {code: n for code, n in counts.items() if n}
        n_new = {code: max(1, round(new_per_real[code] * n)) for code, n in n_rows.items()}
        seed = streams.child_seed("oracle") % 2**32
        fitted = clone(oracle).fit(train, targets=tuple(n_new), random_state=seed)
        return cls(number, fitted, heldout, n_rows, n_new, streams)

    def with_oracle(self, oracle: Oracle) -> FoldEvaluator:
        """Make an evaluator of the same fold and streams by another oracle, of which a copy is fitted."""
        options = {"targets": self.oracle.targets_, "random_state": self.oracle.random_state_}
        return replace(self, oracle=clone(oracle).fit(self.oracle.train_, **options))

    def of_labels(self) -> FoldEvaluator | None:
        """Make an evaluator of predicted labels in the same fold, if this one scores probabilities."""
        oracle = self.oracle.of_labels()
        if oracle is None or hasattr(oracle, "train_"):
            return oracle and replace(self, oracle=oracle)
        return self.with_oracle(oracle)

    def at_ratio(self, ratio: float) -> FoldEvaluator | None:
        """Make an evaluator of fewer new rows, with which classes come to a share of their full size.

        A class that has enough gets one row, because a distance to nothing is no score; if all have enough,
        the result is None.
        """
        n_new = n_new_at_ratio(self.n_rows, self.n_new, ratio)
        if not any(n_new.values()):
            return None
        return replace(self, n_new={code: max(1, n) for code, n in n_new.items()})

    @property
    def sign(self) -> float:
        """Turns utility, of which more is better, into the oracle's own unit: 1 or -1."""
        return 1.0 if self.oracle.greater_is_better else -1.0

    def utility(self, source: Drawing) -> tuple[float, str]:
        """Score rows of a source on the held-out rows: their utility, and an empty string.

        Rows are scored as the user gets them, decoded and encoded anew, and drawn again up to ten times where
        they break a constraint, with equal random numbers for all sources. None draws no rows, and a name is
        one of the oracle's alternatives to new rows. If the oracle raises an error, or its score is not
        finite, the string says what went wrong: one candidate fails then, not the run.
        """
        try:
            if isinstance(source, str):
                value = self.sign * as_score(self.oracle.score_alternative(self.heldout, source))
            else:
                value = self.oracle.utility(self.heldout, self.drawn(source))
        except (Exception, SystemExit) as error:  # an oracle may be anybody's code
            return np.nan, f"{type(error).__name__}: {error}"
        return (value, "") if np.isfinite(value) else (np.nan, f"the score is {self.sign * value}")

    def drawn(self, source: Source | None) -> Rows:
        """Draw the new rows that are scored, as the user gets them: the share that the oracle looks at."""
        none = self.heldout.at(np.arange(0))
        new = none.synthetic(none.values, none.codes)
        if source is None:
            return new
        share, width = self.oracle.share_, new.values.shape[1]
        n_new = {code: max(1, round(share * n)) for code, n in self.n_new.items()}
        drawn = draw_classes(source, n_new, self.streams, width)
        again = Redrawing(source, drawn.codes, drawn.seed_indices, self.streams)
        return new.synthetic(drawn.rows, drawn.codes).recoded(self.streams.numpy("decode"), again)


@dataclass(frozen=True, slots=True)
class ScoringFailure:
    """A candidate or baseline that an oracle could not score."""

    name: str  # what was scored
    reason: str  # type and message of the error, or the score that is no finite number
    step: int | None = None  # generator updates of a candidate
    oracle: str = ""  # its class, and the function that it was made of

    def __str__(self) -> str:
        who = f"The oracle {self.oracle}".rstrip()
        return f"{who} could not score {self.name}; it counts as failed ({self.reason})."

    @property
    def event(self) -> Event:
        """The same as an entry of the log, by the controller ``"oracle"``."""
        return Event(self.step, self.name, "", "oracle", f"could not score it: {self.reason}")


@dataclass
class Evaluator:
    """Scores candidates and baselines on all folds."""

    folds: Sequence[FoldEvaluator]  # one per fold
    gans: Sequence[GAN]  # specifications that candidates refer to
    data: TrainingData  # rows that sources may use
    heldout_ratio: float  # held-out rows of a fold over its training rows, for standard errors
    n_jobs: int | None = None  # parallel scorings, as in joblib
    failures: list[ScoringFailure] = field(default_factory=list)  # what could not be scored, and why
    limit: ScoringLimit = field(default_factory=ScoringLimit)  # when scorings are given up

    @classmethod
    def of(
        cls,
        oracle: Oracle,
        problem: Problem,
        gans: Sequence[GAN],
        data: TrainingData,
        streams: Streams,
        n_jobs: int | None,
        limit: ScoringLimit | None = None,
    ) -> Evaluator:
        """Fit an oracle on the training rows of every fold; all sources share the streams of a fold."""
        rows, growth = problem.rows, problem.new_per_real
        folds = []
        for number, (train, heldout) in enumerate(problem.folds):
            root = streams.child("trial", number)  # a frozen name: another one would change every result
            folds.append(FoldEvaluator.of(number, oracle, rows.at(train), rows.at(heldout), growth, root))
        heldout_ratio = float(np.mean([len(heldout) / len(train) for train, heldout in problem.folds]))
        if folds and rows.weights is not None and (ignoring := folds[0].oracle.ignores_weights):
            what = f"{type(oracle).__name__}: no weights are taken by {', '.join(ignoring)}"
            warn_user(f"'sample_weight' does not count in all of {what}. Rows count alike there.")
        return cls(folds, gans, data, heldout_ratio, n_jobs, limit=limit or ScoringLimit())

    @property
    def oracle(self) -> Oracle:
        """The oracle as it was fitted in the first fold, for its name and its direction."""
        return self.folds[0].oracle

    def with_oracle(self, oracle: Oracle) -> Evaluator:
        """Make an evaluator of the same folds and streams by another oracle, without failures so far."""
        return replace(self, folds=[fold.with_oracle(oracle) for fold in self.folds], failures=[])

    def of_labels(self) -> Evaluator | None:
        """Make an evaluator of predicted labels on the same folds, if this one scores probabilities."""
        folds = [of_labels for fold in self.folds if (of_labels := fold.of_labels())]
        return replace(self, folds=folds, failures=[]) if folds else None

    @property
    def sign(self) -> float:
        """Turns utility into the oracle's own unit, as in every fold."""
        return self.folds[0].sign

    def at_ratio(self, ratio: float) -> Evaluator | None:
        """Make an evaluator of fewer new rows in every fold; None where a fold needs none at all."""
        folds = [evaluator for fold in self.folds if (evaluator := fold.at_ratio(ratio))]
        return replace(self, folds=folds) if len(folds) == len(self.folds) else None

    def __call__(self, candidates: Sequence[Candidate]) -> list[Utilities]:
        """Score candidates, each by its members that never saw a fold's rows: utilities per fold of each."""
        pairs = [(self.gans[candidate.specification], candidate) for candidate in candidates]
        sources = [[fold_source(*pair, self.data, fold.number) for fold in self.folds] for pair in pairs]
        names = [gan.label_at(candidate.step) for gan, candidate in pairs]
        scores, failures = self.utilities(sources, names, [candidate.step for candidate in candidates])
        self._note(failures)
        return scores

    def baselines(self, names: Sequence[str]) -> dict[str, Utilities]:
        """Score what users would do without a GAN: utilities per fold of each baseline, by its name.

        ``"none"`` adds no rows, ``"class_weight"`` and ``"threshold"`` change the classifiers instead; others
        are bases, or names that ``BASELINE_BASES`` gives to them. Alternatives that mean nothing to the
        oracle are left out.
        """
        known = [name for name in names if name not in ALTERNATIVES or name in self.oracle.alternatives]
        sources = [[self._baseline(name, fold.number) for fold in self.folds] for name in known]
        scores, failures = self.utilities(sources, known)
        self._note(failures)
        return dict(zip(known, scores, strict=True))

    def _baseline(self, name: str, fold: int) -> Drawing:
        """What draws the rows of a baseline in one fold; its name where it is an alternative to new rows."""
        if name in WITHOUT_ROWS:
            return None if name == NOTHING else name
        return BaseSource(self.data.fold(None, fold), BASELINE_BASES.get(name, name))

    def scores(self, sources: Sequence[Sequence[Source]], names: Sequence[str]) -> list[Utilities]:
        """Score anything that draws: for each row of sources, one per fold, its utilities per fold.

        ``names`` are for messages; where several cannot be scored, only the first is named, with the number
        of the others.
        """
        scores, failures = self.utilities(sources, names)
        self._note(_as_one(failures))
        return scores

    def utilities(
        self,
        sources: Sequence[Sequence[Drawing]],
        names: Sequence[str],
        steps: Sequence[int | None] = (),
    ) -> tuple[list[Utilities], list[ScoringFailure]]:
        """Score rows of sources, one per fold: utilities per fold of each row, and what could not be scored.

        ``names``, and the ``steps`` of candidates, are for failures, which are neither noted nor warned of.
        """
        tasks = [pair for row in sources for pair in zip(self.folds, row, strict=True)]
        results = self.limit.scores(_utility, tasks, self.n_jobs)
        shape = len(sources), len(self.folds)
        scores = np.array([value for value, _ in results]).reshape(shape)
        messages = np.array([message for _, message in results], object).reshape(shape)
        oracle = _name(self.oracle)
        failures = [
            ScoringFailure(name, next(filter(None, found)), step, oracle)
            for name, step, row, found in zip(names, steps or [None] * len(names), sources, messages)
            # A distance has no value for no rows at all; that is no failure.
            if any(row) and any(found)
        ]
        return list(scores), failures

    def _note(self, failures: Sequence[ScoringFailure]) -> None:
        """Log what could not be scored, and warn once for every reason."""
        self.failures += failures
        for reason in dict.fromkeys(failure.reason for failure in failures):
            for failure in _as_one([failure for failure in failures if failure.reason == reason]):
                warn_user(str(failure), RuntimeWarning)


def _name(oracle: Oracle) -> str:
    """The class of an oracle, and the function that it was made of."""
    function = getattr(getattr(oracle, "function", None), "__name__", "")
    return type(oracle).__name__ + (f"({function})" if function else "")


def _as_one(failures: list[ScoringFailure]) -> list[ScoringFailure]:
    """The first of several failures, with the number of the others."""
    others = f" and {len(failures) - 1} more"
    return [replace(failures[0], name=failures[0].name + others)] if len(failures) > 1 else failures


def _utility(fold: FoldEvaluator, source: Drawing) -> tuple[float, str]:
    with single_threaded():  # this may be a worker process
        return fold.utility(source)
