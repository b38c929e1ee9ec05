"""From a finished study to the facts that a report keeps."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

import optuna
from optuna.importance import FanovaImportanceEvaluator, get_param_importances
from optuna.trial import FrozenTrial, TrialState

from gan_oversampler.gans.gan import GAN
from gan_oversampler.reporting.search_facts import COMPLETE, FAILED, PRUNED, TrialFacts
from gan_oversampler.search.dimensions import read
from gan_oversampler.search.ledger import ASKED_AS, ERROR, SAME_AS, UTILITIES
from gan_oversampler.search.rules import settle
from gan_oversampler.search.storages import quiet

STATES: Final = {TrialState.COMPLETE: COMPLETE, TrialState.PRUNED: PRUNED}
MIN_TRIALS: Final = 20  # fewer say nothing about importances


def trials_of(study: optuna.Study) -> list[FrozenTrial]:
    """Finished trials that have a place in the search, in the order of their numbers."""
    trials = study.get_trials(deepcopy=False)
    return [t for t in trials if t.state.is_finished() and t.user_attrs.get(ASKED_AS) == t.number]


def is_complete(trial: FrozenTrial) -> bool:
    """Whether a trial has trained to its end and has a value."""
    return trial.state == TrialState.COMPLETE


def best_of(trials: Sequence[FrozenTrial]) -> FrozenTrial:
    """The complete trial with the highest value; of equal ones the first."""
    return max(filter(is_complete, trials), key=lambda trial: (float(trial.value or 0.0), -trial.number))


def trial_facts(trial: FrozenTrial, sign: float, template: GAN) -> TrialFacts:
    """Read the facts of one trial; ``sign`` turns utilities into scores.

    Choices without effect, such as those of cells that it does not have, are left out.
    """
    settled = settle(read(template) | trial.params)
    attrs: dict[str, Any] = trial.user_attrs
    utilities = attrs.get(UTILITIES, [])
    return TrialFacts(
        number=trial.number,
        state=STATES.get(trial.state, FAILED),
        score=sign * math.fsum(utilities) / len(utilities) if utilities else math.nan,
        by_fold=tuple(sign * value for value in utilities),
        step=attrs.get("step", 0),
        seconds=attrs.get("seconds", 0.0),
        n_parameters=attrs.get("n_parameters", 0),
        params={name: settled[name] for name in trial.params if name in settled},
        same_as=attrs.get(SAME_AS),
        error=attrs.get(ERROR, ""),
    )


def importances_of(study: optuna.Study) -> dict[str, float]:
    """Share of the variance of values that each dimension explains, the largest first; {} where none can."""
    values = [t.value for t in study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))]
    if len(values) < MIN_TRIALS or len(set(values)) < 2:
        return {}
    with quiet():
        found = get_param_importances(study, evaluator=FanovaImportanceEvaluator(seed=0))
    return {name: float(share) for name, share in found.items()}
