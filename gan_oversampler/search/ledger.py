"""The trials of a search as its study keeps them: asked, claimed, taken over and told."""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from statistics import fmean
from typing import Any, Final

import optuna
from optuna.distributions import BaseDistribution
from optuna.exceptions import UpdateFinishedTrialError
from optuna.samplers import BaseSampler
from optuna.storages import BaseStorage, InMemoryStorage
from optuna.trial import FrozenTrial, TrialState, create_trial

from gan_oversampler.search.outcome import TrialOutcome
from gan_oversampler.search.owners import Owner, is_gone
from gan_oversampler.search.protocol import Strategy, Task
from gan_oversampler.search.stopping import BY_STEP
from gan_oversampler.search.storages import without_experimental_warnings

# Attributes of a trial.
ASKED_AS: Final = "asked as"  # number that it was asked for; another process may have been quicker
ROUND: Final = "round"  # number of the first trial that is trained together with it
OWNER: Final = "owner"
HEARTBEAT: Final = "heartbeat"
KEY: Final = "key"
SAME_AS: Final = "same as"  # number of an earlier trial of the same GAN, which is not trained again
UTILITIES: Final = "utilities"
ERROR: Final = "error"
FIGURES: Final = ("step", "seconds", "n_parameters")


@dataclass
class Ledger:
    """Trials of one study, as one of the processes that share it sees and changes them.

    Every change is a single operation of the storage, or can be repeated: a process may be killed between
    any two of them, and another one, or the same again, goes on.
    """

    study: optuna.Study
    storage: BaseStorage
    task: Task
    owner: Owner
    grace: float
    keys: dict[int, str] = field(default_factory=dict)

    @property
    def trials(self) -> list[FrozenTrial]:
        """All trials that have a place in the search, in the order of their numbers."""
        trials = self.study.get_trials(deepcopy=False)
        return [trial for trial in trials if trial.user_attrs.get(ASKED_AS) == trial.number]

    def round(self, number: int) -> list[FrozenTrial]:
        """Trials that are trained together, as they now are."""
        return [trial for trial in self.trials if trial.user_attrs[ROUND] == number]

    # --- Asking -----------------------------------------------------------------------------------------

    def fill(self, number: int | None, strategy: Strategy, size: int, n_trials: int) -> int | None:
        """Ask trials until the round holds ``size``, or the search ``n_trials``; return the round's number.

        None starts a new round, if the search has room for one.
        """
        while len(self.trials) < n_trials and (number is None or len(self.round(number)) < size):
            asked = self._ask(number, strategy)
            number = asked if number is None else number
        return number

    def _ask(self, number: int | None, strategy: Strategy) -> int | None:
        """Propose and write one trial; return the number of its round, as it was if another was quicker."""
        asked_as = len(self.study.get_trials(deepcopy=False))
        own_round = asked_as if number is None else number
        params, noted = self._proposed(strategy.sampler(self.study, asked_as))
        if len(self.study.get_trials(deepcopy=False)) > asked_as:  # proposing takes long, looking does not
            return number
        key = self._key(params)
        attrs = {ASKED_AS: asked_as, ROUND: own_round, OWNER: self._claiming, KEY: key}
        seen = self._seen(key, own_round)
        if seen is not None:
            attrs[SAME_AS] = seen
        trial = create_trial(
            state=TrialState.RUNNING,
            params=params,
            distributions=self._distributions,
            user_attrs=attrs,
            system_attrs=noted,
        )
        trial_id = self.storage.create_new_trial(self._study_id, template_trial=trial)
        if self.storage.get_trial(trial_id).number == asked_as:
            return own_round
        self.clear_misplaced()
        return number

    def _proposed(self, sampler: BaseSampler) -> tuple[dict[str, Any], dict[str, Any]]:
        """Params of the next trial, and what the sampler notes of it.

        They are asked for in a copy of the study in memory, so that the trial is written in one piece.
        """
        trials = self.study.get_trials(deepcopy=False)
        if not trials:
            return self.task.space.start(self.task.template), {}
        storage = InMemoryStorage()
        copy = optuna.create_study(storage=storage, direction="maximize", sampler=sampler)
        for trial in trials:
            storage.create_new_trial(storage.get_study_id_from_name(copy.study_name), template_trial=trial)
        with without_experimental_warnings():
            copy.ask(self._distributions)
        asked = copy.get_trials(deepcopy=False)[-1]
        return asked.params, asked.system_attrs

    def _seen(self, key: str, own_round: int) -> int | None:
        """Number of the trial whose outcome will be that of this key, too."""
        for trial in self.trials:
            is_done = trial.state in (TrialState.COMPLETE, TrialState.PRUNED)
            is_to_come = trial.user_attrs[ROUND] == own_round
            if trial.user_attrs[KEY] == key and SAME_AS not in trial.user_attrs and (is_done or is_to_come):
                return trial.number
        return None

    def _key(self, params: Mapping[str, Any]) -> str:
        text = self.task.space.key(params, self.task.template)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @property
    def _distributions(self) -> dict[str, BaseDistribution]:
        return dict(self.task.distributions)

    @property
    def _study_id(self) -> int:
        return self.storage.get_study_id_from_name(self.study.study_name)

    # --- Claiming ---------------------------------------------------------------------------------------

    def abandoned(self) -> int | None:
        """Number of the first round that has unfinished trials, and whose owner is gone."""
        for trial in self.trials:
            if trial.state == TrialState.RUNNING and self._is_gone(trial):
                return int(trial.user_attrs[ROUND])
        return None

    def claim(self, number: int) -> bool:
        """Take over a round; False if another process has been quicker."""
        for trial in self.round(number):
            self._note(trial, OWNER, self._claiming)
        unfinished = [trial for trial in self.round(number) if trial.state == TrialState.RUNNING]
        return all(self._is_own(trial) for trial in unfinished)

    def beat(self, number: int) -> None:
        """Leave a sign of life at the trials of a round, for processes of other hosts."""
        for trial in self.round(number):
            self._note(trial, HEARTBEAT, time.time())

    def is_busy(self) -> bool:
        """Whether any trial of the search is not finished."""
        return any(trial.state == TrialState.RUNNING for trial in self.trials)

    def clear_misplaced(self) -> None:
        """Fail trials that were asked for a number that another process got, unless it is about to do so."""
        for trial in self.study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
            attrs = trial.user_attrs
            is_misplaced = ASKED_AS in attrs and attrs[ASKED_AS] != trial.number
            if is_misplaced and (self._is_own(trial) or self._is_gone(trial)):
                self._note(trial, ERROR, "surplus: two processes asked at once")
                self._tell(trial, None, TrialState.FAIL)

    @property
    def _claiming(self) -> Owner:
        """The owner of what is claimed now."""
        return {**self.owner, "at": time.time()}

    def _is_own(self, trial: FrozenTrial) -> bool:
        return bool(trial.user_attrs[OWNER]["search"] == self.owner["search"])

    def _is_gone(self, trial: FrozenTrial) -> bool:
        attrs = trial.user_attrs
        return is_gone(attrs[OWNER], attrs.get(HEARTBEAT, 0.0), self.grace)

    # --- Telling ----------------------------------------------------------------------------------------

    def tell(self, trial: FrozenTrial, outcome: TrialOutcome, *, is_pruned: bool) -> None:
        """Write an outcome, unless another process has done so; the state of the trial comes last."""
        if outcome.error:
            self._note(trial, ERROR, outcome.error)
            self._tell(trial, None, TrialState.FAIL)
            return
        self._note(trial, UTILITIES, list(outcome.utilities))
        for figure in FIGURES:
            self._note(trial, figure, getattr(outcome, figure))
        self._note(trial, BY_STEP, {str(step): list(values) for step, values in outcome.by_step.items()})
        for step, values in outcome.by_step.items():
            with suppress(UpdateFinishedTrialError):
                self.storage.set_trial_intermediate_value(self._id(trial), step, fmean(values))
        if is_pruned and outcome.by_step:
            self._tell(trial, None, TrialState.PRUNED)
        else:
            self._tell(trial, fmean(outcome.utilities), TrialState.COMPLETE)

    def _tell(self, trial: FrozenTrial, value: float | None, state: TrialState) -> None:
        try:
            self.study.tell(trial.number, value, state=state, skip_if_finished=True)
        except UpdateFinishedTrialError:
            pass
        except RuntimeError as error:  # a sampler whose points are all tried asks for the end, which is ours
            if "Study.stop" not in str(error):
                raise

    def _note(self, trial: FrozenTrial, name: str, value: object) -> None:
        with suppress(UpdateFinishedTrialError):
            self.storage.set_trial_user_attr(self._id(trial), name, value)

    def _id(self, trial: FrozenTrial) -> int:
        return self.storage.get_trial_id_from_study_id_trial_number(self._study_id, trial.number)


def outcome_of(trial: FrozenTrial) -> TrialOutcome:
    """Read what was told of a finished trial; losses and weights are not kept."""
    attrs = trial.user_attrs
    if trial.state not in (TrialState.COMPLETE, TrialState.PRUNED):
        return failed(f"same as trial {trial.number}, which failed: {attrs.get(ERROR, 'no reason known')}")
    return TrialOutcome(
        utilities=tuple(attrs[UTILITIES]),
        **{figure: attrs[figure] for figure in FIGURES},
        by_step={int(step): tuple(values) for step, values in attrs[BY_STEP].items()},
        is_stopped=trial.state == TrialState.PRUNED,
    )


def failed(error: str) -> TrialOutcome:
    """Outcome of a trial without scores."""
    return TrialOutcome(utilities=(), step=0, seconds=0.0, n_parameters=0, error=error)


def checked(outcome: TrialOutcome) -> TrialOutcome:
    """Make an outcome without finite scores a failure."""
    if outcome.error or (outcome.utilities and all(map(math.isfinite, outcome.utilities))):
        return outcome
    return failed(f"no finite score: utilities {outcome.utilities!r}")
