"""Laws that hold for every oracle of the registry."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.linear_model import Ridge

from gan_oversampler.oracles.distances import FrechetOracle
from gan_oversampler.oracles.registry import ORACLES
from tests.samples import NONE, global_state, normal, one_class, problem, rows_of, three

MAKERS = {
    **ORACLES,
    **{
        f"frechet on {features}": (lambda f=features: FrechetOracle(f)) for features in ("pca", "autoencoder")
    },
}
all_oracles = pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
# A downstream score of no rows is that of doing nothing.
COMPARING = {name: make for name, make in MAKERS.items() if name != "downstream"}
comparing = pytest.mark.parametrize("make", COMPARING.values(), ids=COMPARING)


def _score(make, train, holdout, synthetic, targets=(1,), **options):
    return make().fit(train, targets=targets, **options).score(holdout, synthetic)


def _copied(rows):
    return rows_of(rows.values.copy(), rows.codes.copy(), rows.classes)


@all_oracles
def test_scoring_leaves_no_trace(make):
    train, holdout, synthetic, other = (problem(seed=seed) for seed in range(4))
    oracle = make().fit(train, targets=[1], random_state=3)
    first = oracle.score(holdout, synthetic.of(1))
    oracle.score(other, other.of(1))
    oracle.score(holdout, NONE)
    assert oracle.score(holdout, synthetic.of(1)) == first
    assert make().fit(train, targets=[1], random_state=3).score(holdout, synthetic.of(1)) == first
    assert np.isfinite(first)


@all_oracles
def test_three_classes_are_no_harder_than_two(make):
    for targets in ([1, 2], [2], [0, 1, 2]):
        synthetic = three(2).at(np.isin(three(2).codes, targets))
        assert np.isfinite(_score(make, three(), three(1), synthetic, targets))


@all_oracles
def test_utility_is_higher_for_better_rows(make):
    train, holdout = problem(seed=0), problem(seed=1)
    oracle = make().fit(train, targets=[1])
    good, bad = problem(n_rare=100, seed=3).of(1), one_class(normal(100, 2))
    if make is ORACLES["privacy"]:
        bad = train.of(1)  # the only bad rows that it knows
    assert oracle.utility(holdout, good) > oracle.utility(holdout, bad)
    assert abs(oracle.utility(holdout, good)) == pytest.approx(abs(oracle.score(holdout, good)))


@all_oracles
def test_oracles_do_not_depend_on_the_labels_type(make):
    scores = []
    for classes in (["a", "b"], [7, 3], [True, False], [0.5, 1.5], [None, "x"]):
        classes = np.array(classes, dtype=object if None in classes else None)
        train, holdout, synthetic = (problem(seed=s, classes=classes) for s in range(3))
        scores.append(_score(make, train, holdout, synthetic.of(1)))
    assert len(set(scores)) == 1


@all_oracles
def test_oracles_leave_their_input_and_global_randomness_alone(make):
    before = global_state()
    rows = [problem(seed=seed) for seed in range(3)]
    copies = [_copied(r) for r in rows]
    _score(make, *rows[:2], rows[2].of(1))
    assert global_state() == before
    for row, copy in zip(rows, copies):
        np.testing.assert_array_equal(row.values, copy.values)
        np.testing.assert_array_equal(row.codes, copy.codes)


@all_oracles
def test_parameters_survive_cloning(make):
    oracle = make()
    copy = clone(oracle)
    assert copy is not oracle
    assert copy.get_params() == oracle.get_params()
    assert repr(copy.set_params(**oracle.get_params())) == repr(oracle)
    copy.validate(2)


@all_oracles
def test_a_fitted_oracle_can_be_sent_to_another_process(make):
    train, holdout, synthetic = (problem(seed=seed) for seed in range(3))
    oracle = make().fit(train, targets=[1])
    sent = pickle.loads(pickle.dumps(oracle))
    assert sent.score(holdout, synthetic.of(1)) == oracle.score(holdout, synthetic.of(1))


@all_oracles
@pytest.mark.parametrize("n_columns", [1, 40])
def test_one_column_and_more_columns_than_rows(make, n_columns):
    train, holdout, synthetic = (
        rows_of(normal(50, n_columns, seed), np.repeat([0, 1], [38, 12])) for seed in range(3)
    )
    assert np.isfinite(_score(make, train, holdout, synthetic.of(1)))


@all_oracles
def test_constant_columns_and_equal_rows(make):
    train, holdout, synthetic = (problem(seed=seed) for seed in range(3))
    for rows in (train, holdout, synthetic):
        rows.values[:, 1] = 3.0
    assert np.isfinite(_score(make, train, holdout, synthetic.of(1)))
    for rows in (train, holdout, synthetic):
        rows.values[:] = 3.0
    assert np.isfinite(_score(make, train, holdout, synthetic.of(1)))


@all_oracles
@pytest.mark.parametrize(("n_train", "n_real", "n_fake"), [(1, 1, 1), (12, 1, 30), (12, 12, 1), (1, 12, 30)])
def test_single_rows_are_no_accident(make, n_train, n_real, n_fake):
    train, holdout, synthetic = (
        problem(40, n, seed=seed) for seed, n in enumerate((n_train, n_real, n_fake))
    )
    score = _score(make, train, holdout, synthetic.of(1))
    assert np.isfinite(score) or np.isnan(score)


@all_oracles
def test_float32_rows_are_welcome(make):
    rows = [problem(seed=seed) for seed in range(3)]
    small = [rows_of(r.values, r.codes) for r in rows]
    for r in small:
        object.__setattr__(r, "values", r.values.astype(np.float32))
    exact, rounded = (_score(make, *r[:2], r[2].of(1)) for r in (rows, small))
    assert rounded == pytest.approx(exact, abs=0.1)


@all_oracles
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_rows_that_are_no_numbers_are_a_failure(make, value):
    synthetic = problem(seed=2).of(1)
    synthetic.values[3, 1] = value
    assert np.isnan(_score(make, problem(), problem(seed=1), synthetic))


@comparing
def test_missing_synthetic_rows_of_a_target_have_no_score(make):
    real = problem()
    assert np.isnan(_score(make, real, real, real.of(1), targets=[0, 1]))
    assert np.isnan(_score(make, real, real, NONE))


@comparing
def test_no_held_out_rows_of_any_target_give_no_score(make):
    assert np.isnan(_score(make, problem(), problem(seed=1).of(0), problem(seed=2).of(1)))


@all_oracles
def test_a_target_without_held_out_rows_does_not_stop_the_others(make):
    train, holdout, synthetic = three(), three(1), three(2)
    assert np.isfinite(_score(make, train, holdout.at(holdout.codes != 2), synthetic, targets=[1, 2]))


@comparing
def test_rows_of_other_classes_than_the_targets_do_not_count(make):
    train, holdout, synthetic = (problem(seed=seed) for seed in range(3))
    assert _score(make, train, holdout, synthetic) == pytest.approx(
        _score(make, train, holdout, synthetic.of(1))
    )


@all_oracles
def test_a_class_with_too_few_held_out_rows_is_left_out(make):
    n_holdout = make()._min_rows[0]
    if n_holdout == 1:
        return
    train, holdout, synthetic = (problem(40, 12, seed=seed) for seed in range(3))
    few = holdout.of(0).join(holdout.of(1).at(np.arange(n_holdout - 1)))
    both, one = (make().fit(train, targets=targets) for targets in ([0, 1], [0]))
    assert both.score(few, synthetic) == one.score(few, synthetic)
    assert np.isnan(make().fit(train, targets=[1]).score(few, synthetic))


# --- parameters

WRONG = {"max_rows": (0, -1, 2.5, None), "smooth": ("no", None), "encoded": ("no", None)}
WRONG |= {"n_directions": WRONG["max_rows"], "k": WRONG["max_rows"]}


@pytest.mark.parametrize("name", sorted(ORACLES))
def test_wrong_numbers_and_switches_are_errors_that_name_the_parameter(name):
    for parameter in WRONG.keys() & ORACLES[name]().get_params():
        for value in WRONG[parameter]:
            with pytest.raises(ValueError, match=f"'{parameter}' parameter of {ORACLES[name].__name__} must"):
                ORACLES[name](**{parameter: value}).validate(2)


@pytest.mark.parametrize(
    "name", sorted(name for name in ORACLES if "estimator" in ORACLES[name]().get_params())
)
def test_an_estimator_must_classify(name):
    with pytest.raises(ValueError, match=r"'estimator' must be a classifier. Got Ridge"):
        ORACLES[name](Ridge()).validate(2)
