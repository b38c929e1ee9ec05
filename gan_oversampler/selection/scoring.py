"""Rungs: every candidate is scored on rows it never saw, paired with all others on the same folds."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray
from sklearn.base import clone

from gan_oversampler._utils import Streams, single_threaded
from gan_oversampler.callbacks import Event
from gan_oversampler.encoding.dataset import Rows
from gan_oversampler.gans.gan import GAN
from gan_oversampler.oracles.base import Oracle
from gan_oversampler.sampling.pool import Pool
from gan_oversampler.sampling.sources import Drawer, Mixture, Source
from gan_oversampler.training.loop import Candidate

# What a user would do instead of a GAN: nothing, or draw from one of the bases.
NOTHING: Final = "none"
BASELINES: Final[Mapping[str, str]] = {"random": "bootstrap"}


@dataclass(frozen=True)
class Trial:
    """One fold: what generators saw, what they never saw, and how many rows to draw.

    All candidates draw from the same streams here, so that their scores differ by merit only.
    """

    number: int
    oracle: Oracle
    holdout: Rows
    pools: Mapping[str, Pool]
    n_new: dict[int, int]
    streams: Streams

    @classmethod
    def of(
        cls,
        number: int,
        oracle: Oracle,
        train: Rows,
        holdout: Rows,
        pools: Mapping[str, Pool],
        shares: Mapping[int, float],
        streams: Streams,
    ) -> Trial:
        """Trial of one fold; ``shares`` are new rows per real row of each class to oversample."""
        counts = {code: len(train.of(code)) for code in shares}
        # At least one row each: a distance to nothing is no score.
        n_new = {code: max(1, round(share * counts[code])) for code, share in shares.items() if counts[code]}
        fitted = clone(oracle).fit(
            train, targets=tuple(n_new), random_state=streams.child_seed("oracle") % 2**32
        )
        return cls(number, fitted, holdout, pools, n_new, streams)

    def at_ratio(self, ratio: float) -> Trial | None:
        """The same fold with so many new rows that classes come to a share of their full size.

        None if no class needs any; a class that has enough gets one, because a distance to nothing is no
        score.
        """
        counts = {code: len(self.pools["targets"].rows[code]) for code in self.n_new}
        n_new = {c: missing(counts[c], n, ratio) for c, n in self.n_new.items()}
        return replace(self, n_new={c: max(1, n) for c, n in n_new.items()}) if any(n_new.values()) else None

    def utility(self, source: Drawer | None) -> tuple[float, str]:
        """Utility of rows from a source (None draws nothing), or NaN and what went wrong."""
        try:
            value = self.oracle.utility(self.holdout, self._draw(source))
        except Exception as error:  # an oracle may be anybody's code: one candidate fails, not the run
            return np.nan, f"{type(error).__name__}: {error}"
        return value, "" if np.isfinite(value) else f"the score is {value}"

    def _draw(self, source: Drawer | None) -> Rows:
        share = self.oracle.share_
        counts = {code: max(1, round(share * n)) for code, n in self.n_new.items()} if source else {}
        parts = [source.draw(code, n, self.streams) for code, n in counts.items() if source]
        empty = self.holdout.values[:0]
        return Rows(
            np.concatenate([empty, *parts]),
            np.repeat(np.array(list(counts), np.intp), [len(part) for part in parts]),
            self.holdout.classes,
            self.holdout.frames,
        )


def missing(n_rows: int, n_new: int, ratio: float) -> int:
    """New rows that bring a class to ``ratio`` times what it has with all new rows.

    >>> missing(20, 80, 1.0), missing(20, 80, 0.5), missing(20, 80, 0.1)
    (80, 30, 0)
    """
    return max(0, int(ratio * (n_rows + n_new)) - n_rows)


@dataclass
class Judge:
    """Score candidates and baselines on all folds.

    Parameters
    ----------
    trials : sequence of Trial
        One per fold.
    gans : sequence of GAN
        Specifications that candidates refer to.
    n_jobs : int or None
        Parallel scorings, as in joblib.

    Attributes
    ----------
    events : list of str
        What could not be scored, in words.
    failures : list of Event
        The same for the log.
    """

    trials: Sequence[Trial]
    gans: Sequence[GAN]
    n_jobs: int | None = None
    events: list[str] = field(default_factory=list)
    failures: list[Event] = field(default_factory=list)

    def __call__(self, candidates: Sequence[Candidate]) -> list[NDArray[np.float64]]:
        """Utilities per fold of each candidate."""
        scores, fates = self._utilities([self.sources(c) for c in candidates])
        for candidate, fate in zip(candidates, fates, strict=True):
            self._report(self.gans[candidate.specification].label_at(candidate.step), fate, candidate.step)
        return scores

    def baselines(self, names: Sequence[str]) -> dict[str, NDArray[np.float64]]:
        """Utilities per fold of what users would do instead."""
        sources: list[list[Source | None]] = [
            [
                None if name == NOTHING else Source(trial.pools["targets"], BASELINES.get(name, name))
                for trial in self.trials
            ]
            for name in names
        ]
        scores, fates = self._utilities(sources)
        for name, fate in zip(names, fates, strict=True):
            self._report(name, fate)
        return dict(zip(names, scores, strict=True))

    def at_ratio(self, ratio: float) -> Judge | None:
        """The same judge of so many new rows; None where a fold needs none."""
        trials = [trial for trial in (trial.at_ratio(ratio) for trial in self.trials) if trial]
        return replace(self, trials=trials) if len(trials) == len(self.trials) else None

    def mixtures(self, candidates: Sequence[Candidate]) -> list[Mixture]:
        """Per fold: candidates that sample together."""
        parts = zip(*(self.sources(candidate) for candidate in candidates), strict=True)
        return [Mixture(row) for row in parts]

    def score(self, sources: Sequence[Drawer], name: str) -> NDArray[np.float64]:
        """Utilities per fold of whatever draws there."""
        return self.scores([sources], [name])[0]

    def scores(self, sources: Sequence[Sequence[Drawer]], names: Sequence[str]) -> list[NDArray[np.float64]]:
        """The same of several; where some cannot be scored, the first of them is reported."""
        scores, fates = self._utilities(sources)
        failed = [(name, fate) for name, fate in zip(names, fates, strict=True) if fate]
        if failed:
            (name, fate), *others = failed
            self._report(name + (f" and {len(others)} more" if others else ""), fate)
        return scores

    def sources(self, candidate: Candidate) -> list[Source]:
        """Per fold: where a candidate draws from."""
        gan = self.gans[candidate.specification]
        return [
            Source(trial.pools[gan.classes], gan.base, candidate.snapshots[trial.number])
            for trial in self.trials
        ]

    def _utilities(
        self, sources: Sequence[Sequence[Drawer | None]]
    ) -> tuple[list[NDArray[np.float64]], list[str]]:
        """For each row of sources its utilities per fold, and what went wrong, if anything did."""
        tasks = [pair for row in sources for pair in zip(self.trials, row, strict=True)]
        results = Parallel(n_jobs=self.n_jobs)(delayed(_utility)(*task) for task in tasks)
        shape = len(sources), len(self.trials)
        scores = np.array([value for value, _ in results]).reshape(shape)
        fates = np.array([fate for _, fate in results], object).reshape(shape)
        # A distance has no value for no rows at all; that is no failure.
        told = [next(filter(None, row), "") if any(s) else "" for row, s in zip(fates, sources, strict=True)]
        return list(scores), told

    def _report(self, name: str, fate: str, step: int | None = None) -> None:
        """Note, log and warn of what could not be scored, if anything went wrong."""
        if not fate:
            return
        event = f"The oracle could not score {name}; it counts as failed ({fate})."
        self.events.append(event)
        self.failures.append(Event(step, name, "", "oracle", f"could not score it: {fate}"))
        warnings.warn(event, RuntimeWarning, stacklevel=2)


def _utility(trial: Trial, source: Drawer | None) -> tuple[float, str]:
    with single_threaded():  # this may be a worker process
        return trial.utility(source)
