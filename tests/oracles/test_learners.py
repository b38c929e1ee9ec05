"""Classifiers of oracles: fresh, seeded, quiet, and fitted to what they should be."""

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn import get_config
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from gan_oversampler.oracles.cas import CASRealOracle, CASSynOracle, DiversityOracle
from gan_oversampler.oracles.downstream import DownstreamOracle
from gan_oversampler.oracles.learners import quiet_sklearn
from gan_oversampler.oracles.registry import oracle_of
from tests.samples import NONE, global_state, normal, one_class, problem, rows_of

SCORING = [DownstreamOracle, CASRealOracle, CASSynOracle]
BALANCED = [CASRealOracle, CASSynOracle, DiversityOracle]
every_oracle = pytest.mark.parametrize("make", [*SCORING, DiversityOracle])


@every_oracle
def test_learners_start_afresh(make):
    # The released code went on training one classifier, so that later generators scored better.
    learner = MLPClassifier((4,), solver="sgd", max_iter=3, warm_start=True)
    oracle = make(learner).fit(problem(), targets=[1])
    good, bad = problem(seed=2).of(1), one_class(normal(20, 2))
    holdout = problem(seed=1)
    first = oracle.score(holdout, good), oracle.score(holdout, bad)
    assert (oracle.score(holdout, bad), oracle.score(holdout, good)) == first[::-1]
    assert not hasattr(learner, "coefs_")


def test_random_learners_are_seeded_wherever_their_seed_is():
    pipeline = make_pipeline(StandardScaler(), RandomForestClassifier(5))
    scores = []
    for seed in (0, 0, 1, 2, 3):
        oracle = DownstreamOracle(pipeline, scoring="roc_auc").fit(problem(), targets=[1], random_state=seed)
        scores.append(oracle.score(problem(seed=1), problem(seed=2).of(1)))
    assert scores[0] == scores[1]
    assert len(set(scores)) > 1


def test_several_learners_count_alike():
    learners = [LogisticRegression(), DecisionTreeClassifier()]
    both, *each = (
        DownstreamOracle(learner).fit(problem(), targets=[1]).score(problem(seed=1), problem(seed=2).of(1))
        for learner in (learners, *learners)
    )
    assert both == pytest.approx(np.mean(each))


@every_oracle
def test_no_learners_at_all_are_refused(make):
    with pytest.raises(ValueError, match="must not be an empty list"):
        make([]).validate(2)
    with pytest.raises(ValueError, match="must not be an empty list"):
        make([]).fit(problem(), targets=[1]).score(problem(seed=1), problem(seed=2).of(1))


def test_learners_may_see_the_users_own_columns():
    class Nosy(DecisionTreeClassifier):
        def fit(self, X, y):
            assert list(X.columns) == ["a", "b"]
            return super().fit(X, y)

    def frame(values, codes=None, origin=None):
        return pd.DataFrame(values, columns=["a", "b"])

    train, holdout = problem(frames=frame), problem(seed=1, frames=frame)
    oracle = DownstreamOracle(Nosy(), encoded=False).fit(train, targets=[1])
    assert 0 < oracle.score(holdout, train.of(1)) <= 1
    with pytest.raises(AttributeError):
        DownstreamOracle(Nosy()).fit(train, targets=[1]).score(holdout, train.of(1))


@every_oracle
def test_learners_may_see_synthetic_rows_decoded(make):
    seen = []

    class Nosy(DecisionTreeClassifier):
        def fit(self, X, y):
            seen.append(X)
            return super().fit(X, y)

    def frames(values, codes, origin):
        # Synthetic rows come last: that is what decoding relies on.
        assert (np.diff((np.asarray(origin) < 0).astype(int)) >= 0).all()
        return 10 * values

    train, holdout, synthetic = (problem(seed=seed, frames=frames) for seed in range(3))
    for rows in (train, holdout):
        object.__setattr__(rows, "origin", np.arange(len(rows)))
    score = make(Nosy(), encoded=False).fit(train, targets=[1]).score(holdout, synthetic.of(1))
    assert np.isfinite(score)
    assert all(np.abs(x).max() > 10 for x in seen)


@pytest.mark.parametrize("make", SCORING)
def test_a_misspelt_scorer_is_found_before_training(make):
    with pytest.raises(ValueError, match="Did you mean 'f1_macro'"):
        make(scoring="f1_makro").validate(2)


def test_undefined_scores_warn_nobody():
    train, holdout = problem(), problem(n_rare=1, seed=1).of(0)
    for scoring in ("f1", "precision", "recall", "g_mean"):
        assert np.isfinite(oracle_of(scoring).fit(train, targets=[1]).score(holdout, NONE))


@pytest.mark.parametrize("learner", [SGDClassifier(), RandomForestClassifier(3)])
def test_learners_without_seed_do_not_touch_global_randomness(learner):
    before = global_state()
    DownstreamOracle(learner).fit(problem(), targets=[1]).score(problem(seed=1), NONE)
    assert global_state() == before


@pytest.mark.parametrize(("n_columns", "columns"), [(20, None), (21, "sqrt")])
def test_all_candidates_get_the_same_panel(n_columns, columns):
    rng = np.random.default_rng(0)
    train = rows_of(rng.normal(size=(1000, n_columns)), np.repeat([0, 1], [900, 100]))
    oracle = DownstreamOracle().fit(train, targets=[1])
    for n in (0, 1, 800):
        new = rows_of(rng.normal(size=(n, n_columns)), np.ones(n))
        assert oracle._fit_learners(oracle.thinned_train_.join(new))[-1].max_features == columns


def test_a_list_of_learners_may_be_a_tuple_too():
    learners = (LogisticRegression(), DecisionTreeClassifier())
    fitted = DownstreamOracle(learners).fit(problem(), targets=[1])._fit_learners(problem())
    assert [type(learner) for learner in fitted] == [LogisticRegression, DecisionTreeClassifier]


# --- equal numbers of rows of each class


@pytest.mark.parametrize("make", BALANCED)
def test_many_rows_are_thinned(make):
    sizes = []

    class Counting(LogisticRegression):
        def fit(self, X, y):
            sizes.append(np.bincount(y).tolist())
            return super().fit(X, y)

    make(Counting(), max_rows=60).fit(problem(), targets=[1]).score(problem(seed=1), problem(seed=2).of(1))
    assert sizes == [[30, 30]]


@pytest.mark.parametrize(("max_rows", "n_per_class"), [(1000, 150), (100, 50), (1, 5)])
def test_each_class_gets_as_many_rows_as_the_largest_if_there_is_room_and_five_anyway(max_rows, n_per_class):
    oracle = CASSynOracle(max_rows=max_rows).fit(problem(150, 12), targets=[1])
    assert np.bincount(oracle._balanced(problem(150, 12)).codes).tolist() == [n_per_class] * 2


# --- quiet


def test_only_warnings_that_a_low_score_tells_are_silenced_and_settings_are_restored():
    before = get_config()
    with quiet_sklearn():
        assert get_config()["assume_finite"]
        warnings.warn("not converged", ConvergenceWarning, stacklevel=1)  # an error outside
        with pytest.warns(UserWarning, match="something else"):
            warnings.warn("something else", UserWarning, stacklevel=1)
    assert get_config() == before
    with quiet_sklearn(checked=False):
        assert get_config()["assume_finite"] is False
