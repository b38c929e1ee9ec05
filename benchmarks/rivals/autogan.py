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
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_memory

from benchmarks.rivals.cgan import Cgan, Generator, generate
from benchmarks.rivals.common import (
    ColumnRange,
    Labels,
    Rows,
    Task,
    one_thread,
    stream_of,
)
from benchmarks.rivals.oracles import ORACLES, Score

FIXED_STEPS: Final = 1500  # what is trained beside the oracles where trainings are shared


@dataclass
class Arm:
    """What one oracle has made of the training so far.

    Attributes
    ----------
    score : callable
        The oracle.
    generator : Generator
        The best so far, at first the untrained one.
    best, best_step, failed : float, int, int
        Its score, its step, failures in a row since.
    stopped_at : int
        Step of the last scoring.
    seconds : float
        What this arm would have taken alone.
    """

    score: Score
    generator: Any
    best: float = -math.inf
    best_step: int = 0
    failed: int = 0
    stopped_at: int = 0
    seconds: float = 0.0

    def observe(self, generator: Any, step: int) -> None:
        """Score; a tie, or a number that is not finite, is a failure."""
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
    """No oracle: the generator after ``n_steps``, or the last one if training ends before.

    Attributes
    ----------
    n_steps : int
        A whole number of units.
    """

    n_steps: int = 0

    def observe(self, generator: Any, step: int) -> None:
        """Take every generator until then, and leave."""
        self.generator, self.best_step, self.stopped_at = copy.deepcopy(generator), step, step
        self.failed = sys.maxsize if step >= self.n_steps else 0


class Trainable(Protocol):
    """A GAN that can be trained on."""

    generator: Any

    def train(self, n_steps: int) -> None: ...


@dataclass(frozen=True)
class Budget:
    """Steps between scorings, failures in a row that are forgiven, steps after which all stop."""

    epoch_unit: int = 100
    patience: int = 10
    max_steps: float = math.inf


def train_until_all_stop(gan: Trainable, arms: Sequence[Arm], budget: Budget) -> None:
    """The AutoGAN loop, with any number of oracles that watch one training."""
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
    """A generator chosen by one oracle.

    Attributes
    ----------
    generator, scale : Generator, ColumnRange
        What makes rows in [-1, 1], and what brings them back.
    best_step, stopped_at : int
        Step the generator is from, step at which training ended.
    seconds : float
        Of training and of this oracle's scorings.
    """

    generator: Generator
    scale: ColumnRange
    best_step: int
    stopped_at: int
    seconds: float

    def draw(self, codes: Labels, random_state: int) -> Rows:
        """Rows of these classes on the scale of the training rows."""
        with one_thread():
            rows = generate(self.generator, codes, stream_of(random_state, "sampling"))
        return self.scale.back((rows + 1) / 2)

    def resample(self, X: Any, y: Any, random_state: int = 0) -> tuple[Rows, Any]:
        """The rows it was trained on, and after them what the minority lacks."""
        task = Task.of(X, y)
        return task.with_new(self.draw(np.full(task.n_new, task.minority), random_state))


@dataclass
class _Run:
    """One training: its data on the scale of the network, its GAN, its clock."""

    task: Task
    random_state: int
    scale: ColumnRange = field(init=False)
    gan: Cgan = field(init=False)
    rows: Rows = field(init=False)

    def __post_init__(self) -> None:
        self.scale = ColumnRange.of(self.task.X)
        self.rows = 2 * self.scale.to_unit(self.task.X) - 1
        self.gan = Cgan(self.rows, self.task.codes, self.random_state)

    def arm(self, oracle: str, n_score: int) -> Arm:
        started = time.perf_counter()
        score = ORACLES[oracle](self.rows, self.task.codes, n_score, self.random_state)
        untrained = copy.deepcopy(self.gan.generator)
        return Arm(score, untrained, seconds=time.perf_counter() - started)

    def fixed_arm(self, n_steps: int) -> Arm:
        return FixedArm(lambda generator: math.nan, self.gan.generator, n_steps=n_steps)

    def result(self, arm: Arm) -> Trained:
        return Trained(arm.generator, self.scale, arm.best_step, arm.stopped_at, arm.seconds)


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
    """One training that several oracles watch; each one's choice is the same as if it watched alone.

    With ``fixed_steps`` the generator of that step is among the results, as "fixed".

    >>> arms = follow(X, y)  # doctest: +SKIP
    >>> tables = {oracle: trained.resample(X, y) for oracle, trained in arms.items()}  # doctest: +SKIP
    """
    with one_thread():
        run = _Run(Task.of(X, y), random_state)
        arms = {oracle: run.arm(oracle, n_score) for oracle in oracles}
        if fixed_steps is not None:
            arms["fixed"] = run.fixed_arm(fixed_steps)
        cap = max_steps if oracles or fixed_steps is None else fixed_steps
        budget = Budget(epoch_unit, patience, math.inf if cap is None else cap)
        train_until_all_stop(run.gan, list(arms.values()), budget)
    return {oracle: run.result(arm) for oracle, arm in arms.items()}


class AutoGAN(BaseEstimator):
    """AutoGAN as an oversampler of two classes.

    Parameters
    ----------
    oracle : {"cas_real", "fcd"}
        Who scores; the two that beat a fixed number of steps in the authors' own results.
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
        Where trainings are kept, so that oracles that ask for the same one share it.
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
        """Originals, and after them as many generated rows as the minority lacks."""
        trained = self._trained(X, y)
        self.best_step_, self.stopped_at_ = trained.best_step, trained.stopped_at
        self.seconds_ = trained.seconds
        return trained.resample(X, y, self.random_state)

    def _trained(self, X: Any, y: Any) -> Trained:
        """Without a memory only what is asked for; with one all arms are trained at once, and remembered."""
        asked = self.oracle if self.fixed_steps is None else "fixed"
        alone = () if asked == "fixed" else (asked,)
        arms = check_memory(self.memory).cache(follow)(
            np.asarray(X, np.float64),
            np.asarray(y),
            alone if self.memory is None else tuple(ORACLES),
            fixed_steps=self.fixed_steps if self.memory is None else self.fixed_steps or FIXED_STEPS,
            epoch_unit=self.epoch_unit,
            patience=self.patience,
            max_steps=self.max_steps,
            n_score=self.n_score,
            random_state=self.random_state,
        )
        return arms[asked]
