"""Trials: one fold, one judge; honest failures."""

import numpy as np
import pytest
from gan_oversampler.sampling.pool import Pool
from hypothesis import given
from hypothesis import strategies as st

from gan_oversampler._utils import Streams
from gan_oversampler.encoding.layout import Block, Layout
from gan_oversampler.encoding.row_space import RowSpace
from gan_oversampler.gans.gan import GAN
from gan_oversampler.oracles.base import Oracle
from gan_oversampler.oracles.distances import EnergyOracle, FrechetOracle
from gan_oversampler.oracles.registry import oracle_of
from gan_oversampler.selection.scoring import BASELINES, NOTHING, Judge, Trial, missing
from gan_oversampler.training.loop import Candidate
from tests.samples import problem

PLANE = RowSpace(Layout((Block("x", 0, 0, ()), Block("y", 1, 0, ()))))


def _trial(oracle, number=0, share=1.0):
    train = problem(30, 10)
    pool = Pool.of(train.values.astype(np.float32), train.codes, PLANE, learned=[1], drawn=[1])
    return Trial.of(number, oracle, train, problem(seed=1), {"targets": pool}, {1: share}, Streams(number))


def _count(real, synthetic):
    return float(len(synthetic))


def test_a_trial_draws_in_proportion_to_its_own_rows():
    trial = _trial(oracle_of(_count), share=2.5)
    assert trial.n_new == {1: 25}
    assert Judge([trial], [GAN()]).baselines(["smote"])["smote"].tolist() == [25.0]


def test_a_trial_draws_at_least_one_row_of_each_class_to_oversample():
    assert _trial(oracle_of(_count), share=0.01).n_new == {1: 1}


@pytest.mark.parametrize(
    ("n_rows", "n_new", "ratio", "expected"),
    [(20, 80, 1, 80), (20, 80, 0.5, 30), (20, 80, 0.2, 0), (20, 80, 0.1, 0), (5, 0, 1, 0), (7, 0, 0.5, 0)],
)
def test_new_rows_that_are_missing_at_a_ratio(n_rows, n_new, ratio, expected):
    assert missing(n_rows, n_new, ratio) == expected


@given(st.integers(1, 500), st.integers(0, 500), st.lists(st.floats(0, 1), min_size=2, max_size=2))
def test_a_class_comes_to_its_share_and_loses_no_row(n_rows, n_new, ratios):
    some, more = (missing(n_rows, n_new, ratio) for ratio in sorted(ratios))
    assert 0 <= some <= more <= n_new
    if some:
        assert abs(n_rows + some - min(ratios) * (n_rows + n_new)) < 1
    assert missing(n_rows, n_new, 1.0) == n_new


def test_a_trial_at_a_ratio_is_the_same_fold_with_fewer_new_rows():
    whole = _trial(oracle_of(_count), share=3.0)  # 10 rows, 30 new ones
    half = whole.at_ratio(0.5)
    assert (whole.n_new, half.n_new, whole.at_ratio(0.2)) == ({1: 30}, {1: 10}, None)
    assert whole.at_ratio(1.0) == whole
    assert all(
        getattr(half, name) is getattr(whole, name) for name in ("oracle", "holdout", "pools", "streams")
    )


def test_ratios_are_scored_where_they_ask_for_rows():
    judge = Judge([_trial(oracle_of(_count), number, share=3.0) for number in range(2)], [GAN()])
    candidates = [Candidate(0, step, dict.fromkeys([0, 1, None])) for step in (1, 2, 3)]
    mixtures = judge.mixtures(candidates)
    assert judge.at_ratio(0.2) is None
    assert [judge.at_ratio(r).score(mixtures, "").tolist() for r in (0.5, 1.0)] == [[10, 10], [30, 30]]
    assert judge.score(mixtures, "").tolist() == judge(candidates[:1])[0].tolist()


@pytest.mark.parametrize("name", sorted(BASELINES))
def test_a_baseline_name_stands_for_a_base(name):
    judge = Judge([_trial(FrechetOracle())], [GAN()])
    scores = judge.baselines([name, BASELINES[name]])
    assert scores[name] == scores[BASELINES[name]]


def test_the_baseline_of_doing_nothing_draws_nothing():
    seen = []

    class Seeing(Oracle):
        def score(self, holdout, synthetic):
            seen.append(synthetic)
            return 0.0

    trial = Trial.of(0, Seeing(), problem(), problem(seed=1), {}, {1: 3.0}, Streams(0))
    assert Judge([trial], [GAN()]).baselines([NOTHING])[NOTHING].tolist() == [0.0]
    assert len(seen[0]) == 0
    assert seen[0].values.shape == (0, 2)


def test_utilities_come_fold_by_fold_and_higher_is_better():
    trials = [_trial(EnergyOracle(), number) for number in range(3)]
    judge = Judge(trials, [GAN(base="smote"), GAN(base="bootstrap")])
    candidates = [Candidate(n, 0, dict.fromkeys([0, 1, 2, None])) for n in (0, 1)]
    utilities = judge(candidates)
    assert [u.shape for u in utilities] == [(3,), (3,)]
    assert (np.array(utilities) < 0).all()
    # Step 0 of a residual generator is its base.
    baselines = judge.baselines(["smote", "bootstrap"])
    for utility, name in zip(utilities, baselines):
        np.testing.assert_array_equal(utility, baselines[name])


def test_an_oracle_that_fails_costs_its_candidate_and_says_so():
    def picky(real, synthetic):
        raise RuntimeError("no opinion")

    judge = Judge([_trial(oracle_of(picky))], [GAN()])
    with pytest.warns(RuntimeWarning, match="could not score residual.*RuntimeError: no opinion"):
        (utility,) = judge([Candidate(0, 50, {0: None, None: None})])
    assert np.isnan(utility).all()
    assert len(judge.events) == 1
    assert "step 50" in judge.events[0]


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_score_that_is_no_number_is_reported(value):
    judge = Judge([_trial(oracle_of(lambda real, synthetic: value))], [GAN()])
    with pytest.warns(RuntimeWarning, match="counts as failed"):
        judge([Candidate(0, 0, {0: None, None: None})])
