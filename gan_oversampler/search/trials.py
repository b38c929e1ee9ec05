"""The loop of a search: rounds of trials are asked, trained together, learned from and told."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import optuna
from optuna.pruners import BasePruner
from optuna.samplers import BaseSampler
from optuna.trial import FrozenTrial, TrialState

from gan_oversampler._utils import Streams
from gan_oversampler.gans.gan import GAN
from gan_oversampler.search import states
from gan_oversampler.search.ledger import ERROR, ROUND, SAME_AS, Ledger, checked, failed, outcome_of
from gan_oversampler.search.outcome import Fold, Networks, Run, SearchedGAN, Stop, TrialOutcome, Weights
from gan_oversampler.search.owners import owner_of_this_search
from gan_oversampler.search.protocol import Strategy, Task, ToldTrial
from gan_oversampler.search.space import SearchSpace
from gan_oversampler.search.stopping import rules_of, stop_by
from gan_oversampler.search.storages import Storage, open_storage, open_study, quiet
from gan_oversampler.search.strategies import strategy_of

POLL: Final = 0.2  # seconds between looks at trials that other processes train


def search_trials(
    space: SearchSpace,
    template: GAN,
    strategy: str | BaseSampler | Callable[[Task], Strategy],
    run: Run,
    *,
    n_trials: int,
    seed: int,
    fingerprint: Mapping[str, str] | None = None,
    batch: int = 8,
    storage: Storage = None,
    study_name: str = "gan_oversampler",
    pruner: BasePruner | None = None,
    max_time: float = math.inf,
    grace: float = 60.0,
    networks: Networks | None = None,
    after_round: Callable[[optuna.Study], None] | None = None,
) -> optuna.Study:
    """Search a space in trials of a study, alone or together with other processes.

    A search that was killed and is started again goes on, and comes to what it would have come to, bit for
    bit, if ``run`` and the strategy depend on nothing else. A trial that fails is noted, and the search goes
    on. The template's own point is the first trial.

    Parameters
    ----------
    space : SearchSpace
        Checked against the template.
    template : GAN
        What is not in the space stays as it is here.
    strategy : str, sampler of Optuna, or function of a Task
        Name in ``STRATEGIES``. The state of a sampler that is given as an object is not kept, so that
        proposals after a restart may differ.
    run : function
        Trains and scores the GANs of a round.
    n_trials : int
        Trials of the study when it is complete, those that failed and those asked by others included.
    seed : int
        Of all proposals.
    fingerprint : mapping of str to str, default=None
        What trials must have in common, besides the space, such as the table.
    batch : int, default=8
        Trials of a round.
    storage, study_name
        See ``storages.open_storage``.
    pruner : pruner of Optuna, default=None
        Stops trials early, see ``stopping``.
    max_time : float, default=inf
        Seconds after which no trial trains further.
    grace : float, default=60.0
        Seconds without a sign of life after which trials of another host are taken over.
    networks : Networks, default=None
        What ``run`` trains, for strategies whose trials share weights; None shares none.
    after_round : function, default=None
        Called with the study after every round.

    Returns
    -------
    study : optuna.Study
        With at least one trial that is complete.

    Raises
    ------
    ValueError
        If the storage cannot be reached, the study is about something else, or a choice is not possible.
    RuntimeError
        If no trial could be completed; the first failure is named.

    Examples
    --------
    >>> from gan_oversampler import GAN, SearchSpace, TrialOutcome, search_trials
    >>> def run(points, stop, starts):  # the longer the noise vector, the better
    ...     return [TrialOutcome((float(p.gan.generator.latent),), 50, 0.0, 1) for p in points]
    >>> space = SearchSpace({"latent": (2, 4, 8, 16)})
    >>> study = search_trials(space, GAN("guided"), "tpe", run, n_trials=16, seed=0)
    >>> study.best_params
    {'latent': 16}
    """
    space.check(template)
    task = Task(space, template, Streams(seed), n_trials, networks)
    with quiet(), owner_of_this_search() as owner:
        kept = open_storage(storage)
        study = open_study(kept, study_name, {"space": space.fingerprint, **(fingerprint or {})})
        ledger = Ledger(study, kept, task, owner, grace)
        clock = Clock(max_time, beat_every=grace / 4)
        search = Rounds(ledger, strategy_of(strategy, task), run, copy.deepcopy(pruner), clock)
        while True:
            number = search.next_round(batch, n_trials)
            if number is not None:
                search.train(number)
                if after_round is not None:
                    after_round(study)
            elif ledger.is_busy():
                time.sleep(POLL)
            else:
                break
            if clock.is_over:
                break
        _check_completed(ledger)
    return study


@dataclass
class Clock:
    """Time of a search, and of the signs of life that it gives."""

    max_time: float
    beat_every: float

    def __post_init__(self) -> None:
        self.begin = self.last_beat = time.monotonic()

    @property
    def is_over(self) -> bool:
        return time.monotonic() - self.begin >= self.max_time

    def beats(self) -> bool:
        """Whether it is time for the next sign of life."""
        now = time.monotonic()
        if now - self.last_beat < self.beat_every:
            return False
        self.last_beat = now
        return True


class Rounds:
    """Rounds of trials under one strategy."""

    def __init__(
        self, ledger: Ledger, strategy: Strategy, run: Run, pruner: BasePruner | None, clock: Clock
    ) -> None:
        self.ledger, self.strategy, self.run = ledger, strategy, run
        self.pruner, self.clock = pruner, clock
        self.memory = Memory(ledger.study, strategy)

    def next_round(self, batch: int, n_trials: int) -> int | None:
        """Claim a round whose process is gone, or ask a new one; None if there is nothing to train."""
        self.ledger.clear_misplaced()
        number = self.ledger.abandoned()
        if number is not None and not self.ledger.claim(number):
            return None
        self.memory.recall(number)
        its = self.ledger.round(number) if number is not None else []
        if any(trial.state != TrialState.RUNNING for trial in its):
            return number  # all of it was asked before the first was told
        return self.ledger.fill(number, self.strategy, batch, n_trials)

    def train(self, number: int) -> None:
        """Train a round, learn from it and tell its trials.

        All of them are trained, also those told by a process that was killed before it had told the others:
        alone, or with fewer others, the rest might differ in the last bits.
        """
        trials = self.ledger.round(number)
        fresh = [trial for trial in trials if SAME_AS not in trial.user_attrs]
        stopped: set[int] = set()
        outcomes = dict(zip([trial.number for trial in fresh], self._outcomes(fresh, number, stopped)))
        pruned = {fresh[position].number for position in stopped}
        for trial in trials:
            if trial.number not in outcomes:
                outcomes[trial.number] = self._copied(trial.user_attrs[SAME_AS], outcomes)
        told = [ToldTrial(trial.number, trial.params, outcomes[trial.number]) for trial in trials]
        self.memory.learn(number, told)
        for trial in trials:
            origin = trial.user_attrs.get(SAME_AS, trial.number)
            is_pruned = origin in pruned if origin in outcomes else outcomes[trial.number].is_stopped
            self.ledger.study.sampler = self.strategy.sampler(self.ledger.study, trial.number)
            self.ledger.tell(trial, outcomes[trial.number], is_pruned=is_pruned)

    def _copied(self, origin: int, outcomes: Mapping[int, TrialOutcome]) -> TrialOutcome:
        """Outcome of the earlier trial of the same GAN."""
        if origin not in outcomes:
            return outcome_of(self.ledger.study.get_trials(deepcopy=False)[origin])
        its = outcomes[origin]
        return failed(f"same as trial {origin}, which failed: {its.error}") if its.error else its

    def _outcomes(self, trials: Sequence[FrozenTrial], number: int, stopped: set[int]) -> list[TrialOutcome]:
        """Outcomes of the trials of a round, where those whose GAN cannot be built have failed."""
        outcomes: list[TrialOutcome | None] = [None] * len(trials)
        gans: dict[int, SearchedGAN] = {}
        task = self.ledger.task
        for position, trial in enumerate(trials):
            try:
                gans[position] = task.space.trial_of(trial.params, task.template)
            except Exception as error:
                outcomes[position] = failed(_text(error))
        starts = self.strategy.starts(list(gans.values()))
        for position, outcome in self._trained(gans, dict(zip(gans, starts)), number, stopped).items():
            outcomes[position] = checked(outcome)
        return [outcome for outcome in outcomes if outcome is not None]

    def _trained(
        self,
        gans: Mapping[int, SearchedGAN],
        starts: Mapping[int, Mapping[Fold, Weights] | None],
        number: int,
        stopped: set[int],
    ) -> dict[int, TrialOutcome]:
        """Train GANs together or, where that fails, one by one, by their positions in the round."""
        if not gans:
            return {}
        positions, marked = list(gans), set[int]()
        try:
            stop = self._stop(number, len(gans), marked)
            outcomes = self.run(
                list(gans.values()), stop, [starts[position] for position in starts if position in gans]
            )
        except Exception as error:
            if len(gans) == 1:
                return {positions[0]: failed(_text(error))}
            alone: dict[int, TrialOutcome] = {}
            for position, gan in gans.items():
                alone |= self._trained({position: gan}, starts, number, stopped)
            return alone
        stopped.update(positions[index] for index in marked)
        return dict(zip(positions, outcomes, strict=True))

    def _stop(self, number: int, n_gans: int, marked: set[int]) -> Stop:
        """Rules of this round; when time is over, all trials stop, and count with what they have reached."""
        trials = self.ledger.trials
        earlier = [its for its in trials if its.user_attrs[ROUND] != number and SAME_AS not in its.user_attrs]
        by_rules = stop_by(rules_of(self.strategy.rungs, self.pruner, earlier, n_gans), marked)

        def stop(step: int, utilities: Mapping[int, tuple[float, ...]]) -> Sequence[int]:
            if self.clock.beats():
                self.ledger.beat(number)
            return list(utilities) if self.clock.is_over else by_rules(step, utilities)

        return stop


class Memory:
    """What a strategy has learned, in step with what the study keeps of it."""

    def __init__(self, study: optuna.Study, strategy: Strategy) -> None:
        self.study, self.strategy = study, strategy
        self.initial = strategy.state()
        self.current: states.Revision | None = None

    def recall(self, number: int | None) -> None:
        """Restore the newest state that has not learned from this round, as far back as the study goes."""
        kept = states.revisions(self.study)
        before = [revision for revision in kept if number not in revision.rounds]
        if not before and len(kept) == states.N_KEPT:
            before = kept
        newest = before[-1] if before else None
        if newest == self.current:
            return
        state = self.initial if newest is None else states.load(self.study, newest)
        if state is not None:
            self.strategy.restore(state)
            self.current = newest

    def learn(self, number: int, told: Sequence[ToldTrial]) -> None:
        """Learn from a round once, after what others have learned meanwhile."""
        self.recall(number)
        rounds = self.current.rounds if self.current else ()
        if number in rounds:
            return
        self.strategy.learn(told)
        state = self.strategy.state()
        if state:
            self.current = states.save(self.study, state, (*rounds, number))


def _text(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


def _check_completed(ledger: Ledger) -> None:
    trials = ledger.trials
    if any(trial.state == TrialState.COMPLETE for trial in trials):
        return
    errors = [f"trial {it.number}: {it.user_attrs[ERROR]}" for it in trials if ERROR in it.user_attrs]
    reason = f"The first failure was that of {errors[0]}." if errors else "Give `max_time` more seconds."
    raise RuntimeError(f"The search has {len(trials)} trials, and none was completed. {reason}")
