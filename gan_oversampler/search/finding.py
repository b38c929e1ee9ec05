"""One search from beginning to end: rows held out, trials of a study, the best one on the held-out rows."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import optuna

from gan_oversampler._utils import Streams, text_of, uncorrected_error, warn_user
from gan_oversampler.gans.gan import GAN
from gan_oversampler.plan import Plan, Services
from gan_oversampler.reporting.gain import Gain
from gan_oversampler.reporting.search_facts import SearchFacts
from gan_oversampler.search.evaluation import Evaluation
from gan_oversampler.search.nested import Divided, heldout_utilities
from gan_oversampler.search.outcome import SearchedGAN
from gan_oversampler.search.results import best_of, importances_of, is_complete, trial_facts, trials_of
from gan_oversampler.search.space import SearchSpace
from gan_oversampler.search.trials import search_trials
from gan_oversampler.selection.problem import Problem

NAME: Final = "gan_oversampler"
INTERRUPTED: Final = (
    "The search was interrupted after {} of {} trials. The best GAN so far counts, and the fit goes on;"
    " interrupt it once more to end it."
)
SHARE_OF_TIME: Final = 0.5  # of the sampler's ``max_time`` that is left, for the search


@dataclass(frozen=True)
class Finding:
    """A search on one table."""

    search: Any  # the user's ``Search``: its settings
    plan: Plan  # of the fit; its first GAN is what the best one has to beat
    problem: Problem  # all rows
    services: Services
    space: SearchSpace
    divided: Divided | None  # rows that trials see, and those that they do not; None if they see all
    evaluation: Evaluation  # trains and scores trials

    @classmethod
    def of(cls, search: Any, plan: Plan, problem: Problem, services: Services) -> Finding:
        """Hold rows out, and prepare what trains and scores."""
        template = plan.gans[0]
        space = SearchSpace.of(template) if search.space is None else search.space
        if plan.policy is not None and "policy" in space.dimensions:  # the user has chosen it
            space = space.without("policy")
        if search.random_state is not None:
            services = replace(services, streams=Streams(search.random_state))
        divided = None if search.holdout is None else Divided.of(problem, plan, search.holdout, services)
        seen = problem if divided is None else divided.development
        evaluation = Evaluation.of(template, plan, seen, services)
        return cls(search, plan, problem, services, space, divided, evaluation)

    @property
    def template(self) -> GAN:
        """The sampler's own GAN, which the search begins with."""
        return self.plan.gans[0]

    def study(self) -> optuna.Study:
        """Search, until trials, time or Ctrl-C end it: what was scored before stays."""
        search, clock, seconds = self.search, self.services.clock, self._seconds()
        self.evaluation.deadline = clock.seconds + seconds
        about = self._about()
        studies: list[optuna.Study] = []

        def after_round(study: optuna.Study) -> None:
            studies.append(study)
            self.services.observer.trials_end(*self._so_far(study))

        try:
            with self.services.observer.searching(search.n_trials):
                return search_trials(
                    self.space,
                    self.template,
                    search.strategy,
                    self.evaluation,
                    n_trials=search.n_trials,
                    seed=self.services.streams.child_seed("search"),
                    fingerprint=about,
                    batch=search.batch,
                    storage=search.storage,
                    study_name=search.study_name or f"{NAME} {self._digest(about)}",
                    pruner=search.pruner,
                    max_time=seconds,
                    grace=search.grace,
                    networks=self.evaluation.networks,
                    after_round=after_round,
                )
        except KeyboardInterrupt:
            n_done, _, best = self._so_far(studies[-1]) if studies else (0, "", math.nan)
            if not math.isfinite(best):
                raise
            warn_user(INTERRUPTED.format(n_done, search.n_trials))
            return studies[-1]

    def _seconds(self) -> float:
        """Seconds that the search may take, by its own limit and by that of the sampler."""
        left = self.plan.budget.max_time - self.services.clock.seconds
        own = math.inf if self.search.max_time is None else self.search.max_time
        return min(own, max(0.0, SHARE_OF_TIME * left))

    def _about(self) -> dict[str, str]:
        """What the trials of one study must have in common, besides the space."""
        rows, digest = self.problem.rows, hashlib.sha256()
        for array in (rows.values, rows.codes, rows.weights, rows.groups):
            if array is not None:
                digest.update(np.ascontiguousarray(array).tobytes())
        settings = ("strategy", "batch", "pruner", "holdout")
        return {
            "table": digest.hexdigest()[:16],
            "gan": repr(self.template.get_params()),
            "oracle": text_of(next(iter(self.plan.oracles.values()))),
            "budget": repr(replace(self.plan.budget, max_time=math.inf)),
            "random_state": str(self.services.streams.seed),
            "cv": text_of(self.plan.cv),
            **{name: text_of(getattr(self.search, name)) for name in settings},
        }

    def _digest(self, about: dict[str, str]) -> str:
        """Text that differs for every space and whatever else trials have in common."""
        text = repr((self.space.fingerprint, sorted(about.items())))
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    def _so_far(self, study: optuna.Study) -> tuple[int, str, float]:
        """Finished trials, and name and value of the best score."""
        trials, evaluator = trials_of(study), self.evaluation.evaluator
        has_best = any(map(is_complete, trials))
        best = evaluator.sign * float(best_of(trials).value or 0.0) if has_best else math.nan
        return len(trials), evaluator.oracle.score_name, best

    def facts(self, study: optuna.Study) -> SearchFacts:
        """What was found, with scores on the held-out rows."""
        trials, evaluator, strategy = trials_of(study), self.evaluation.evaluator, self.search.strategy
        best = best_of(trials)
        point = self.space.trial_of(best.params, self.template)
        heldout: tuple[float, ...] = ()
        gain = None
        if self.divided is not None:
            is_own = self.space.key(best.params, self.template) == self.space.key({}, self.template)
            compared = [point] if is_own else [point, SearchedGAN(self.template)]
            steps = [best.user_attrs["step"], trials[0].user_attrs.get("step", self.plan.budget.max_steps)]
            utilities = heldout_utilities(
                self.divided, compared, steps[: len(compared)], self.plan, self.services
            )
            ours, own = utilities[0], utilities[-1]
            gains, sign = ours - own, evaluator.sign
            heldout = float(sign * ours.mean()), float(sign * own.mean())
            # Parts of the held-out rows share no rows, so nothing corrects the error of their mean.
            gain = Gain(float(gains.mean()), uncorrected_error(gains), tuple(gains.tolist()))
        return SearchFacts(
            strategy=strategy if isinstance(strategy, str) else text_of(strategy),
            n_architectures=self.space.n_architectures,
            trials=tuple(trial_facts(trial, evaluator.sign, self.template) for trial in trials),
            best=best.number,
            best_gan=point.gan,
            best_policy=point.policy,
            score_name=evaluator.oracle.score_name,
            greater_is_better=evaluator.oracle.greater_is_better,
            heldout=heldout,
            gain=gain,
            importances=importances_of(study),
        )
