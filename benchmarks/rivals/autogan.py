"""AutoGAN: train a conditional GAN in units, let an oracle score it, keep the best, stop after failures.

Nazari, Branco & Jourdan, "AutoGAN: An Automated Human-out-of-the-Loop Approach for Training Generative
Adversarial Networks", Mathematics 2023, 11(4), 977, doi:10.3390/math11040977. Networks, optimiser and loop
have the settings of the authors' release (github.com/enazari/autoGAN): 100 steps of 128 rows between
scorings, 500 rows per class for a score, ties are failures, training stops with failure ``patience + 1`` in
a row, and the untrained generator is what remains if no score is any good.

Where we leave the release, always in the rival's favour:

* A score that is not finite is a failure; in the release it counts as a success, and no later score can
  beat it, or fail to: the loop never ends.
* ``cas_real`` fits a fresh classifier at every scoring; the release goes on training the same one, so its
  score rises with the number of scorings, whatever the generator does.
* ``fcd`` encodes rows on the scale its autoencoder was trained on; the release trains it on [0, 1] and
  feeds it [-1, 1].
* Rows are scaled by the training rows alone, and every draw has a seed.
* The critic and the generator have an optimiser each. The release shares one object between both, which
  makes no difference but to Adam's correction of the first few updates.

Kept although it is odd: both oracles score on the training rows, and ``fcd`` compares as many generated
rows of either class with real ones in their true, imbalanced proportion.
"""

from __future__ import annotations

import copy
import math
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_memory

from benchmarks.rivals.cgan import Cgan, Generator, generate
from benchmarks.rivals.common import ColumnRange, Labels, Rows, Task, one_thread, stream_of
from benchmarks.rivals.oracles import ORACLES, Score

FIXED_STEPS: Final = 1500  # what is trained beside the oracles where trainings are shared


@dataclass
class Arm:
    """The state of one oracle that watches a training."""

    score: Score
    generator: Any  # the best so far, at first the untrained one
    best: float = -math.inf  # its score
    best_step: int = 0
    failed: int = 0  # failures in a row since
    stopped_at: int = 0  # step of the last scoring
    seconds: float = 0.0  # what this arm would have taken alone

    def observe(self, generator: Any, step: int) -> None:
        """Score the generator; a tie, or a number that is not finite, is a failure."""
        started = time.perf_counter()
        score = self.score(generator)
        self.stopped_at = step
        self.failed += 1
        if math.isfinite(score) and score > self.best:
            self.generator, self.best = copy.deepcopy(generator), score
            self.best_step, self.failed = step, 0
        self.seconds += time.perf_counter() - started


@dataclass
class FixedArm(Arm):
    """No oracle: the generator after ``n_steps``, or the last one if training ends before."""

    n_steps: int = 0  # a whole number of units

    def observe(self, generator: Any, step: int) -> None:
        """Take every generator until ``n_steps``, then stop watching."""
        self.generator, self.best_step, self.stopped_at = copy.deepcopy(generator), step, step
        self.failed = sys.maxsize if step >= self.n_steps else 0


@dataclass(frozen=True)
class Budget:
    """How long an oracle watches a training."""

    epoch_unit: int = 100  # steps between scorings
    patience: int = 10  # failures in a row that are forgiven
    max_steps: float = math.inf  # after which all stop


def train_until_all_stop(gan: Any, arms: Sequence[Arm], budget: Budget) -> None:
    """Run the AutoGAN loop, with any number of oracles that watch one training."""
    step = 0
    while (watching := [arm for arm in arms if arm.failed <= budget.patience]) and step < budget.max_steps:
        started = time.perf_counter()
        unit = int(min(budget.epoch_unit, budget.max_steps - step))
        gan.train(unit)
        step += unit
        trained = time.perf_counter() - started
        for arm in watching:
            arm.seconds += trained
            arm.observe(gan.generator, step)


@dataclass(frozen=True)
class Trained:
    """A generator chosen by one oracle."""

    generator: Generator  # makes rows in [-1, 1]
    scale: ColumnRange  # brings them back
    best_step: int  # the generator's
    stopped_at: int  # step at which training ended
    seconds: float  # of training and of this oracle's scorings

    def draw(self, codes: Labels, random_state: int) -> Rows:
        """Draw rows of these classes on the scale of the training rows."""
        with one_thread():
            rows = generate(self.generator, codes, stream_of(random_state, "sampling"))
        return self.scale.back((rows + 1) / 2)

    def resample(self, X: Any, y: Any, random_state: int = 0) -> tuple[Rows, Any]:
        """Return the rows it was trained on, and after them as many new ones as the minority lacks."""
        task = Task.of(X, y)
        return task.with_new(self.draw(np.full(task.n_new, task.minority), random_state))


def follow(
    X: Any,
    y: Any,
    oracles: Sequence[str] = ("cas_real", "fcd"),
    *,
    fixed_steps: int | None = None,
    epoch_unit: int = 100,
    patience: int = 10,
    max_steps: int | None = None,
    n_score: int = 500,
    random_state: int = 0,
) -> dict[str, Trained]:
    """Train once while several oracles watch; each one's choice is the same as if it watched alone.

    With ``fixed_steps`` the generator of that step is among the results, as "fixed".

    >>> arms = follow(X, y)  # doctest: +SKIP
    >>> tables = {oracle: trained.resample(X, y) for oracle, trained in arms.items()}  # doctest: +SKIP
    """
    with one_thread():
        task = Task.of(X, y)
        scale, arms = ColumnRange.of(task.X), {}
        rows = 2 * scale.to_unit(task.X) - 1
        gan = Cgan(rows, task.codes, random_state)
        for oracle in oracles:
            started = time.perf_counter()
            score = ORACLES[oracle](rows, task.codes, n_score, random_state)
            untrained = copy.deepcopy(gan.generator)
            arms[oracle] = Arm(score, untrained, seconds=time.perf_counter() - started)
        if fixed_steps is not None:
            arms["fixed"] = FixedArm(lambda generator: math.nan, gan.generator, n_steps=fixed_steps)
        cap = max_steps if oracles or fixed_steps is None else fixed_steps
        budget = Budget(epoch_unit, patience, math.inf if cap is None else cap)
        train_until_all_stop(gan, list(arms.values()), budget)
    return {
        oracle: Trained(arm.generator, scale, arm.best_step, arm.stopped_at, arm.seconds)
        for oracle, arm in arms.items()
    }


class AutoGAN(BaseEstimator):
    """AutoGAN as an oversampler of two classes.

    Parameters
    ----------
    oracle : {"cas_real", "fcd"}
        What scores; the two that beat a fixed number of steps in the authors' own results.
    epoch_unit : int
        Steps (minibatches) between scorings.
    patience : int
        Failures in a row that are forgiven.
    max_steps : int, optional
        Cap; the paper has none.
    fixed_steps : int, optional
        Train so long without an oracle.
    n_score : int
        Rows generated per class for a score.
    random_state : int
        Seed.
    memory : str, joblib.Memory or None
        Where trainings are kept, so that oracles share one.
    """

    def __init__(
        self,
        oracle: str = "cas_real",
        epoch_unit: int = 100,
        patience: int = 10,
        max_steps: int | None = None,
        fixed_steps: int | None = None,
        n_score: int = 500,
        random_state: int = 0,
        memory: Any = None,
    ):
        self.oracle = oracle
        self.epoch_unit = epoch_unit
        self.patience = patience
        self.max_steps = max_steps
        self.fixed_steps = fixed_steps
        self.n_score = n_score
        self.random_state = random_state
        self.memory = memory

    def fit_resample(self, X: Any, y: Any) -> tuple[Rows, Any]:
        """Return the rows given, and after them as many generated rows as the minority lacks.

        Without a memory only this oracle watches; with one all arms are trained at once, and remembered.
        """
        name = self.oracle if self.fixed_steps is None else "fixed"
        oracles, fixed_steps = () if name == "fixed" else (name,), self.fixed_steps
        if self.memory is not None:
            oracles, fixed_steps = tuple(ORACLES), self.fixed_steps or FIXED_STEPS
        trained = check_memory(self.memory).cache(follow)(
            np.asarray(X, np.float64),
            np.asarray(y),
            oracles,
            fixed_steps=fixed_steps,
            epoch_unit=self.epoch_unit,
            patience=self.patience,
            max_steps=self.max_steps,
            n_score=self.n_score,
            random_state=self.random_state,
        )[name]
        self.best_step_, self.stopped_at_ = trained.best_step, trained.stopped_at
        self.seconds_ = trained.seconds
        return trained.resample(X, y, self.random_state)
