"""Large tables: the oracle scales them down, and says so."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, make_scorer

from gan_oversampler import GAN, CompositeOracle, DownstreamOracle, GANOversampler
from gan_oversampler._utils import Streams
from gan_oversampler.encoding.dataset import Rows
from gan_oversampler.encoding.layout import Block, Layout
from gan_oversampler.encoding.row_space import RowSpace
from gan_oversampler.oracles.samples import spared
from gan_oversampler.sampling.fold_data import FoldData
from gan_oversampler.sampling.sources import Source
from gan_oversampler.selection.scoring import Trial
from tests.samples import problem, rows_of

PLANE = RowSpace(Layout((Block("x", 0, 0, ()), Block("y", 1, 0, ()))))


def test_large_folds_are_thinned_alike():
    seen = []

    class Counting(LogisticRegression):
        def fit(self, X, y):
            seen.append(np.bincount(y).tolist())
            return super().fit(X, y)

        def predict_proba(self, X):
            seen.append(len(X))
            return super().predict_proba(X)

    train, holdout = problem(180, 20), problem(150, 50, seed=1)
    oracle = DownstreamOracle(Counting(), max_rows=50).fit(train, targets=[1])
    assert oracle.share_ == 0.25
    synthetic = problem(10, 40, seed=2).of(1)  # a quarter of those that balance all training rows
    score = oracle.score(holdout, synthetic)
    assert seen == [[45, 5 + 40], 25]
    assert oracle.score(holdout, synthetic) == score


@pytest.mark.parametrize("scoring", ["average_precision", "roc_auc", "neg_log_loss", "f1", "g_mean"])
@pytest.mark.parametrize("smooth", [True, False])
def test_of_a_large_holdout_rare_rows_are_spared_and_the_score_stays(scoring, smooth):
    study, holdout = problem(150, 50), problem(20000, 30, seed=1)
    options = {"scoring": scoring, "smooth": smooth}
    whole, scaled = (
        DownstreamOracle(LogisticRegression(), max_rows=n, **options).fit(study, targets=[1])
        for n in (10**6, 4000)
    )
    assert np.bincount(scaled._question(holdout)[1].codes).tolist() == [1970, 30]
    rows = problem(1, 100, seed=2).of(1)
    # Precision among few common rows is a little too good, for all candidates alike.
    tolerance = 0.2 if scoring == "average_precision" else 0.05
    assert scaled.score(holdout, rows) == pytest.approx(whole.score(holdout, rows), abs=tolerance)


def test_scorers_that_take_no_weights_are_asked_about_classes_in_proportion():
    holdout = problem(20000, 200, seed=1)
    for scoring in (make_scorer(accuracy_score), "rand_score"):
        oracle = DownstreamOracle(LogisticRegression(), scoring=scoring, max_rows=404)
        oracle.fit(problem(), targets=[1])
        assert np.bincount(oracle._question(holdout)[1].codes).tolist() == [200, 2]
        assert np.isfinite(oracle.score(holdout, problem(1, 90, seed=2).of(1)))


@pytest.mark.parametrize(("n_columns", "columns"), [(20, None), (21, "sqrt")])
def test_all_candidates_meet_the_same_panel(n_columns, columns):
    rng = np.random.default_rng(0)
    train = rows_of(rng.normal(size=(1000, n_columns)), np.repeat([0, 1], [900, 100]))
    oracle = DownstreamOracle().fit(train, targets=[1])
    for n in (0, 1, 800):
        new = rows_of(rng.normal(size=(n, n_columns)), np.ones(n))
        assert oracle._fitted(oracle.study_.join(new))[-1].max_features == columns


def test_a_composite_gives_each_oracle_its_share_of_new_rows():
    sizes = []

    class Counting(DownstreamOracle):
        def score(self, holdout, synthetic):
            sizes.append(len(synthetic))
            return 0.0

    oracles = [Counting(max_rows=50), Counting(max_rows=100)]
    composite = CompositeOracle(oracles).fit(problem(180, 20), targets=[1])
    assert composite.share_ == 0.5
    composite.score(problem(seed=1), problem(1, 80, seed=2).of(1))
    assert sizes[:2] == [40, 80]


def test_a_report_says_that_a_table_was_scaled_down():
    X, y = np.random.default_rng(0).normal(size=(130, 3)), np.repeat([0, 1], [100, 30])
    for max_rows, told in ((40, True), (400, False)):
        oracle = DownstreamOracle(LogisticRegression(), max_rows=max_rows)
        report = GANOversampler(gan=GAN(forces={}), oracle=oracle, random_state=0).fit(X, y).report_
        assert any("'max_rows'" in note for note in report.notes) is told


def test_a_trial_draws_the_share_of_new_rows_that_the_oracle_asks_for():
    class Counting(DownstreamOracle):
        def score(self, holdout, synthetic):
            return float(len(synthetic))

    train = problem(30, 10)
    pool = FoldData.of(train.values.astype(np.float32), train.codes, PLANE, learned=[1], drawn=[1])
    few, whole = (
        Trial.of(0, Counting(max_rows=n), train, problem(seed=1), {"targets": pool}, {1: 3.0}, Streams(0))
        for n in (5, 5000)
    )
    drawn = [trial.utility(Source(trial.pools["targets"], "smote"))[0] for trial in (few, whole)]
    assert drawn == [round(30 * 5 / 40), 30]
    assert few.at_ratio(0.5).n_new == whole.at_ratio(0.5).n_new


@given(st.lists(st.integers(1, 50), min_size=1, max_size=4), st.integers(1, 120))
def test_sparing_takes_as_many_as_there_is_room_for_and_no_small_class_first(counts, n):
    rows = Rows(np.zeros((sum(counts), 1)), np.repeat(np.arange(len(counts)), counts), np.arange(len(counts)))
    kept = np.bincount(spared(rows, n, np.random.default_rng(0)).codes, minlength=len(counts))
    assert ((kept >= 1) & (kept <= counts)).all()
    assert kept.sum() == min(max(n, len(counts)), sum(counts)) or n < len(counts)
    thinned = kept < counts
    assert not thinned.any() or kept.max() - kept[thinned].min() <= 1
