"""The default oracle, what users may write, and trials: fresh learners, honest failures."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.metrics import (
    average_precision_score,
    brier_score_loss,
    f1_score,
    get_scorer,
    log_loss,
    make_scorer,
    roc_auc_score,
)
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from gan_oversampler._utils import Streams
from gan_oversampler.encoding.layout import Block, Layout
from gan_oversampler.encoding.row_space import RowSpace
from gan_oversampler.gans.gan import GAN
from gan_oversampler.oracles.base import CallableOracle, Oracle
from gan_oversampler.oracles.distances import EnergyOracle, FrechetOracle
from gan_oversampler.oracles.downstream import DownstreamOracle
from gan_oversampler.oracles.registry import oracle_of
from gan_oversampler.oracles.scorers import scorer_names
from gan_oversampler.sampling.fold_data import FoldData
from gan_oversampler.selection.scoring import BASELINES, NOTHING, Judge, Trial, missing
from gan_oversampler.training.loop import Candidate
from tests.samples import NONE, global_state, problem, rows_of, three

# --- downstream


def test_more_rows_of_a_rare_class_help():
    train, holdout, more = problem(n_rare=6), problem(seed=1), problem(n_rare=140, seed=2)
    oracle = DownstreamOracle().fit(train, targets=[1])
    assert oracle.score(holdout, more.of(1)) > oracle.score(holdout, NONE) + 0.05


def test_rows_with_shuffled_labels_hurt():
    train, holdout, more = problem(n_rare=40), problem(seed=1), problem(n_rare=150, seed=2)
    shuffled = rows_of(more.values, np.random.default_rng(0).permutation(more.codes))
    oracle = DownstreamOracle().fit(train, targets=[0, 1])
    assert oracle.score(holdout, shuffled) < oracle.score(holdout, more) - 0.05


def test_the_users_learner_is_cloned_afresh_for_every_score():
    # The released code went on training one classifier, so that later generators scored better.
    learner = MLPClassifier((4,), solver="sgd", max_iter=3, warm_start=True)
    oracle = DownstreamOracle(learner).fit(problem(), targets=[1])
    scores = {oracle.score(problem(seed=1), problem(seed=2).of(1)) for _ in range(3)}
    assert len(scores) == 1
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


def test_f1_is_that_of_the_rarest_class():
    train, holdout = problem(), problem(seed=1)
    learner = LogisticRegression().fit(train.values, train.codes)
    oracle = DownstreamOracle(LogisticRegression(), smooth=False).fit(train, targets=[1])
    assert oracle.score(holdout, NONE) == f1_score(holdout.codes, learner.predict(holdout.values))


def test_f1_of_many_classes_is_macro():
    train, holdout = three(), three(1)
    learner = LogisticRegression(max_iter=300).fit(train.values, train.codes)
    empty = train.at(np.arange(0))
    oracle = DownstreamOracle(LogisticRegression(max_iter=300), smooth=False).fit(train, targets=[1, 2])
    expected = f1_score(holdout.codes, learner.predict(holdout.values), average="macro")
    assert oracle.score(holdout, empty) == pytest.approx(expected)
    assert oracle_of("f1_macro").fit(train, targets=[1]).score(holdout, empty) == pytest.approx(
        oracle_of("f1").fit(train, targets=[1]).score(holdout, empty)
    )


@pytest.mark.parametrize(
    "scoring",
    ["f1", "g_mean", "precision", "recall", "jaccard", "roc_auc", "balanced_accuracy", "average_precision"],
)
@pytest.mark.parametrize("table", [problem, three])
def test_usual_scorers_work_for_two_and_more_classes(table, scoring):
    train, holdout = table(), table(seed=1)
    score = oracle_of(scoring).fit(train, targets=[1]).score(holdout, train.of(1))
    assert 0.2 < score <= 1


@pytest.mark.parametrize("scoring", ["roc_auc", "average_precision", "neg_log_loss", "neg_brier_score"])
def test_a_class_that_a_fold_has_only_on_one_side_is_left_out(scoring):
    """Rankings and probabilities are those of the classes that both sides have."""
    train, holdout = three(), three(1)
    both = holdout.at(np.flatnonzero(holdout.codes < 2))
    learner = LogisticRegression().fit(train.values, train.codes)
    oracle = DownstreamOracle(learner, scoring=scoring).fit(train, targets=[1])
    shares = learner.predict_proba(both.values)
    rarer = shares[:, 1] / shares[:, :2].sum(1)
    expected = {
        "roc_auc": roc_auc_score(both.codes, rarer),
        "average_precision": average_precision_score(both.codes, rarer),
        "neg_log_loss": -log_loss(both.codes, rarer),
        "neg_brier_score": -brier_score_loss(both.codes, rarer),
    }
    assert oracle.score(both, NONE) == pytest.approx(expected[scoring], rel=1e-6)
    unknown = DownstreamOracle(scoring=scoring).fit(train.at(np.flatnonzero(train.codes < 2)), targets=[1])
    assert unknown.score(holdout, NONE) == pytest.approx(unknown.score(both, NONE))


def test_g_mean_is_zero_when_a_class_is_never_found():
    train = problem()
    learner = LogisticRegression(C=1e-9)
    constant = DownstreamOracle(learner, scoring="g_mean", smooth=False).fit(train, targets=[1])
    assert constant.score(problem(seed=1), NONE) == 0
    # Probabilities are the shares of the classes: recalls of 150/162 and 12/162.
    smooth = DownstreamOracle(learner, scoring="g_mean").fit(train, targets=[1])
    assert smooth.score(problem(seed=1), NONE) == pytest.approx((150 * 12) ** 0.5 / 162, rel=1e-3)


def test_scorer_objects_see_the_users_labels():
    scorer = make_scorer(f1_score, pos_label="rare")
    train, holdout, more = problem(), problem(seed=1), problem(seed=2).of(1)
    named = DownstreamOracle(smooth=False).fit(train, targets=[1]).score(holdout, more)
    own = oracle_of(scorer).fit(train, targets=[1]).score(holdout, more)
    assert own == pytest.approx(named)
    wrong = oracle_of(make_scorer(f1_score, pos_label="common")).fit(train, targets=[1])
    assert wrong.score(holdout, more) != own


def test_learners_may_see_the_users_own_columns():
    class Nosy(DecisionTreeClassifier):
        def fit(self, X, y):
            assert list(X.columns) == ["a", "b"]
            return super().fit(X, y)

    def frame(values, origin=None):
        return pd.DataFrame(values, columns=["a", "b"])

    train, holdout = problem(frames=frame), problem(seed=1, frames=frame)
    oracle = DownstreamOracle(Nosy(), encoded=False).fit(train, targets=[1])
    assert 0 < oracle.score(holdout, train.of(1)) <= 1
    with pytest.raises(AttributeError):
        DownstreamOracle(Nosy()).fit(train, targets=[1]).score(holdout, train.of(1))


def test_undefined_scores_warn_nobody():
    train, holdout = problem(), problem(n_rare=1, seed=1).of(0)
    for scoring in ("f1", "precision", "recall", "g_mean"):
        assert np.isfinite(oracle_of(scoring).fit(train, targets=[1]).score(holdout, NONE))


# --- what users write


def test_every_scorer_name_is_an_oracle():
    for name in scorer_names():
        assert oracle_of(name).greater_is_better
    assert oracle_of("average_precision").scoring == "average_precision"
    assert isinstance(oracle_of(get_scorer("accuracy")), DownstreamOracle)


@pytest.mark.parametrize(
    ("typo", "meant"), [("frechett", "frechet"), ("f1_makro", "f1_macro"), ("gmean", "g_mean")]
)
def test_an_unknown_name_gets_a_hint(typo, meant):
    with pytest.raises(ValueError, match=f"Unknown oracle '{typo}'. Did you mean '{meant}'"):
        oracle_of(typo)


def test_an_unknown_scorer_gets_a_hint():
    oracle = DownstreamOracle(scoring="balanced_acuracy").fit(problem(), targets=[1])
    with pytest.raises(ValueError, match="Did you mean 'balanced_accuracy'"):
        oracle.score(problem(), NONE)


def test_a_function_gets_the_users_container_class_by_class():
    calls = []

    def spread(real, synthetic):
        calls.append((real, synthetic))
        return float(len(real))

    def frame(values, origin=None):
        return pd.DataFrame(values, columns=["a", "b"])

    real = problem(20, 10, frames=frame)
    oracle = oracle_of(spread).fit(real, targets=[0, 1])
    assert isinstance(oracle, CallableOracle)
    assert oracle.score(real, real) == 15.0
    for code, (held_out, synthetic) in enumerate(calls):
        pd.testing.assert_frame_equal(held_out, frame(real.of(code).values))
        pd.testing.assert_frame_equal(synthetic, held_out)


def test_a_users_own_oracle_is_taken_as_it_is():
    class Constant(Oracle):
        greater_is_better = False

        def score(self, holdout, synthetic):
            return 2.0

    oracle = oracle_of(Constant()).fit(problem(), targets=[1])
    assert oracle.score(NONE, NONE) == 2.0
    assert oracle.utility(NONE, NONE) == -2.0


@pytest.mark.parametrize("learner", [SGDClassifier(), RandomForestClassifier(3)])
def test_learners_without_seed_do_not_touch_global_randomness(learner):
    before = global_state()
    DownstreamOracle(learner).fit(problem(), targets=[1]).score(problem(seed=1), NONE)
    assert global_state() == before


# --- trials: one fold, one judge


PLANE = RowSpace(Layout((Block("x", 0, 0, ()), Block("y", 1, 0, ()))))


def _trial(oracle, number=0, share=1.0):
    train = problem(30, 10)
    pool = FoldData.of(train.values.astype(np.float32), train.codes, PLANE, learned=[1], drawn=[1])
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
