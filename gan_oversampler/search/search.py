"""The search that users meet: a value that a sampler takes, or that is fitted alone."""

from __future__ import annotations

import math
from dataclasses import replace
from numbers import Integral, Real
from os import PathLike
from typing import TYPE_CHECKING, Any, ClassVar

import pandas as pd
from sklearn.base import BaseEstimator, clone
from sklearn.utils._param_validation import HasMethods, Interval
from sklearn.utils.validation import check_is_fitted

from gan_oversampler._pages import DocumentedMixin
from gan_oversampler.search.space import SearchSpace

if TYPE_CHECKING:
    from gan_oversampler.estimator import GANOversampler
    from gan_oversampler.plan import Plan, Services
    from gan_oversampler.reporting.search_facts import SearchFacts
    from gan_oversampler.selection.problem import Problem


class Search(DocumentedMixin, BaseEstimator):
    """Search for a GAN that scores better: architecture, losses, rates and the way rows are drawn.

    Trials are trained and scored by the sampler's first oracle, on its folds. If the best one is better than
    the sampler's own GAN on rows that the search did not see, too, ``GANOversampler(search=...)`` trains it
    beside its own GANs, as one of a list; alone, ``fit`` does the same. Few held-out rows are a noisy judge:
    ``best_gan_`` alone gained a little on average, see the figures in ``benchmarks/results/search.md``.

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
        How many trials. The first is the sampler's own GAN. A GAN that comes up again counts as a trial, and
        takes the score of the earlier one without training.
    max_time : float, default=None
        Seconds after which the search ends, with at least one evaluation of its first round. Within a sampler
        with ``max_time`` at most half of the time that is left. Trials that are cut short count as they are,
        also for a search that goes on from them. Scoring the best GAN on held-out rows comes on top.
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
            from gan_oversampler.search.finding import Finding
        except ModuleNotFoundError as error:
            raise ImportError('A search needs Optuna: pip install "gan-oversampler[search]".') from error
        self._validate_params()
        if isinstance(self.strategy, type):
            raise ValueError(f"'strategy' needs an object. Got the class {self.strategy.__name__}: call it.")
        began = services.clock.seconds
        finding = Finding.of(self, plan, problem, services)
        found = finding.facts(finding.study())
        return replace(found, seconds=services.clock.seconds - began)
