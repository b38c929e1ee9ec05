"""The search that users meet: a value that a sampler takes, or that is fitted alone."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import replace
from numbers import Integral, Real
from os import PathLike
from typing import TYPE_CHECKING, Any, ClassVar, Final

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, clone
from sklearn.utils._param_validation import HasMethods, Interval
from sklearn.utils.validation import check_is_fitted

from gan_oversampler._pages import DocumentedMixin
from gan_oversampler._utils import Streams, text_of, uncorrected_error, warn_user
from gan_oversampler.search.space import SearchSpace

if TYPE_CHECKING:
    import optuna

    from gan_oversampler.estimator import GANOversampler
    from gan_oversampler.gans.gan import GAN
    from gan_oversampler.plan import Plan, Services
    from gan_oversampler.reporting.search_facts import SearchFacts
    from gan_oversampler.search.evaluation import Evaluation
    from gan_oversampler.search.nested import Divided
    from gan_oversampler.selection.problem import Problem
    from gan_oversampler.selection.scoring import Evaluator

NAME: Final = "gan_oversampler"
INTERRUPTED: Final = (
    "The search was interrupted after {} of {} trials. The best GAN so far counts, and the fit goes on;"
    " interrupt it once more to end it."
)
SHARE_OF_TIME: Final = 0.5  # of the sampler's ``max_time`` that is left, for the search


class Search(DocumentedMixin, BaseEstimator):
    """Search for a GAN that scores better: architecture, losses, rates and the way rows are drawn.

    Trials are trained and scored by the sampler's first oracle, on its folds. If the best one is better than
    the sampler's own GAN on rows that the search did not see, too, ``GANOversampler(search=...)`` trains it
    beside its own GANs, as one of a list; alone, ``fit`` does the same. On tables with a few dozen rare
    rows it hardly matters what the networks look like: see the figures in ``benchmarks/results/search.md``.

    Parameters
    ----------
    strategy : str or optuna.samplers.BaseSampler, default="tpe"
        What is tried next: ``"random"``; ``"tpe"`` (a tree of Parzen estimators, Bergstra et al. 2011);
        ``"evolution"`` (regularised, Real et al. 2019); ``"halving"`` (the worse half of each round stops
        early, Jamieson & Talwalkar 2016); ``"controller"`` (a recurrent network that learns by REINFORCE,
        with weights that trials share, AutoGAN by Gong et al. 2019); or any sampler of Optuna.
    space : SearchSpace, default=None
        GANs that may be tried; None is ``SearchSpace.of`` the first of the sampler's GANs.
    n_trials : int, default=30
        How many GANs are tried. The first is the sampler's own.
    max_time : float, default=None
        Seconds after which the search ends, with at least one evaluation of its first round. Within a sampler
        with ``max_time`` at most half of the time that is left. Trials that are cut short count as they are,
        also for a search that goes on from them.
    batch : int, default=8
        Trials of a round, which train together; further ones learn from their scores.
    storage : str, path or optuna storage, default=None
        Where trials are kept: a file (Optuna's journal), or the URL of a database. A search that was killed
        goes on there, and several processes share it. None keeps them in memory.
    study_name : str, default=None
        Name of the search in the storage. None makes one of table, space, seed and settings, so that folds of
        a cross-validation have studies of their own; a name whose study is about another table, space or
        seed is refused.
    holdout : float, default=0.25
        Share of the rows that the search does not see, and that the best GAN is scored on: the best of many
        scores is too good. It is rounded to 1/2, 1/3, 1/4 and so on; None holds none out.
    pruner : optuna.pruners.BasePruner, default=None
        Stops trials early by their scores, fold by fold; see ``WilcoxonPruner``.
    random_state : int or None, default=None
        Seed of what is tried and trained; None takes that of the sampler. A storage that is shared, or gone
        on with, needs an integer in one of them.
    grace : float, default=60.0
        Seconds without a sign of life after which trials of a process on another machine are taken over.

    Attributes
    ----------
    best_gan_ : GAN
        The best GAN, usable on any table: ``GANOversampler(gan=search.best_gan_)``.
    best_policy_ : Policy or None
        How its rows were drawn.
    best_score_ : float
        Its mean score over the folds, the best of many.
    heldout_score_ : float
        Its score on rows that the search did not see; NaN without a holdout.
    trials_ : DataFrame
        One row per trial: state, scores, steps, seconds, parameters, and its choices in each dimension.
    facts_ : SearchFacts
        All of this, and ``pareto_front()`` of score, seconds and parameters.
    sampler_ : GANOversampler
        The sampler that was fitted.

    Examples
    --------
    >>> from sklearn.datasets import make_classification
    >>> from gan_oversampler import GANOversampler
    >>> X, y = make_classification(120, weights=[0.7], random_state=0)
    >>> space = SearchSpace({"generator rate": (0.001, 0.01), "latent": (4, 8)})
    >>> search = Search("random", space=space, n_trials=3)
    >>> search = search.fit(X, y, sampler=GANOversampler(max_steps=50, random_state=0))
    >>> len(search.trials_)
    3
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "strategy": [str, HasMethods(["sample_relative", "sample_independent"])],
        "space": [SearchSpace, None],
        "n_trials": [Interval(Integral, 1, None, closed="left")],
        "max_time": [Interval(Real, 0, None, closed="left"), None],
        "batch": [Interval(Integral, 1, None, closed="left")],
        "storage": [str, PathLike, HasMethods(["create_new_study"]), None],
        "study_name": [str, None],
        "holdout": [Interval(Real, 0, 0.5, closed="right"), None],
        "pruner": [HasMethods(["prune"]), None],
        "random_state": [Interval(Integral, 0, None, closed="left"), None],
        "grace": [Interval(Real, 0, None, closed="left")],
    }

    def __init__(
        self,
        strategy: Any = "tpe",
        *,
        space: SearchSpace | None = None,
        n_trials: int = 30,
        max_time: float | None = None,
        batch: int = 8,
        storage: Any = None,
        study_name: str | None = None,
        holdout: float | None = 0.25,
        pruner: Any = None,
        random_state: int | None = None,
        grace: float = 60.0,
    ) -> None:
        self.strategy = strategy
        self.space = space
        self.n_trials = n_trials
        self.max_time = max_time
        self.batch = batch
        self.storage = storage
        self.study_name = study_name
        self.holdout = holdout
        self.pruner = pruner
        self.random_state = random_state
        self.grace = grace

    def fit(
        self,
        X: Any,
        y: Any,
        *,
        sampler: GANOversampler | None = None,
        sample_weight: Any = None,
        groups: Any = None,
    ) -> Search:
        """Search, and fit a sampler with what was found.

        Parameters
        ----------
        X, y, sample_weight, groups : see ``GANOversampler.fit``
            The table.
        sampler : GANOversampler, default=None
            Its oracle, folds, budget and first GAN are those of the trials; None is one with defaults. It
            stays as it is: a copy is fitted.

        Returns
        -------
        self : Search

        Raises
        ------
        ValueError
            As in ``GANOversampler.fit``; if there is no oracle; if the space is contradictory, the storage
            cannot be reached, or holds a search of another table or space under this name.
        RuntimeError
            If no trial could be scored.
        """
        from gan_oversampler.estimator import GANOversampler

        if sampler is not None and not isinstance(sampler, GANOversampler):
            raise ValueError(f"'sampler' must be a GANOversampler. Got {sampler!r} instead.")
        sampler = GANOversampler() if sampler is None else clone(sampler)
        sampler = sampler.set_params(search=clone(self))
        self.sampler_ = sampler.fit(X, y, sample_weight=sample_weight, groups=groups)
        facts = self.sampler_.report_.search
        if facts is None:
            raise ValueError(f"Nothing was searched: {self.sampler_.report_.reason}.")
        self.facts_ = facts
        self.best_gan_, self.best_policy_ = facts.best_gan, facts.best_policy
        self.best_score_ = facts.best_trial.score
        self.heldout_score_ = facts.heldout[0] if facts.heldout else math.nan
        self.trials_ = facts.to_frame()
        return self

    def pareto_front(self) -> pd.DataFrame:
        """Trials that no other one beats in score, seconds and parameters together, the best score first."""
        check_is_fitted(self, "facts_")
        return self.facts_.pareto_front()

    def find(self, plan: Plan, problem: Problem, services: Services) -> SearchFacts:
        """Search a GAN that scores better than the first one of a plan; fits of the sampler call it.

        Nothing of the search is changed, and random numbers come from streams of its own. Raises ValueError
        and RuntimeError as ``fit`` does.
        """
        try:
            from gan_oversampler.search.evaluation import Evaluation
            from gan_oversampler.search.nested import Divided
            from gan_oversampler.search.trials import search_trials  # noqa: F401  # needs Optuna
        except ModuleNotFoundError as error:
            raise ImportError('A search needs Optuna: pip install "gan-oversampler[search]".') from error
        self._validate_params()
        if isinstance(self.strategy, type):
            raise ValueError(f"'strategy' needs an object. Got the class {self.strategy.__name__}: call it.")
        began, template = services.clock.seconds, plan.gans[0]
        space = SearchSpace.of(template) if self.space is None else self.space
        if plan.policy is not None and "policy" in space.dimensions:  # the user has chosen it
            space = space.without("policy")
        space.check(template)
        if self.random_state is not None:
            services = replace(services, streams=Streams(self.random_state))
        divided = None if self.holdout is None else Divided.of(problem, plan, self.holdout, services)
        seen = problem if divided is None else divided.development
        evaluation = Evaluation.of(template, plan, seen, services)
        seconds = self._seconds(plan, services)
        evaluation.deadline = math.inf if seconds is None else services.clock.seconds + seconds
        about = self._fingerprint(plan, problem, services.streams.seed)
        study = self._study(space, template, evaluation, services, seconds, about)
        found = self._facts(study, space, template, divided, plan, services, evaluation.evaluator)
        return replace(found, seconds=services.clock.seconds - began)

    def _study(
        self,
        space: SearchSpace,
        template: GAN,
        evaluation: Evaluation,
        services: Services,
        seconds: float | None,
        about: dict[str, str],
    ) -> optuna.Study:
        """Search, until Ctrl-C ends it: what was scored before stays."""
        from gan_oversampler.search.trials import search_trials

        studies: list[optuna.Study] = []

        def after_round(study: optuna.Study) -> None:
            studies.append(study)
            services.observer.trials_end(*_so_far(study, evaluation.evaluator))

        try:
            with services.observer.searching(self.n_trials):
                return search_trials(
                    space,
                    template,
                    self.strategy,
                    evaluation,
                    n_trials=self.n_trials,
                    seed=services.streams.child_seed("search"),
                    fingerprint=about,
                    batch=self.batch,
                    storage=self.storage,
                    study_name=self.study_name or _name(space, about),
                    pruner=self.pruner,
                    max_time=seconds,
                    grace=self.grace,
                    networks=evaluation.networks,
                    after_round=after_round,
                )
        except KeyboardInterrupt:
            if not studies or not math.isfinite(_so_far(studies[-1], evaluation.evaluator)[2]):
                raise
            n_done = _so_far(studies[-1], evaluation.evaluator)[0]
            warn_user(INTERRUPTED.format(n_done, self.n_trials))
            return studies[-1]

    def _seconds(self, plan: Plan, services: Services) -> float | None:
        """Seconds after which no round begins, by the search's own limit and by that of the sampler."""
        left = plan.budget.max_time - services.clock.seconds
        limits = [math.inf if self.max_time is None else self.max_time, max(0.0, SHARE_OF_TIME * left)]
        return None if math.isinf(min(limits)) else min(limits)

    def _fingerprint(self, plan: Plan, problem: Problem, seed: int) -> dict[str, str]:
        """What the trials of one study must have in common, besides the space."""
        digest = hashlib.sha256()
        for array in (problem.rows.values, problem.rows.codes, problem.rows.weights, problem.rows.groups):
            if array is not None:
                digest.update(np.ascontiguousarray(array).tobytes())
        return {
            "table": digest.hexdigest()[:16],
            "gan": repr(plan.gans[0].get_params()),
            "oracle": text_of(next(iter(plan.oracles.values()))),
            "budget": repr(replace(plan.budget, max_time=math.inf)),
            "random_state": str(seed),
            "cv": text_of(plan.cv),
            **{name: text_of(getattr(self, name)) for name in ("strategy", "batch", "pruner", "holdout")},
        }

    def _facts(
        self,
        study: optuna.Study,
        space: SearchSpace,
        template: GAN,
        divided: Divided | None,
        plan: Plan,
        services: Services,
        evaluator: Evaluator,
    ) -> SearchFacts:
        """What was found, with scores on the held-out rows."""
        from gan_oversampler.reporting.gain import Gain
        from gan_oversampler.reporting.search_facts import SearchFacts
        from gan_oversampler.search.nested import heldout_utilities
        from gan_oversampler.search.outcome import SearchedGAN
        from gan_oversampler.search.results import best_of, importances_of, trial_facts, trials_of

        trials, sign = trials_of(study), evaluator.sign
        best = best_of(trials)
        point, own = space.trial_of(best.params, template), SearchedGAN(template)
        is_own = space.key(best.params, template) == space.key({}, template)
        heldout: tuple[float, ...] = ()
        gain = None
        if divided is not None:
            first_step = trials[0].user_attrs.get("step", plan.budget.max_steps)
            compared, steps = [point, own], [best.user_attrs["step"], first_step]
            if is_own:
                compared, steps = compared[:1], steps[:1]
            found = heldout_utilities(divided, compared, steps, plan, services)
            ours, first = found[0], found[-1]
            gains = ours - first
            heldout = float(sign * ours.mean()), float(sign * first.mean())
            # Parts of the held-out rows share no rows, so nothing corrects the error of their mean.
            gain = Gain(float(gains.mean()), uncorrected_error(gains), tuple(gains.tolist()))
        return SearchFacts(
            text_of(self.strategy) if not isinstance(self.strategy, str) else self.strategy,
            space.n_architectures,
            tuple(trial_facts(trial, sign, template) for trial in trials),
            best.number,
            point.gan,
            point.policy,
            evaluator.oracle.score_name,
            evaluator.oracle.greater_is_better,
            heldout,
            gain,
            importances_of(study),
        )


def _name(space: SearchSpace, about: Mapping[str, str]) -> str:
    """Name of a study that differs for every space and whatever else its trials have in common."""
    text = repr((space.fingerprint, sorted(about.items())))
    return f"{NAME} {hashlib.sha256(text.encode()).hexdigest()[:12]}"


def _so_far(study: optuna.Study, evaluator: Evaluator) -> tuple[int, str, float]:
    """Finished trials, and name and value of the best score."""
    from gan_oversampler.search.results import best_of, trials_of

    trials = trials_of(study)
    has_best = any(trial.state.name == "COMPLETE" for trial in trials)
    best = evaluator.sign * float(best_of(trials).value or 0.0) if has_best else math.nan
    return len(trials), evaluator.oracle.score_name, best
