"""Which trials of a round stop early: halving at rungs, and pruners of Optuna."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Final, Protocol

import optuna
from optuna.pruners import BasePruner, NopPruner, WilcoxonPruner
from optuna.samplers import RandomSampler
from optuna.trial import FrozenTrial, TrialState, create_trial

from gan_oversampler.search.outcome import Stop

BY_STEP: Final = "utilities by step"
"""Attribute of a trial: utilities per fold by generator updates."""

Utilities = Mapping[int, tuple[float, ...]]
"""Per fold, by the position of a trial in its round."""


class Rule(Protocol):
    """Names the trials that train no further, by their position, after an evaluation round."""

    def __call__(self, step: int, utilities: Utilities) -> Sequence[int]: ...


class Halving:
    """Successive halving (Jamieson & Talwalkar 2016): at each rung the worse half of those left stops.

    A trial counts as good as it has been at its best step, whether it trains or is over.

    >>> halving = Halving((50, 100))
    >>> halving(50, {0: (0.1,), 1: (0.3,), 2: (0.2,), 3: (0.4,)}), halving(60, {1: (0.3,), 3: (0.2,)})
    ([0, 2], [])
    >>> halving(100, {1: (0.3,), 3: (0.2,)})
    [1]
    """

    def __init__(self, rungs: Sequence[int]) -> None:
        self.rungs = sorted(rungs)
        self.best: dict[int, float] = {}  # of trials that no rung has left behind

    def __call__(self, step: int, utilities: Utilities) -> Sequence[int]:
        for position, values in utilities.items():
            self.best[position] = max(self.best.get(position, -math.inf), fmean(values))
        if not self.rungs or step < self.rungs[0]:
            return []
        self.rungs = [rung for rung in self.rungs if rung > step]
        ranked = sorted(self.best, key=lambda position: (-self.best[position], position))
        worse = ranked[math.ceil(len(ranked) / 2) :]
        for position in worse:
            del self.best[position]
        return sorted(position for position in worse if position in utilities)


class Pruning:
    """A pruner of Optuna, which is told mean utilities by generator updates.

    Trials of earlier rounds are reported to it again, in their order, so that what it notes of them does not
    depend on whether the search was interrupted.
    """

    def __init__(self, pruner: BasePruner, earlier: Sequence[FrozenTrial], n_trials: int) -> None:
        view = _view(pruner)
        for told in earlier:
            trial = view.ask()
            for step, values in told.user_attrs[BY_STEP].items():
                if int(step):
                    trial.report(fmean(values), int(step))
                    trial.should_prune()
            is_complete = told.state == TrialState.COMPLETE
            view.tell(trial, told.value if is_complete else None, state=told.state)
        self.trials = [view.ask() for _ in range(n_trials)]

    def __call__(self, step: int, utilities: Utilities) -> Sequence[int]:
        if not step:
            return []
        for position, values in utilities.items():
            self.trials[position].report(fmean(values), step)
        return [position for position in utilities if self.trials[position].should_prune()]


class FoldPruning:
    """Optuna's ``WilcoxonPruner``, which is told the utilities of the folds.

    Folds are compared with those of the best trial of earlier rounds after as many generator updates, or at
    its end. Three folds can never reach a p-value below 0.125, nor five one below 0.031.
    """

    def __init__(self, pruner: WilcoxonPruner, earlier: Sequence[FrozenTrial]) -> None:
        completed = [trial for trial in earlier if trial.state == TrialState.COMPLETE]
        self.pruner = pruner
        self.best = max(completed, key=lambda trial: float(trial.value or 0), default=None)

    def __call__(self, step: int, utilities: Utilities) -> Sequence[int]:
        if not step or self.best is None:
            return []
        by_step = {int(at): values for at, values in self.best.user_attrs[BY_STEP].items()}
        at = max((at for at in by_step if at <= step), default=None)
        if at is None:
            return []
        view = _view(self.pruner)
        view.add_trial(create_trial(value=self.best.value, intermediate_values=dict(enumerate(by_step[at]))))
        return [position for position, values in utilities.items() if _is_pruned(view, values)]


def _is_pruned(view: optuna.Study, values: Sequence[float]) -> bool:
    trial = view.ask()
    for fold, value in enumerate(values):
        trial.report(value, fold)
    return trial.should_prune()


def _view(pruner: BasePruner) -> optuna.Study:
    """Study in memory, whose name never changes: some pruners draw by it."""
    return optuna.create_study(
        study_name="view", direction="maximize", pruner=pruner, sampler=RandomSampler(seed=0)
    )


def rules_of(
    rungs: Sequence[int], pruner: BasePruner | None, earlier: Sequence[FrozenTrial], n_trials: int
) -> list[Rule]:
    """Make the rules for one round; ``earlier`` are the trials that were trained before."""
    rules: list[Rule] = [Halving(rungs)] if rungs else []
    told = [trial for trial in earlier if trial.state.is_finished() and trial.user_attrs.get(BY_STEP)]
    if isinstance(pruner, WilcoxonPruner):
        rules.append(FoldPruning(pruner, told))
    elif pruner is not None and not isinstance(pruner, NopPruner):
        rules.append(Pruning(pruner, told, n_trials))
    return rules


def stop_by(rules: Sequence[Rule], stopped: set[int]) -> Stop:
    """Combine rules; positions that one of them names are noted in ``stopped``."""

    def stop(step: int, utilities: Utilities) -> Sequence[int]:
        named = {position for rule in rules for position in rule(step, utilities)}
        stopped.update(named)
        return sorted(named)

    return stop
