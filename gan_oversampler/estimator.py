"""The sampler that users meet."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from numbers import Integral, Real
from os import PathLike
from typing import TYPE_CHECKING, Any, ClassVar, Final

import numpy as np
from imblearn.over_sampling.base import BaseOverSampler
from sklearn.base import _fit_context
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils.metadata_routing import UNUSED
from sklearn.utils.validation import check_consistent_length, validate_data

from gan_oversampler._pages import DocumentedMixin
from gan_oversampler._utils import Streams, filters_as_found, single_threaded
from gan_oversampler.dask import takes_dask
from gan_oversampler.encoding.containers import check_table, rows_at
from gan_oversampler.encoding.copies import knowing
from gan_oversampler.encoding.dataset import Frame, Rows
from gan_oversampler.encoding.labels import Target
from gan_oversampler.encoding.relation_rules import AUTO
from gan_oversampler.encoding.row_metadata import read_groups, read_weights
from gan_oversampler.encoding.table_encoder import TableEncoder, frames_of
from gan_oversampler.fitted import Fitted, FittedMixin
from gan_oversampler.gans.gan import GAN
from gan_oversampler.observer import CallbackSupportMixin, FitTask, Observer, with_callbacks
from gan_oversampler.oracles.base import Oracle
from gan_oversampler.persistence.saving import SaveMixin, loaded
from gan_oversampler.sampling.acceptance import Rejection
from gan_oversampler.sampling.policy import CHOSEN_BY_ORACLE, Policy

# What needs torch, which takes longer to load than all the rest, is imported by the methods that use it.
if TYPE_CHECKING:
    from gan_oversampler.callbacks import Callback
    from gan_oversampler.persistence.checkpoints import Checkpoint
    from gan_oversampler.plan import Search

PARTS: Final = {  # parameters that may be objects with parameters of their own, and what to set
    "gan": "GAN(...) or preset('wgan')",
    "oracle": "DownstreamOracle(...)",
    "rejection": "Rejection(...)",
    "policy": "Policy(...)",
    "search": "Search(...)",
}


class GANOversampler(FittedMixin, SaveMixin, DocumentedMixin, CallbackSupportMixin, BaseOverSampler):
    """Oversample with GANs that start as geometric samplers and are scored on held-out rows.

    A population of small conditional GANs is trained on the classes to be oversampled, each one in a version
    per fold that never sees that fold. Every ``epoch_unit`` steps an oracle scores all of them on those
    unseen rows; training stops when scores no longer improve, and the best generator seen, which may be an
    untrained one, draws the new rows; trained ones that cannot be told from it draw with it.

    Parameters
    ----------
    sampling_strategy : float, str, dict or callable, default="auto"
        Any form of imbalanced-learn. A float may also be used with more than two classes, and a dict may hold
        floats: ratios to the largest class. ``"oracle"`` lets the oracle choose a ratio of 1/4, 1/2, 3/4 or
        1, for the chosen GAN or one of the two next best ones, or no new rows; all other forms are obeyed to
        the row, unless ``fallback="baseline"`` adds none.
    gan : GAN, str, or list of these, default=None
        What to train. None takes a guided generator (under a critic, too, where the rarest class to learn has
        at most 50 rows) and, beside it, five bases that stay untrained; a name is a GAN of the literature,
        see :func:`preset`. Of a list, the first one is kept unless another is better by more than scores
        scatter over the folds.
    fidelity : float, default=None
        How near the rows of the default GAN stay to the class, from 0 (for the score only) to 1 (as near as
        SMOTE's): the weight of the energy distance to rows that were held out, beside utility. None is .1,
        near the score's best, and 1 where the first oracle is a distance or rewards the recall of each class.
    oracle : str, Oracle, scorer, callable, list of these, or None, default="downstream"
        ``"downstream"`` (held-out F1 of a panel of cheap classifiers); a scikit-learn scorer or its name; a
        distance to held-out rows (``"frechet"``, ``"energy"``, ``"mmd"``, ``"sliced_wasserstein"``,
        ``"c2st"``, ``"prdc"``, ``"duality_gap"``), a score of classifiers that see new rows only
        (``"cas_real"``, ``"cas_syn"``, ``"diversity"``), ``"privacy"`` or ``"composite"``; an instance such
        as ``DownstreamOracle(LogisticRegression())``; a function ``(real, synthetic) -> float``, higher being
        better, of held-out and new rows of one class in your container. Of a list, all follow one training,
        each with a choice and an end of its own; the first one decides what ``fit_resample`` draws and what
        guided GANs are trained for. None trains the first GAN for ``max_steps`` and keeps its last state.
    cv : int or splitter, default=3
        Folds of the cross-fit; None is 5, as in scikit-learn. Where rare rows are few,
        ``RepeatedStratifiedKFold`` scores with less noise, for as many times the cost.
    epoch_unit : int, default=None
        Generator steps between two scorings. None is 10 for the default GANs, 50 for those of ``gan``.
    patience : int, default=2
        Scorings in a row without improvement after which a GAN stops.
    max_steps : int, default=None
        Most generator steps; 0 trains nothing: the oracle chooses among the bases. None is 40 for the
        default GANs, whose steps are larger, and 200 for those of ``gan``.
    max_time : float, default=None
        Seconds that the whole fit may take, new rows included. Training ends, even within a unit, as early as
        all that follows will need by what was measured so far. Where that leaves no time to train, the report
        is brief, with a warning if the untrained generators alone take too long. An oracle that hangs is
        given up then, or after its first minute, and the best generator so far is kept; in one process, if
        its code lets other threads run. 0 trains nothing, with a whole report. Results depend on speed.
    growth : float, default=0.0
        Share of ``max_steps`` by which a GAN may go on that improved in its last scoring, until a scoring
        brings no improvement; 1 allows twice the steps. Without an oracle nothing grows.
    baselines : sequence of str, default=("none", "class_weight", "random", "smote")
        What you would do instead, scored by the same oracle on the same folds: ``"none"``, ``"random"``, the
        name of a base, or, for oracles that fit classifiers to real and new rows, ``"class_weight"``
        (balanced class weights) and ``"threshold"`` (a decision threshold tuned on inner folds, the cost of
        some three scores). ``report_.advice`` compares the new rows with those of them that need none.
    fallback : {"warn", "baseline", "error"}, default="warn"
        What happens when the oracle finds a baseline better than the kept GAN by more than scores scatter
        over the folds: rows of that GAN and a warning; a warning and the best baseline that a sampler can
        deliver, which is ``"none"`` or a base; or a RuntimeError. Where class weights or a threshold win, the
        message says what to set. Of several oracles the first one warns or raises; reports tell what others
        find.
    rejection : bool, {"obrs", "drs"}, Rejection or None, default=None
        How rows of the kept generators are thinned out by a critic that is refitted after the choice; True is
        ``"obrs"``. Exactly as many rows as asked for come back. See :class:`Rejection`.
    policy : Policy, "oracle" or None, default=None
        How far from real rows and how near to other classes the kept generators draw, and what is dropped,
        after rejection. ``"oracle"`` tries six policies on the chosen GAN and on the two next best ones,
        together with the ratios if it chooses these, too. It takes another way to draw if that is better by
        more than the best of so many is by chance. Rows are scored as they are before rejection;
        ``report_.draw_options`` holds all scores. See :class:`Policy`.
    search : Search, default=None
        Looks for a GAN that scores better than the first one of ``gan``: its networks, losses and rates are
        searched. If it is better on rows that the search did not see, too, it joins the list. It takes many
        times as long as the fit; what it found is in ``report_.search``. See :class:`Search`, which needs
        ``pip install "gan-oversampler[search]"``.
    categorical_features : "auto", or list of names, positions or a mask, default="auto"
        Columns to treat as categories besides text, booleans and columns of a category dtype. Text that looks
        like an id is refused unless it is named here or has a category dtype; such integers are a warning.
    constraints : "auto", list of constraints, or None, default="auto"
        Relations that hold for all rows of ``X``, and so for all new ones. ``"auto"`` finds orders
        (``start <= end``), sums and columns that another one determines (city, canton), in at least 50 rows
        and by rules that chance does not pass: a sum must be exact in every row, a determined column have
        about a hundred chances to differ, and an order be one of times, or of numbers whose gaps begin with
        an edge at 0. Rows that do not set exactly one of a run of one-hot columns are drawn again, as are
        those that break a function, also before an oracle scores them. Of a sum, the column is computed that
        keeps its own spread and decimals so. A list holds :class:`Order`, :class:`Sum`, :class:`OneOf`,
        :class:`Between`, functions of rows in your container that return one bool per row, and ``"auto"``.
        Rows that miss a cell of a relation are ignored. ``report_.constraints`` tells which are kept,
        ``report_.near_constraints`` which are not: orders that may be correlation alone, and what up to 1 %
        of the rows break.
    keep_candidates : bool, default=False
        Whether the fitted sampler keeps all scored generators and the training table, so that ``rescore`` can
        let another oracle choose, also of a saved sampler. Otherwise it holds no more than drawing needs.
    device : str, default="auto"
        Where to train: ``"cpu"``, ``"cuda"`` …; ``"auto"`` takes a GPU only for networks of 256 units or more
        and for grids, because smaller ones are faster on a CPU.
    n_jobs : int, default=None
        Parallel scorings, through joblib. Results do not depend on it.
    random_state : int, RandomState or None, default=None
        An integer gives bit-equal output on CPU, for any container, threads and jobs.
    checkpoint : str or path, default=None
        File that the whole training is written to after every scoring, with the encoded table; never half
        written, one per fit. ``persistence.snapshots(path)`` lists the generators in it, also while the fit
        runs, and ``load(path, snapshot=i)`` draws from one. Functions in ``constraints`` are refused.
    warm_start : bool, default=False
        Whether a fit that finds its ``checkpoint`` goes on from the last scoring, also after it was killed,
        and ends with the bits of one that was not interrupted; after one that had ended nothing is trained.
        Data and parameters must be the same, except ``baselines``, ``fallback``, ``policy``, ``rejection``
        and those that change no result. ``random_state=None`` takes the seed of the file. False begins anew
        and replaces the file.
    callbacks : list of functions, default=None
        Each is called with an :class:`~gan_oversampler.callbacks.EvaluationRound` after every scoring, and
        ends the training by returning True; the best generator so far is kept, as it is after a Ctrl-C.
        Callbacks of scikit-learn 1.9 or later, such as ``ProgressBar()``, are given to ``set_callbacks``;
        they see a task per scoring, may end the training alike, and need not be given again to clones.
    verbose : int, default=0
        1 shows a progress bar on stderr, or each score as a line where that is no terminal; 2 shows lines
        everywhere. Scores are also logged by the logger ``"gan_oversampler"``, at the level INFO.

    Attributes
    ----------
    sampling_strategy_ : dict
        New rows per class.
    classes_ : ndarray
        Labels, sorted.
    report_ : Report
        What was kept, why, the scores of candidates and baselines, and advice: whether to resample at all.
    reports_ : dict of str to Report
        The same for each oracle, also for those that ``rescore`` added.
    fallback_ : str or None
        The baseline that is used instead of a GAN, if ``fallback`` made it so; where that is ``"none"``,
        ``sample`` still draws rows of the GAN.
    history_ : DataFrame
        One row per scored candidate: step, scores per fold, losses, seconds.
    summary_ : ModelSummary
        Layers, shapes and numbers of parameters of what was trained; ``print`` it.
    is_synthetic_ : ndarray of bool
        Which rows that ``fit_resample`` returned are new.
    seed_indices_ : ndarray of int
        For every new row, in their order, the position in ``X`` of the real row of its class that it started
        from; -1 where there is none, as for GANs that turn noise into rows.
    n_features_in_ : int
        Columns of ``X``.
    feature_names_in_ : ndarray of str
        Their names, if all are strings.

    See Also
    --------
    GAN : What a member of the population is.
    load : Reads a fitted sampler that ``save`` wrote.

    References
    ----------
    Nazari, Branco & Jourdan, "AutoGAN: An Automated Human-Out-of-the-Loop Approach for Training
    Generative Adversarial Networks", Mathematics 11(4), 2023.

    Examples
    --------
    >>> from sklearn.datasets import make_classification
    >>> X, y = make_classification(120, weights=[0.8], random_state=0)
    >>> sampler = GANOversampler(max_steps=50, random_state=0)
    >>> X_new, y_new = sampler.fit_resample(X, y)
    >>> np.bincount(y_new).tolist(), int(sampler.is_synthetic_.sum())
    ([97, 97], 74)
    >>> sampler.sample(3, y=1).shape
    (3, 20)
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **BaseOverSampler._parameter_constraints,
        "sampling_strategy": [
            *BaseOverSampler._parameter_constraints["sampling_strategy"],
            StrOptions({CHOSEN_BY_ORACLE}),
        ],
        "gan": [GAN, str, list, tuple, None],
        "fidelity": [Interval(Real, 0, 1, closed="both"), None],
        "oracle": [str, Oracle, callable, list, tuple, None],
        "cv": ["cv_object"],
        "epoch_unit": [Interval(Integral, 1, None, closed="left"), None],
        "patience": [Interval(Integral, 1, None, closed="left")],
        "max_steps": [Interval(Integral, 0, None, closed="left"), None],
        "max_time": [Interval(Real, 0, None, closed="left"), None],
        "growth": [Interval(Real, 0, None, closed="left")],
        "baselines": [list, tuple],
        "fallback": [StrOptions({"warn", "baseline", "error"})],
        "rejection": ["boolean", str, Rejection, None],
        "policy": [Policy, str, None],
        "search": [HasMethods(["find", "set_params"]), None],
        "categorical_features": ["array-like", StrOptions({"auto"})],
        "constraints": [list, tuple, StrOptions({AUTO}), None],
        "keep_candidates": ["boolean"],
        "device": [str],
        "n_jobs": [Integral, None],
        "checkpoint": [str, PathLike, None],
        "warm_start": ["boolean"],
        "callbacks": [list, tuple, None],
        "verbose": ["verbose"],
    }

    # Pipelines call ``fit_resample`` of samplers, so asking for that is enough.
    __metadata_request__fit: ClassVar[dict[str, Any]] = {"sample_weight": UNUSED, "groups": UNUSED}

    def __init__(
        self,
        sampling_strategy: Any = "auto",
        *,
        gan: GAN | str | Sequence[GAN | str] | None = None,
        fidelity: float | None = None,
        oracle: Any = "downstream",
        cv: Any = 3,
        epoch_unit: int | None = None,
        patience: int = 2,
        max_steps: int | None = None,
        max_time: float | None = None,
        growth: float = 0.0,
        baselines: Sequence[str] = ("none", "class_weight", "random", "smote"),
        fallback: str = "warn",
        rejection: Rejection | str | bool | None = None,
        policy: Policy | str | None = None,
        search: Search | None = None,
        categorical_features: Any = "auto",
        constraints: Any = AUTO,
        keep_candidates: bool = False,
        device: str = "auto",
        n_jobs: int | None = None,
        random_state: Any = None,
        checkpoint: str | PathLike[str] | None = None,
        warm_start: bool = False,
        callbacks: Sequence[Callback] | None = None,
        verbose: int = 0,
    ) -> None:
        super().__init__(sampling_strategy=sampling_strategy)
        self.gan = gan
        self.fidelity = fidelity
        self.oracle = oracle
        self.cv = cv
        self.epoch_unit = epoch_unit
        self.patience = patience
        self.max_steps = max_steps
        self.max_time = max_time
        self.growth = growth
        self.baselines = baselines
        self.fallback = fallback
        self.rejection = rejection
        self.policy = policy
        self.search = search
        self.categorical_features = categorical_features
        self.constraints = constraints
        self.keep_candidates = keep_candidates
        self.device = device
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.checkpoint = checkpoint
        self.warm_start = warm_start
        self.callbacks = callbacks
        self.verbose = verbose

    def set_params(self, **params: Any) -> GANOversampler:
        """Set parameters, also those of parts, such as ``gan__critic__dropout``, and return the sampler.

        Raises ``ValueError`` for an unknown parameter, and for one of a part that is None or given by name:
        such a part has no parameters to set until an object takes its place.
        """
        for name in params:
            part, _, parameter = name.partition("__")
            value = params.get(part, getattr(self, part, None))
            if part in PARTS and parameter and not hasattr(value, "set_params"):
                raise ValueError(
                    f"{name!r} needs an object in {part!r}, whose parameter {parameter!r} it can set. Got"
                    f" {part}={value!r}. Set {part}={PARTS[part]} first, or together with it."
                )
        return super().set_params(**params)

    @_fit_context(prefer_skip_nested_validation=True)
    @with_callbacks
    @takes_dask
    def fit(self, X: Frame, y: Any, *, sample_weight: Any = None, groups: Any = None) -> GANOversampler:
        """Train; ``sample`` then draws new rows.

        Parameters
        ----------
        X : dataframe, array, list or sparse matrix of shape (n_rows, n_columns)
            Numbers, text, booleans, categories, dates; cells may be missing. Of a Dask DataFrame rare rows
            and a sample of the others are gathered, see :mod:`gan_oversampler.dask`.
        y : array-like of shape (n_rows,)
            Class labels of any type. With a Dask DataFrame all arguments are Dask Series beside it.
        sample_weight : array-like of shape (n_rows,), default=None
            How much each row counts, on any scale: how often it is a seed, in the training of GANs and
            critics, and in all scores, as if it stood there so many times. A new row stands for the mean
            weight of its class. Rows of weight 0 are no seeds, and nothing is scored on them. A warning names
            classifiers, scorers and functions that take no weights: rows count alike there.
        groups : array-like of shape (n_rows,), default=None
            Which rows belong together, such as those of one patient. Folds and inner splits part no group,
            so rows are never scored by what was learned from others of their group. A number ``cv`` then
            means ``StratifiedGroupKFold``.

        Returns
        -------
        self : GANOversampler
            The fitted sampler.

        Raises
        ------
        ValueError
            If there is one class only, a class to oversample has one row, labels are missing, a column
            cannot be modelled (infinite values, lists, texts like ids), or a constraint has no meaning for
            the table or is broken by its rows; for negative weights and missing groups; if ``cv`` parts
            a group, or a class has rows of too few groups for its folds.
        """
        self._train(X, y, sample_weight, groups, every_class=False)
        return self

    @_fit_context(prefer_skip_nested_validation=True)
    @with_callbacks
    @takes_dask
    def fit_resample(
        self, X: Frame, y: Any, *, sample_weight: Any = None, groups: Any = None
    ) -> tuple[Frame, Any]:
        """Train, and append new rows until every class has as many as ``sampling_strategy`` asks.

        Parameters
        ----------
        X, y, sample_weight, groups : see ``fit``
            In pipelines ``set_fit_resample_request(sample_weight=True, groups=True)`` asks for the latter.

        Returns
        -------
        X_resampled, y_resampled : same containers and dtypes as given
            The original rows, unchanged and first, then the new ones class by class. Those of Dask are drawn
            when they are computed, so ``is_synthetic_``, ``seed_indices_``, ``report_.copies`` are not set.

        Raises
        ------
        ValueError
            As in ``fit``, and if new rows keep breaking a constraint.
        """
        target = self._train(X, y, sample_weight, groups, every_class=True)
        stacked, codes, self.seed_indices_ = self._stacked(X)
        self.is_synthetic_ = np.repeat([False, True], [len(target.codes), len(codes)])
        return stacked, target.stack(y, codes)

    # So that they stand on this class's own page.
    sample, stream = FittedMixin.sample, FittedMixin.stream
    rescore, save = FittedMixin.rescore, SaveMixin.save
    _fit_resample = fit_resample  # abstract in imbalanced-learn, whose own ``fit_resample`` would call it

    @_fit_context(prefer_skip_nested_validation=True)
    @with_callbacks
    def _fit_in_chunks(self, X: Frame, y: Any, size: int) -> Iterator[tuple[Frame, Any]]:
        """Train as ``fit_resample`` does, and draw its new rows with labels, ``size`` of them at a time."""
        target = self._train(X, y, None, None, every_class=True)
        examples = np.unique(target.codes, return_index=True)[1]  # a real row of each class, for its label
        return ((new, rows_at(y, examples[codes])) for new, codes, _ in self._new_rows(size))

    @filters_as_found()
    def _train(
        self, X: Frame, y: Any, sample_weight: Any, groups: Any, *, every_class: bool, n_new: Any = None
    ) -> Target:
        """Check and read the table, fit, and set what the fit leaves behind once all went well."""
        began = time.monotonic()
        from gan_oversampler.plan import Clock, Services, check_grids, device_of, plan_of
        from gan_oversampler.workflow import fit

        clock = Clock()
        clock.goes_on_from(time.monotonic() - began, {})  # torch may have been loaded meanwhile
        target = self._checked_target(X, y)
        weights, its_groups = read_weights(sample_weight, target), read_groups(groups, target)
        choose_ratio = isinstance(self.sampling_strategy, str) and self.sampling_strategy == CHOSEN_BY_ORACLE
        strategy = n_new or target.strategy("auto" if choose_ratio else self.sampling_strategy)
        n_new = {target.code_of(label): n for label, n in strategy.items() if n}
        plan = plan_of(self, target, n_new, choose_ratio=choose_ratio)
        # ``fit`` goes on while at least one class can be learned; asking for rows is stricter.
        if every_class or all(target.counts[code] == 1 for code in n_new):
            target.refuse_single_rows(n_new)
        device = device_of(self.device, plan.gans)
        encoder = TableEncoder.learn(
            X,
            categorical_features=self.categorical_features,
            drawn={code: np.flatnonzero(target.codes == code) for code in n_new},
            constraints=self.constraints,
        )
        check_grids(plan.gans, encoder)
        encoder, encoded = knowing(encoder, X)
        data = {"X": X, "y": [target.codes, target.names], "sample_weight": weights, "groups": its_groups}
        checkpoint = self._checkpoint(data, encoder, target, n_new)
        streams = checkpoint.streams if checkpoint else Streams.of(self.random_state)
        frames = partial(frames_of, encoder, X, streams.child("oracle"))
        known = target.codes, target.classes, frames, np.arange(len(target.codes)), encoder.recode
        rows = Rows(encoded, *known, weights, its_groups)
        task = FitTask(self, X, y, plan.budget.max_rounds)
        observer = Observer(self.verbose, self.callbacks, task)
        services = Services(streams, device, self.n_jobs, clock, observer, checkpoint)
        with single_threaded():
            found = fit(plan, rows, encoder.layout, n_new, services, self._facts(encoder))
        validate_data(self, X=X, y=y, skip_check_array=True)  # columns and their names
        self._set_fitted(Fitted(encoder, target.without_rows(), streams, tuple(n_new), found), strategy)
        task.ends()
        return target

    def _checked_target(self, X: Frame, y: Any) -> Target:
        """The labels of a table that passes all checks; a fit that fails leaves the sampler as it was."""
        check_table(X)
        validate_data(type(self)(), X=X, y=y, skip_check_array=True)
        target = Target.of(y)
        check_consistent_length(X, target.codes)
        return target

    def _checkpoint(self, data: Mapping[str, Any], *table: Any) -> Checkpoint | None:
        """The checkpoint of a fit, if there is to be one."""
        if self.checkpoint is None and not self.warm_start:
            return None
        from gan_oversampler.persistence.checkpoints import Checkpoint  # knows every class, which takes time

        return Checkpoint.of(self, data, *table)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = tags.input_tags.allow_nan = tags.input_tags.categorical = True
        return tags


def load(path: str | PathLike[str], *, snapshot: int | None = None) -> GANOversampler:
    """Load a fitted sampler that ``GANOversampler.save`` wrote, or a generator of a checkpoint.

    It draws the same rows as the saved one would have drawn next, on a CPU, wherever it was trained. A file
    is data only: nothing in it is executed, and no class is made that is not listed in this package.

    Parameters
    ----------
    path : str or path
        The file. :func:`gan_oversampler.persistence.contents` tells which real rows it holds.
    snapshot : int, default=None
        Which generator of a checkpoint draws, a row of :func:`gan_oversampler.persistence.snapshots`.

    Returns
    -------
    sampler : GANOversampler
        The fitted sampler.

    Raises
    ------
    SavedFileError
        A ``ValueError``: the file is no saved sampler, was cut off or changed, or needs a newer version.

    Examples
    --------
    >>> import tempfile
    >>> from sklearn.datasets import make_classification
    >>> X, y = make_classification(60, weights=[0.7], random_state=0)
    >>> sampler = GANOversampler(max_steps=0, random_state=0).fit(X, y)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     sampler.save(f"{folder}/sampler")
    ...     copy = load(f"{folder}/sampler")
    >>> bool((copy.sample(5) == sampler.sample(5)).all())
    True
    """
    if snapshot is None:
        return loaded(GANOversampler, path)
    from gan_oversampler.persistence.checkpoints import loaded_snapshot

    return loaded_snapshot(GANOversampler, path, snapshot)
