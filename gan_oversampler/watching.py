"""The training as it is watched: what ends it early, and how long what comes after it will take."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np

from gan_oversampler._utils import warn_user
from gan_oversampler.callbacks import EvaluationRound, Event, in_order
from gan_oversampler.plan import Plan, Services
from gan_oversampler.progress import Progress
from gan_oversampler.selection.draw_options import n_draw_options
from gan_oversampler.selection.scoring import Evaluator
from gan_oversampler.training.loop import OracleTracker, Watcher, train
from gan_oversampler.training.population import CrossFittedPopulation

# What follows a training, in scorings of one candidate: generous figures of fits of 600 to 30000 rows.
REPORT_IN_SCORINGS: Final = 12.0
DRAW_OPTION_IN_SCORINGS: Final = 1.5
REJECTION_IN_SCORINGS: Final = 10.0

INTERRUPTED: Final = (
    "The training was interrupted at step {} of {}. The best generator so far is kept, and the fit goes on"
    " with the choice; interrupt it once more to end it."
)


class Watch(Watcher):
    """Tells an observer of every evaluation round, and estimates what comes after the training.

    There is an evaluator for the tracker of every oracle, of which the first one's scores are told, or none
    without an oracle. Rounds are written to the checkpoint of the ``services``, if there is one; the training
    then goes on from what is found there. ``events`` hold why a training was ended early.
    """

    def __init__(
        self,
        plan: Plan,
        population: CrossFittedPopulation,
        trackers: Sequence[OracleTracker],
        evaluators: Sequence[Evaluator],
        services: Services,
    ) -> None:
        self.plan, self.trackers, self.services = plan, trackers, services
        self.population, self.evaluators = population, evaluators
        self.evaluator = evaluators[0] if evaluators else None
        self.step = 0
        self.events: list[Event] = []
        self.begun = self._restore()

    def _restore(self) -> int | None:
        """Go on from the checkpoint's last evaluation round, and return its step; None if there is none."""
        checkpoint, clock = self.services.checkpoint, self.services.clock
        if checkpoint is None or checkpoint.found is None:
            return None
        found = checkpoint.found
        found.restore(self.population, self.trackers, self.evaluators)
        clock.goes_on_from(found.seconds, found.by_phase)
        self.events += found.events
        self.step = found.step
        self.services.observer.say(f"goes on from step {found.step}, which the checkpoint holds")
        return found.step

    def round_begins(self) -> None:
        self.services.observer.round_begins()

    def step_ends(self, step: int) -> None:
        self.step = step
        self.services.observer.step_ends(step)

    def round_ends(self, step: int) -> bool:
        if self.services.checkpoint and step != self.begun:
            with self.services.clock.phase("checkpoint"):
                self.services.checkpoint.write(self._progress(step))
        is_over = self.services.observer.round_ends(self._found(step))
        if is_over:
            self.note("callback", "asked for the end of the training")
        return is_over

    def seconds_after(self) -> float:
        """Estimate the seconds from the last step to the new rows by those that scorings have taken so far.

        There is one more evaluation round, and then the choice, rejection and report of every oracle.
        """
        plan, n_scored = self.plan, sum(len(tracker.scored) for tracker in self.trackers)
        n_trained = sum(bool(gan.active_terms) for gan in plan.gans)
        n_options = n_draw_options(len(plan.gans), plan.policy, plan.choose_ratio)
        n_after = n_trained + REPORT_IN_SCORINGS + DRAW_OPTION_IN_SCORINGS * n_options
        n_after += REJECTION_IN_SCORINGS if plan.rejection else 0
        seconds = self.services.clock.by_phase.get("oracle", 0.0)
        return len(self.trackers) * n_after * seconds / max(n_scored, 1)

    def note(self, what: str, decision: str) -> None:
        """Keep an event that concerns all GANs."""
        self.events.append(Event(self.step, "all GANs", "", what, decision))

    def has_choice(self) -> bool:
        """Tell whether every oracle has scored a generator that may be kept."""
        return all(
            any(entry.candidate.may_be_kept and math.isfinite(entry.mean) for entry in tracker.scored)
            for tracker in self.trackers
        )

    def _progress(self, step: int) -> Progress:
        clock, events = self.services.clock, tuple(self.events)
        facts = {"events": events, "seconds": clock.seconds, "by_phase": clock.by_phase}
        return Progress.of(step, self.population, self.trackers, self.evaluators, **facts)

    def _found(self, step: int) -> EvaluationRound:
        """The evaluation round that ends now, by the first oracle."""
        max_steps, seconds = self.plan.budget.max_steps, self.services.clock.seconds
        if self.evaluator is None:
            return EvaluationRound(step, max_steps, seconds=seconds)
        sign, scored, oracle = self.evaluator.sign, self.trackers[0].scored, self.evaluator.oracle
        now = [entry for entry in scored if entry.candidate.step == step]
        known = [entry.mean for entry in scored if entry.candidate.may_be_kept and np.isfinite(entry.mean)]
        return EvaluationRound(
            step,
            max_steps,
            tuple((self.plan.gans[entry.candidate.specification].label, sign * entry.mean) for entry in now),
            sign * max(known, default=math.nan),
            oracle.score_name,
            oracle.greater_is_better,
            seconds,
        )


def train_watched(
    plan: Plan,
    population: CrossFittedPopulation,
    trackers: Sequence[OracleTracker],
    evaluators: Sequence[Evaluator],
    services: Services,
) -> tuple[Event, ...]:
    """Run the loop under the eyes of the user, and collect what was decided meanwhile.

    A Ctrl-C ends the training with a warning, and what was scored before stays; it raises KeyboardInterrupt
    if there is an oracle that has not scored anything to keep.
    """
    watch = Watch(plan, population, trackers, evaluators, services)
    budget, clock = plan.budget, services.clock

    def log(step: int, specification: int, controller: str, decision: str) -> None:
        watch.events.append(Event(step, plan.gans[specification].label, "", controller, decision))

    try:
        with clock.phase("training"), services.observer.training(budget.max_steps):
            train(population, trackers, budget, lambda: clock.seconds, log, watch, watch.begun)
    except KeyboardInterrupt:
        if not watch.has_choice():
            raise
        watch.note("interrupt", "ended the training")
        warn_user(INTERRUPTED.format(watch.step, budget.max_steps))
    return in_order((*population.events, *watch.events))
