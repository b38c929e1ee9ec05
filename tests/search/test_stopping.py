"""Which trials stop early: the worse half at each rung, and those that a pruner of Optuna names."""

import numpy as np
import optuna
import pytest
from optuna.trial import TrialState, create_trial

from gan_oversampler.search.stopping import BY_STEP, FoldPruning, Halving, rules_of, stop_by


@pytest.mark.parametrize("n", [2, 3, 7, 8])
def test_at_a_rung_the_worse_half_stops(n):
    utilities = {number: (float(number),) for number in range(n)}
    assert Halving([50])(50, utilities) == list(range(n // 2))


def test_a_trial_counts_as_good_as_it_has_been():
    halving = Halving([100])
    assert halving(50, {0: (0.9,), 1: (0.5,)}) == []
    assert halving(100, {0: (0.1,), 1: (0.6,)}) == [1]


def test_trials_that_are_over_still_count():
    halving = Halving([50, 100])
    halving(50, {0: (1.0,), 1: (2.0,), 2: (3.0,), 3: (4.0,)})
    assert halving(100, {3: (1.0,)}) == []  # 2 is over with 3.0, 3 has had 4.0


def told(value, by_step, state=TrialState.COMPLETE):
    return create_trial(value=value, state=state, user_attrs={BY_STEP: by_step})


def test_folds_are_compared_with_those_of_the_best_trial_after_as_many_steps():
    folds = np.arange(8.0)
    best = told(9.0, {"50": (folds + 1).tolist(), "100": (folds + 9).tolist()})
    with pytest.warns(optuna.exceptions.ExperimentalWarning):
        wilcoxon = optuna.pruners.WilcoxonPruner(p_threshold=0.1, n_startup_steps=2)
    pruning = FoldPruning(wilcoxon, [best])
    worse, better = tuple(folds + np.linspace(-2, -1, 8)), tuple(folds + np.linspace(2, 3, 8))
    assert pruning(50, {0: worse, 1: better}) == [0]
    assert pruning(100, {0: worse, 1: better}) == [0, 1]
    assert FoldPruning(wilcoxon, [])(50, {0: worse}) == []


def test_rules_are_combined_and_noted():
    stopped = set()
    stop = stop_by([lambda step, utilities: [1], lambda step, utilities: [0, 1]], stopped)
    assert stop(50, {0: (1.0,), 1: (2.0,)}) == [0, 1]
    assert stopped == {0, 1}


def test_without_rungs_or_pruner_nothing_stops():
    assert rules_of((), None, [], 3) == []
    assert rules_of((), optuna.pruners.NopPruner(), [], 3) == []
