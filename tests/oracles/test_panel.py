"""Quick classifiers of the default panel: the same as scikit-learn's."""

import numpy as np
import pytest
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier

from gan_oversampler.oracles.panel import Neighbours, NewtonLogistic


def _rows(n, d, seed=0):
    informative = min(d, 6)
    X, y = make_classification(
        2 * n, d, n_informative=informative, n_redundant=0, n_repeated=0, weights=[0.7], random_state=seed
    )
    return X[:n], y[:n], X[n:]


@pytest.mark.parametrize(("n", "d"), [(200, 4), (60, 59), (60, 60), (60, 200), (5, 30)])
@pytest.mark.parametrize("weighted", [False, True])
def test_newton_finds_the_same_probabilities_as_scikit_learn(n, d, weighted):
    X, y, new = _rows(n, d)
    weights = np.random.default_rng(0).integers(0, 3, n).astype(float) + 0.1 if weighted else None
    exact = LogisticRegression(tol=1e-10, max_iter=10_000).fit(X, y, sample_weight=weights)
    found = NewtonLogistic().fit(X, y, sample_weight=weights)
    np.testing.assert_allclose(found.predict_proba(new), exact.predict_proba(new), atol=1e-5)
    assert (found.predict(new) == exact.predict(new)).all()


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3, 1e6])
def test_newton_converges_on_separable_rows_of_any_scale(scale):
    rng = np.random.default_rng(0)
    X = np.concatenate([rng.normal(size=(90, 3)), rng.normal(30, 1, size=(10, 3))]) * scale
    y = np.repeat(["a", "b"], [90, 10])
    found = NewtonLogistic().fit(X, y)
    exact = LogisticRegression(tol=1e-10, max_iter=10_000, solver="newton-cholesky").fit(X, y)
    np.testing.assert_allclose(found.predict_proba(X), exact.predict_proba(X), atol=1e-5)


def test_coefficients_of_columns_and_of_rows_are_the_same():
    X, y, _ = _rows(50, 50)
    few, many = (
        NewtonLogistic().fit(X[:, :48], y),
        NewtonLogistic().fit(np.pad(X[:, :48], ((0, 0), (0, 9))), y),
    )
    np.testing.assert_allclose(many.coefficient_D[:48], few.coefficient_D[:48], atol=1e-7)
    np.testing.assert_allclose(many.coefficient_D[48:-1], 0.0)


def test_newton_needs_two_classes():
    with pytest.raises(ValueError, match="two classes, got 1"):
        NewtonLogistic().fit(np.eye(3), np.zeros(3))


@pytest.mark.parametrize(("n", "d"), [(40, 2), (120, 40), (700, 3)])
def test_neighbours_are_those_of_scikit_learn(n, d):
    X, y, new = _rows(n, d)
    known = KNeighborsClassifier(5).fit(X + 50, y)
    ours = Neighbours(5).fit(X + 50, y)
    np.testing.assert_allclose(ours.predict_proba(new + 50), known.predict_proba(new + 50))
    assert (ours.predict(new + 50) == known.predict(new + 50)).all()


def test_all_rows_as_near_as_the_last_neighbour_vote_in_any_order():
    X, y = np.array([[0.0], [1.0], [1.0], [1.0], [5.0]]), np.array([0, 1, 1, 0, 1])
    for order in ([0, 1, 2, 3, 4], [3, 1, 0, 4, 2]):
        assert Neighbours(2).fit(X[order], y[order]).predict_proba([[0.0]]).tolist() == [[0.5, 0.5]]


def test_fewer_rows_than_neighbours_all_vote():
    assert Neighbours(5).fit(np.eye(2), np.array([0, 1])).predict_proba([[9.0, 9.0]]).tolist() == [[0.5, 0.5]]


def test_more_neighbours_than_groups_of_rows_are_those_of_scikit_learn():
    rows = np.random.default_rng(0).normal(size=(200, 3))
    labels = np.arange(200) % 3
    for k in (32, 33, 90):
        ours, theirs = (learner(k).fit(rows, labels) for learner in (Neighbours, KNeighborsClassifier))
        np.testing.assert_allclose(ours.predict_proba(rows), theirs.predict_proba(rows), rtol=1e-9)
