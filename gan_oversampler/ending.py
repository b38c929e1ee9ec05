"""What follows a training: how long it will take, by what was measured, and what is left out in a hurry."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from gan_oversampler._utils import warn_user
from gan_oversampler.plan import Plan, Services
from gan_oversampler.sampling.sources import draw_classes
from gan_oversampler.selection.candidate_sources import generator_sources
from gan_oversampler.selection.draw_options import n_draw_options
from gan_oversampler.selection.problem import Problem
from gan_oversampler.selection.scoring import Evaluator
from gan_oversampler.training.data import TrainingData
from gan_oversampler.training.loop import OracleTracker

# What cannot be measured before, by what can: generous means of fits of 500 to 20000 rows.
GATHERING_IN_SCORINGS: Final = 0.25  # rows of the report
FIDELITY_IN_SCORINGS: Final = 1.0
DRAW_OPTION_IN_SCORINGS: Final = 1.25
REJECTION_IN_SCORINGS: Final = 10.0
PROBE: Final = 2000  # rows drawn to learn how long new rows take

LEFT_OUT: Final = "the report leaves out scores of labels and of draw options"
TOO_SHORT: Final = (
    "max_time={:g} is too short for this table: the scores of the baselines and of the untrained generators,"
    f" the choice and the new rows alone take about {{:.1f}} seconds. Nothing is trained, and {LEFT_OUT}."
)


@dataclass
class Ending:
    """All that a fit does after its training, within ``max_time``.

    The report is brief, and nothing but the generator is chosen, where the whole would not fit. There is an
    evaluator for each of the trackers, or none without an oracle.
    """

    plan: Plan
    problem: Problem
    data: TrainingData
    trackers: Sequence[OracleTracker]
    evaluators: Sequence[Evaluator]
    services: Services
    is_brief: bool = False  # whether what is optional is left out

    def __post_init__(self) -> None:
        self._baselines = self.services.clock.by_phase.get("baselines", 0.0)
        self._draw = 0.0  # seconds, once they are known

    @property
    def choices(self) -> Plan:
        """The plan of the choice, in which the oracle chooses neither policy nor ratio if it is brief."""
        if not self.is_brief:
            return self.plan
        policy = None if isinstance(self.plan.policy, str | tuple) else self.plan.policy
        return replace(self.plan, policy=policy, choose_ratio=False)

    @property
    def has_given_up(self) -> bool:
        """Whether a scoring ended without a score, because it went on beyond ``max_time``."""
        return any(evaluator.limit.was_reached for evaluator in self.evaluators)

    def begin(self, *, trained: bool = False) -> bool:
        """Measure what needs no trained generator, and tell whether the rest must be brief.

        It is called once something has been scored, and does nothing without a limit; of 0 seconds it is
        known that they are too short. Warns if even what must be done does not fit, unless something was
        ``trained``, which took time, too.
        """
        limit, clock = self.plan.budget.max_time, self.services.clock
        if not 0 < limit < math.inf:
            return False
        if self.has_given_up:  # which was warned of
            self.is_brief = True
            return True
        with clock.phase("estimate"):
            self._draw = self._seconds_to_draw()
        self.is_brief = bool(self.evaluators) and self._ends_at() > limit
        if self.is_brief and not trained and (needed := self._ends_at()) > limit:
            warn_user(TOO_SHORT.format(limit, needed))
        return self.is_brief

    def seconds(self, n_trained: int) -> float:
        """Estimate the seconds of an evaluation round of so many GANs and of everything that follows it."""
        plan, choices, n_oracles = self.plan, self.choices, len(self.evaluators)
        n_options = n_draw_options(len(plan.gans), choices.policy, choices.choose_ratio)
        n_scorings = n_trained + GATHERING_IN_SCORINGS + DRAW_OPTION_IN_SCORINGS * n_options
        n_scorings += REJECTION_IN_SCORINGS if plan.rejection else 0
        n_scored = sum(len(tracker.scored) for tracker in self.trackers)
        scoring = self.services.clock.by_phase.get("oracle", 0.0) / max(n_scored, 1)
        needed = n_oracles * n_scorings * scoring + self._draw
        if self.is_brief or not n_oracles:
            return needed
        # The labels of all baselines are scored, and those of what is kept.
        n_labelled = sum(evaluator.oracle.of_labels() is not None for evaluator in self.evaluators)
        labels = n_labelled * (self._baselines / n_oracles + scoring)
        return needed + labels + n_oracles * FIDELITY_IN_SCORINGS * scoring

    def _ends_at(self) -> float:
        """Seconds at which the fit ends if it trains no more."""
        return self.services.clock.seconds + self.seconds(0)

    def _seconds_to_draw(self) -> float:
        """Seconds that all new rows will take, by those of a few rows of an untrained generator."""
        clock, streams, n_new = self.services.clock, self.services.streams.child("probe"), self.problem.n_new
        code, total = max(n_new, key=lambda code: n_new[code]), sum(n_new.values())
        candidate = self.trackers[0].scored[0].candidate
        source = generator_sources(self.plan.gans, [candidate], self.data, 0).full
        began, n = clock.seconds, min(n_new[code], PROBE)
        drawn = draw_classes(source, {code: n}, streams, self.problem.space.width)
        self.problem.rows.synthetic(drawn.rows, drawn.codes).recoded(streams.numpy("decode"))
        return (clock.seconds - began) * total / n
