"""The training as it is watched: what ends it early."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from gan_oversampler._utils import warn_user
from gan_oversampler.callbacks import EvaluationRound, Event, in_order
from gan_oversampler.ending import LEFT_OUT, Ending
from gan_oversampler.progress import Progress
from gan_oversampler.training.loop import Watcher, train
from gan_oversampler.training.population import CrossFittedPopulation

INTERRUPTED: Final = (
    "The training was interrupted at step {} of {}. The best generator so far is kept, and the fit goes on"
    " with the choice; interrupt it once more to end it."
)
NO_CHECKPOINT: Final = (
    "The checkpoint of step {} could not be written: {}. The training goes on, and it is tried again after"
    " every evaluation round."
)


class Watch(Watcher):
    """Tells an observer of every evaluation round, and leaves time for what comes after the training.

    Of several oracles the first one's scores are told. Rounds are written to the checkpoint of the services,
    if there is one; the training then goes on from what is found there. ``events`` hold why a training was
    ended early.
    """

    def __init__(self, population: CrossFittedPopulation, ending: Ending) -> None:
        self.population, self.ending = population, ending
        self.plan, self.services = ending.plan, ending.services
        self.trackers, self.evaluators = ending.trackers, ending.evaluators
        self.evaluator = next(iter(ending.evaluators), None)
        self.step = 0
        self.events: list[Event] = []
        self._has_begun = False  # whether anything was scored
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
        if step != self.begun:
            self._write_checkpoint(step)
        is_over = self.services.observer.round_ends(self._found(step))
        if is_over:
            self.note("callback", "asked for the end of the training")
        if not self._has_begun and self.ending.begin(trained=step > 0):
            self.note("max_time", LEFT_OUT)
        self._has_begun = True
        return is_over

    def _write_checkpoint(self, step: int) -> None:
        """Write the training to its file, if there is one; where that fails, the fit goes on all the same."""
        if self.services.checkpoint is None:
            return
        try:
            with self.services.clock.phase("checkpoint"):
                self.services.checkpoint.write(self._progress(step))
        except OSError as error:
            if not any(event.controller == "checkpoint" for event in self.events):
                self.note("checkpoint", "could not be written")
                warn_user(NO_CHECKPOINT.format(step, error), RuntimeWarning)

    def seconds_after(self) -> float:
        return self.ending.seconds(len(self.population.active))

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


def train_watched(population: CrossFittedPopulation, ending: Ending) -> tuple[Event, ...]:
    """Run the loop under the eyes of the user, and collect what was decided meanwhile.

    A Ctrl-C ends the training with a warning, and what was scored before stays; it raises KeyboardInterrupt
    if there is an oracle that has not scored anything to keep.
    """
    watch, plan, services = Watch(population, ending), ending.plan, ending.services
    budget, clock = plan.budget, services.clock

    def log(step: int, specification: int, controller: str, decision: str) -> None:
        watch.events.append(Event(step, plan.gans[specification].label, "", controller, decision))

    try:
        with clock.phase("training"), services.observer.training(budget.max_steps):
            train(population, ending.trackers, budget, lambda: clock.seconds, log, watch, watch.begun)
    except KeyboardInterrupt:
        if not watch.has_choice():
            raise
        watch.note("interrupt", "ended the training")
        warn_user(INTERRUPTED.format(watch.step, budget.max_steps))
    if ending.has_given_up and not ending.is_brief:
        watch.note("max_time", f"a scoring was given up; {LEFT_OUT}")
        ending.is_brief = True
    return in_order((*population.events, *watch.events))
