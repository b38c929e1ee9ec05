"""AutoGAN's scores by classifiers, without the defects of its released code."""

import numpy as np
import pytest
from scipy.special import rel_entr
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.tree import DecisionTreeClassifier

from gan_oversampler.oracles.cas import CASRealOracle, CASSynOracle, DiversityOracle, diversity
from gan_oversampler.oracles.samples import balanced_sample
from tests.samples import problem, rows_of, three

ACCURACIES = [CASRealOracle, CASSynOracle]


# --- diversity


@pytest.mark.parametrize("n_classes", [2, 3, 7])
def test_sure_predictions_in_equal_shares_have_the_diversity_of_all_classes(n_classes):
    assert diversity(np.tile(np.eye(n_classes), (4, 1))) == pytest.approx(n_classes)


def test_constant_predictions_have_diversity_one():
    assert diversity(np.tile([0.3, 0.7], (9, 1))) == pytest.approx(1)
    assert diversity(np.eye(2)[[1, 1, 1]]) == 1


def test_all_classes_enter_the_divergence():
    # The released code summed over one of two columns, so that shares of 1/e were best.
    predicted = np.random.default_rng(0).dirichlet([1, 1], size=50)
    mean = predicted.mean(axis=0)
    both = np.mean([rel_entr(row, mean).sum() for row in predicted])
    assert diversity(predicted) == pytest.approx(np.exp(both))
    assert diversity(predicted) == pytest.approx(diversity(predicted[:, ::-1]))
    shares = np.linspace(0.05, 0.95, 19)
    sure = [diversity(np.eye(2)[(np.arange(1000) >= 1000 * share).astype(int)]) for share in shares]
    assert shares[np.argmax(sure)] == pytest.approx(0.5)


def test_shares_of_classes_do_not_limit_diversity():
    far = rows_of(problem().values + 20 * (problem().codes == 1)[:, None], problem().codes)
    oracle = DiversityOracle(LogisticRegression(C=100)).fit(far, targets=[1])
    assert oracle.score(far, far.of(1).at(np.arange(3))) == pytest.approx(2, abs=0.01)


# --- accuracy scores


def test_learners_of_synthetic_rows_never_see_real_rows_of_the_target():
    train = problem(60, 40)
    swapped = rows_of(np.where(train.codes[:, None] == 1, 99.0, train.values), train.codes)
    holdout, synthetic = problem(seed=1), problem(seed=2).of(1)
    scores = [CASRealOracle().fit(rows, targets=[1]).score(holdout, synthetic) for rows in (train, swapped)]
    assert scores[0] == scores[1]


def test_learners_of_real_rows_are_scored_on_synthetic_ones():
    train, holdout = problem(), problem(seed=1)
    oracle = CASSynOracle(DecisionTreeClassifier(), smooth=False).fit(train, targets=[1])
    rare = problem(300, 100, seed=2)
    learner = DecisionTreeClassifier(random_state=0).fit(*_balanced(train, 150))
    scored = balanced_sample(holdout.of(0).join(rare.of(1)), 150, 0)
    expected = f1_score(scored.codes, learner.predict(scored.values), average="macro")
    assert oracle.score(holdout, rare.of(1)) == pytest.approx(expected)


def _balanced(rows, n):
    rows = balanced_sample(rows, n, 0)
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
def test_any_scorer_can_be_used(make, scoring, table):
    train, holdout, synthetic = table(), table(seed=1), table(seed=2)
    targets = np.unique(train.codes)[1:]
    score = make(LogisticRegression(), scoring=scoring).fit(train, targets=targets).score(holdout, synthetic)
    assert np.isfinite(score)


@pytest.mark.parametrize("make", [*ACCURACIES, DiversityOracle])
def test_one_class_alone_has_no_score(make):
    rows = problem().of(1)
    assert np.isnan(make().fit(rows, targets=[1]).score(rows, rows))
