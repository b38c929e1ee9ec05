"""AutoGAN's scores by classifiers, without the defects of its released code."""

import numpy as np
import pytest
from scipy.special import rel_entr
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import f1_score
from sklearn.neural_network import MLPClassifier
from sklearn.tree import DecisionTreeClassifier

from gan_oversampler.oracles.cas import CASRealOracle, CASSynOracle
from gan_oversampler.oracles.diversity import DiversityOracle, diversity
from gan_oversampler.oracles.samples import evenly, level, parts, typical_distance
from tests.samples import normal, one_class, problem, rows_of, three

ACCURACIES = [CASRealOracle, CASSynOracle]
ASKING = [*ACCURACIES, DiversityOracle]


# --- diversity


@pytest.mark.parametrize("n_classes", [2, 3, 7])
def test_sure_answers_in_equal_shares_have_the_diversity_of_all_classes(n_classes):
    assert diversity(np.tile(np.eye(n_classes), (4, 1))) == pytest.approx(n_classes)


def test_constant_answers_have_diversity_one():
    assert diversity(np.tile([0.3, 0.7], (9, 1))) == pytest.approx(1)
    assert diversity(np.eye(2)[[1, 1, 1]]) == 1


def test_all_classes_enter_the_divergence():
    # The released code summed over one of two columns, so that shares of 1/e were best.
    said = np.random.default_rng(0).dirichlet([1, 1], size=50)
    mean = said.mean(axis=0)
    both = np.mean([rel_entr(row, mean).sum() for row in said])
    assert diversity(said) == pytest.approx(np.exp(both))
    assert diversity(said) == pytest.approx(diversity(said[:, ::-1]))
    shares = np.linspace(0.05, 0.95, 19)
    sure = [diversity(np.eye(2)[(np.arange(1000) >= 1000 * share).astype(int)]) for share in shares]
    assert shares[np.argmax(sure)] == pytest.approx(0.5)


def test_shares_of_classes_do_not_limit_diversity():
    far = rows_of(problem().values + 20 * (problem().codes == 1)[:, None], problem().codes)
    oracle = DiversityOracle(LogisticRegression(C=100)).fit(far, targets=[1])
    assert oracle.score(far, far.of(1).at(np.arange(3))) == pytest.approx(2, abs=0.01)


# --- accuracy scores


@pytest.mark.parametrize("make", ASKING)
def test_learners_start_afresh(make):
    # The released code went on training one classifier, so that later generators scored better.
    learner = MLPClassifier((4,), solver="sgd", max_iter=3, warm_start=True)
    oracle = make(learner).fit(problem(), targets=[1])
    good, bad = problem(seed=2).of(1), one_class(normal(20, 2))
    holdout = problem(seed=1)
    first = oracle.score(holdout, good), oracle.score(holdout, bad)
    assert (oracle.score(holdout, bad), oracle.score(holdout, good)) == first[::-1]
    assert not hasattr(learner, "coefs_")


def test_learners_of_synthetic_rows_never_see_real_rows_of_the_target():
    train = problem(60, 40)
    swapped = rows_of(np.where(train.codes[:, None] == 1, 99.0, train.values), train.codes)
    holdout, synthetic = problem(seed=1), problem(seed=2).of(1)
    scores = [CASRealOracle().fit(rows, targets=[1]).score(holdout, synthetic) for rows in (train, swapped)]
    assert scores[0] == scores[1]


def test_learners_of_real_rows_are_asked_about_synthetic_ones():
    train, holdout = problem(), problem(seed=1)
    oracle = CASSynOracle(DecisionTreeClassifier(), smooth=False).fit(train, targets=[1])
    rare = problem(300, 100, seed=2)
    learner = DecisionTreeClassifier(random_state=0).fit(*_levelled(train, 150))
    asked = level(holdout.of(0).join(rare.of(1)), 150, 0)
    expected = f1_score(asked.codes, learner.predict(asked.values), average="macro")
    assert oracle.score(holdout, rare.of(1)) == pytest.approx(expected)


def _levelled(rows, n):
    rows = level(rows, n, 0)
    return rows.values, rows.codes


@pytest.mark.parametrize("make", ACCURACIES)
def test_shares_of_synthetic_classes_do_not_matter(make):
    train, holdout, synthetic = three(), three(1), three(2)
    doubled = synthetic.of(1).join(synthetic.of(2)).join(synthetic.of(2))
    once, twice = (
        make(LogisticRegression()).fit(train, targets=[1, 2]).score(holdout, rows)
        for rows in (synthetic.at(synthetic.codes > 0), doubled)
    )
    assert twice == pytest.approx(once, abs=0.01)


@pytest.mark.parametrize("make", ACCURACIES)
def test_shuffled_labels_score_at_chance(make):
    train, holdout = problem(150, 150), problem(150, 150, seed=1)
    honest = problem(150, 150, seed=2)
    shuffled = rows_of(honest.values, np.random.default_rng(0).permutation(honest.codes))
    oracle = make(LogisticRegression(), smooth=False).fit(train, targets=[0, 1])
    assert oracle.score(holdout, honest) > 0.85
    assert oracle.score(holdout, shuffled) < 0.65


@pytest.mark.parametrize("make", ACCURACIES)
@pytest.mark.parametrize("scoring", ["f1", "g_mean", "balanced_accuracy", "roc_auc", "neg_log_loss"])
@pytest.mark.parametrize("table", [problem, three])
def test_any_scorer_can_be_asked_for(make, scoring, table):
    train, holdout, synthetic = table(), table(seed=1), table(seed=2)
    targets = np.unique(train.codes)[1:]
    score = make(LogisticRegression(), scoring=scoring).fit(train, targets=targets).score(holdout, synthetic)
    assert np.isfinite(score)


@pytest.mark.parametrize("make", ASKING)
def test_one_class_alone_says_nothing(make):
    rows = problem().of(1)
    assert np.isnan(make().fit(rows, targets=[1]).score(rows, rows))


@pytest.mark.parametrize("make", ASKING)
def test_learners_may_see_the_users_own_columns(make):
    seen = []

    class Nosy(DecisionTreeClassifier):
        def fit(self, X, y):
            seen.append(X)
            return super().fit(X, y)

    def frames(values, origin):
        # Synthetic rows come last: that is what decoding relies on.
        assert (np.diff((np.asarray(origin) < 0).astype(int)) >= 0).all()
        return 10 * values

    train, holdout, synthetic = (problem(seed=seed, frames=frames) for seed in range(3))
    for rows in (train, holdout):
        object.__setattr__(rows, "origin", np.arange(len(rows)))
    score = make(Nosy(), encoded=False).fit(train, targets=[1]).score(holdout, synthetic.of(1))
    assert np.isfinite(score)
    assert all(np.abs(x).max() > 10 for x in seen)


@pytest.mark.parametrize("make", ASKING)
def test_many_rows_are_thinned(make):
    sizes = []

    class Counting(LogisticRegression):
        def fit(self, X, y):
            sizes.append(np.bincount(y).tolist())
            return super().fit(X, y)

    make(Counting(), max_rows=60).fit(problem(), targets=[1]).score(problem(seed=1), problem(seed=2).of(1))
    assert sizes == [[30, 30]]


@pytest.mark.parametrize("make", ASKING)
def test_an_estimator_must_classify(make):
    with pytest.raises(ValueError, match=r"'estimator' must be a classifier. Got Ridge"):
        make(Ridge()).validate(2)


@pytest.mark.parametrize("make", ACCURACIES)
def test_a_misspelt_scorer_is_found_before_training(make):
    with pytest.raises(ValueError, match="Did you mean 'f1_macro'"):
        make(scoring="f1_makro").validate(2)


# --- samples


def test_levelled_classes_do_not_depend_on_each_other():
    rows = problem(40, 12)
    more = rows.join(problem(30, 0, seed=9))
    both = [level(some, 20, 0).of(1).values for some in (rows, more)]
    np.testing.assert_array_equal(*both)
    assert len(np.unique(level(rows, 12, 0).of(1).values, axis=0)) == 12
    assert np.unique(level(rows, 24, 0).of(1).values, axis=0, return_counts=True)[1].tolist() == [2] * 12


def test_parts_are_disjoint_and_equal():
    for m, n, most in ((100, 30, 8), (100, 5, 4), (7, 7, 3), (6, 7, 3)):
        found = parts(np.arange(m), n, most)
        assert len(found) == max(1, min(most, m // n))
        assert {len(part) for part in found} == {min(m, n)}
        assert len(set(np.concatenate(found))) == len(found) * min(m, n)


def test_thinning_keeps_both_ends():
    assert evenly(np.arange(100), 3).tolist() == [0, 49, 99]
    assert evenly(np.arange(2), 3).tolist() == [0, 1]


def test_a_typical_distance_is_never_zero():
    lone, equal, mostly = np.zeros((1, 2)), np.ones((5, 2)), np.array([[0.0]] * 9 + [[1.0]])
    assert [typical_distance(rows) for rows in (lone, equal)] == [1, 1]
    assert typical_distance(mostly) == pytest.approx(9 / 45)
