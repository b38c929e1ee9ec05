"""Large tables: the oracle scales them down, and says so."""

import numpy as np
from gan_oversampler.sampling.pool import Pool
from sklearn.linear_model import LogisticRegression

from gan_oversampler import GAN, DownstreamOracle, GANOversampler
from gan_oversampler._utils import Streams
from gan_oversampler.encoding.layout import Block, Layout
from gan_oversampler.encoding.row_space import RowSpace
from gan_oversampler.sampling.sources import Source
from gan_oversampler.selection.scoring import Trial
from tests.samples import problem

PLANE = RowSpace(Layout((Block("x", 0, 0, ()), Block("y", 1, 0, ()))))


def test_a_report_says_that_a_table_was_scaled_down():
    X, y = np.random.default_rng(0).normal(size=(130, 3)), np.repeat([0, 1], [100, 30])
    for max_rows, told in ((40, True), (400, False)):
        oracle = DownstreamOracle(LogisticRegression(), max_rows=max_rows)
        report = GANOversampler(gan=GAN(loss_weights={}), oracle=oracle, random_state=0).fit(X, y).report_
        assert any("'max_rows'" in note for note in report.notes) is told


def test_a_trial_draws_the_share_of_new_rows_that_the_oracle_asks_for():
    class Counting(DownstreamOracle):
        def score(self, holdout, synthetic):
            return float(len(synthetic))

    train = problem(30, 10)
    pool = Pool.of(train.values.astype(np.float32), train.codes, PLANE, learned=[1], drawn=[1])
    few, whole = (
        Trial.of(0, Counting(max_rows=n), train, problem(seed=1), {"targets": pool}, {1: 3.0}, Streams(0))
        for n in (5, 5000)
    )
    drawn = [trial.utility(Source(trial.pools["targets"], "smote"))[0] for trial in (few, whole)]
    assert drawn == [round(30 * 5 / 40), 30]
    assert few.at_ratio(0.5).n_new == whole.at_ratio(0.5).n_new
