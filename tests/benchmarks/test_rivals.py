"""The rivals of the benchmark keep what their papers promise, and what every oversampler must."""

import math

import numpy as np
import pytest
import torch
from sklearn.base import clone

from benchmarks.rivals import autogan, cgan, oracles
from benchmarks.rivals.autogan import Arm, AutoGAN, Budget, follow, train_until_all_stop
from benchmarks.rivals.cgan import Cgan
from benchmarks.rivals.common import ColumnRange, Task
from benchmarks.rivals.cwgan import CWGANGP, Layout, Training
from benchmarks.rivals.oracles import ORACLES, Fcd, frechet
from tests.samples import global_state

RIVALS = {
    "cas_real": AutoGAN("cas_real", epoch_unit=2, patience=0, n_score=10),
    "fcd": AutoGAN("fcd", epoch_unit=2, patience=0, n_score=10),
    "fixed": AutoGAN(fixed_steps=2),
    "cwgan": CWGANGP(steps=4),
}
CLASSES = np.array([7, 3])  # majority, minority


@pytest.fixture(autouse=True)
def small_networks(monkeypatch):
    """The published ones take a second for thirty steps."""
    monkeypatch.setattr(cgan, "WIDTHS", (32, 64))
    monkeypatch.setattr(cgan, "CRITIC_WIDTH", 64)
    monkeypatch.setattr(oracles, "ENCODER_EPOCHS", 10)


def two_clouds(n_majority: int = 60, n_minority: int = 15, distance: float = 6.0):
    """Two Gaussians on the diagonal of three columns, and a column that never changes."""
    codes = np.repeat([0, 1], [n_majority, n_minority])
    X = np.random.default_rng(0).normal(size=(len(codes), 4)) + distance * codes[:, None]
    X[:, 3] = 5.0
    return X, CLASSES[codes]


class Counter:
    """A GAN that learns nothing but how long it was trained."""

    def __init__(self):
        self.generator = {"step": 0}

    def train(self, n_steps):
        self.generator["step"] += n_steps


def scripted(scores, patience=1, max_steps=math.inf):
    """Arm after a loop whose oracle says this, and a lower number ever after."""
    script = iter(scores)
    arm = Arm(lambda generator: next(script, -1e9), {"step": 0})
    train_until_all_stop(Counter(), [arm], Budget(10, patience, max_steps))
    return arm


@pytest.mark.parametrize("rival", RIVALS.values(), ids=RIVALS)
def test_originals_come_first_and_the_minority_is_filled_up(rival):
    X, y = two_clouds()
    rows, labels = clone(rival).fit_resample(X, y)
    np.testing.assert_array_equal(rows[: len(X)], X)
    np.testing.assert_array_equal(labels[: len(y)], y)
    assert (labels[len(y) :] == 3).all()
    assert (labels == 3).sum() == (labels == 7).sum() == 60
    assert np.isfinite(rows).all()
    assert (rows[:, 3] == 5.0).all()


@pytest.mark.parametrize("rival", RIVALS.values(), ids=RIVALS)
def test_a_seed_fixes_the_rows_and_nothing_global_is_drawn(rival):
    X, y = two_clouds()
    before = torch.get_rng_state(), global_state()
    first, second, other = (
        clone(rival).set_params(random_state=seed).fit_resample(X, y)[0] for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(first, second)
    assert not np.array_equal(first, other)
    assert torch.equal(before[0], torch.get_rng_state())
    assert before[1] == global_state()


def test_rows_stay_in_the_range_of_the_training_rows():
    X, y = two_clouds()
    for rival in RIVALS.values():
        rows, _ = clone(rival).fit_resample(X, y)
        assert (rows >= X.min(axis=0) - 1e-9).all()
        assert (rows <= X.max(axis=0) + 1e-9).all()


def test_more_than_two_classes_are_refused():
    with pytest.raises(ValueError, match="two classes"):
        Task.of(np.zeros((3, 1)), [0, 1, 2])


def test_scale_goes_there_and_back():
    X, _ = two_clouds()
    scale = ColumnRange.of(X)
    np.testing.assert_allclose(scale.back(scale.to_unit(X)), X)


def test_loop_keeps_the_best_and_forgives_as_many_failures_as_its_patience():
    arm = scripted([1, 2, 1, 1, 3, 0, 0, 9], patience=2)
    assert (arm.best_step, arm.best, arm.stopped_at) == (80, 9, 110)
    arm = scripted([1, 2, 1, 1, 3, 0, 0, 9], patience=1)
    assert (arm.best_step, arm.best, arm.stopped_at) == (20, 2, 40)
    assert arm.generator == {"step": 20}


def test_a_tie_is_a_failure():
    assert scripted([1, 1, 1, 5], patience=1).stopped_at == 30


def test_a_score_that_is_not_finite_is_a_failure():
    arm = scripted([1, math.nan, math.inf, 5], patience=1)
    assert (arm.best_step, arm.stopped_at) == (10, 30)


def test_the_untrained_generator_stays_if_no_score_is_finite():
    arm = scripted([math.nan] * 9, patience=3)
    assert (arm.best_step, arm.stopped_at, arm.generator) == (0, 40, {"step": 0})


def test_the_cap_ends_training_within_a_unit():
    assert scripted(range(99), max_steps=25).stopped_at == 25


def test_each_oracle_has_its_own_patience():
    early, late = (Arm(lambda g, top=top: -abs(g["step"] - top), {}) for top in (20, 50))
    train_until_all_stop(Counter(), [early, late], Budget(10, 1))
    assert [(arm.best_step, arm.stopped_at) for arm in (early, late)] == [(20, 40), (50, 70)]
    assert [arm.generator["step"] for arm in (early, late)] == [20, 50]


def test_two_oracles_on_one_training_choose_what_each_would_alone():
    X, y = two_clouds()
    settings = {"epoch_unit": 2, "patience": 1, "max_steps": 12, "n_score": 20}
    for oracle, trained in follow(X, y, tuple(ORACLES), **settings).items():
        alone = AutoGAN(oracle, **settings)
        np.testing.assert_array_equal(trained.resample(X, y)[0], alone.fit_resample(X, y)[0])
        assert (trained.best_step, trained.stopped_at) == (alone.best_step_, alone.stopped_at_)


@pytest.mark.parametrize("rival", [{"oracle": "cas_real"}, {"oracle": "fcd"}, {"fixed_steps": 8}], ids=str)
def test_rows_are_the_same_where_oracles_share_a_training_that_is_kept(rival, tmp_path, monkeypatch):
    monkeypatch.setattr(autogan, "FIXED_STEPS", 8)
    X, y = two_clouds()
    alone = AutoGAN(**rival, epoch_unit=2, patience=1, max_steps=12, n_score=20)
    expected = alone.fit_resample(X, y)[0]
    for sharing in (alone.set_params(memory=str(tmp_path)), AutoGAN(**alone.get_params())):
        np.testing.assert_array_equal(sharing.fit_resample(X, y)[0], expected)


def test_frechet_is_nothing_between_equals_and_the_square_of_a_shift():
    rows = np.random.default_rng(0).normal(size=(500, 3))
    assert frechet(rows, rows) == pytest.approx(0, abs=1e-9)
    assert frechet(rows, rows + 2.0) == pytest.approx(12.0)
    centred = rows[:, :1] - rows[:, :1].mean()
    assert frechet(centred, 3 * centred) == pytest.approx(4 * centred.var(ddof=1))


def test_fcd_sees_a_shift_but_not_an_order():
    rows = np.random.default_rng(0).uniform(-1, 1, size=(60, 4))
    encode = Fcd(rows, np.zeros(60, dtype=int), 10, 0).encode
    assert frechet(encode(rows), encode(rows[::-1].copy())) == pytest.approx(0, abs=1e-6)
    assert frechet(encode(rows), encode(rows + 0.5)) > 0.01


@pytest.mark.parametrize("oracle", ORACLES)
def test_a_broken_generator_scores_nan(oracle):
    rows = np.random.default_rng(0).uniform(-1, 1, size=(30, 4))
    codes = np.repeat([0, 1], 15)
    gan = Cgan(rows, codes, 0)
    with torch.no_grad():
        gan.generator.layers[0].weight.fill_(math.nan)
    assert math.isnan(ORACLES[oracle](rows, codes, 10, 0)(gan.generator))


@pytest.mark.parametrize("groups", [((2, 0), (5, 3, 4)), ((0, 1, 2), (3, 4, 5))])
def test_one_hot_columns_stay_one_hot_wherever_they_lie(groups):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(70, 7))
    for group in groups:
        X[:, group] = np.eye(len(group))[rng.integers(len(group), size=70)]
    rows, _ = CWGANGP(groups, steps=6).fit_resample(X, np.arange(70) < 10)
    for group in groups:
        assert set(np.unique(rows[:, group])) <= {0.0, 1.0}
        assert (rows[:, group].sum(axis=1) == 1).all()


def test_a_table_of_categories_only_has_no_numbers_to_make():
    X = np.eye(3)[np.random.default_rng(0).integers(3, size=40)]
    rows, _ = CWGANGP(((0, 1, 2),), steps=6).fit_resample(X, np.arange(40) < 10)
    assert (rows.sum(axis=1) == 1).all()


def test_layout_undoes_its_order():
    layout = Layout.of(6, ((4, 1), (0, 2)))
    rows = np.arange(12.0).reshape(2, 6)
    np.testing.assert_array_equal(layout.undo(rows[:, layout.order]), rows)


def drawn_by_autogan(X, y, n):
    trained = follow(X, y, (), fixed_steps=200)["fixed"]
    return [trained.draw(np.full(n, code), 0) for code in (0, 1)]


def drawn_by_cwgan(X, y, n):
    scale, codes = ColumnRange.of(X), Task.of(X, y).codes
    training = Training(scale.to_unit(X), codes, Layout.of(X.shape[1], ()), 15.0, 0)
    training.run(900, 3)
    return [scale.back(training.draw(n, code, torch.Generator().manual_seed(0))) for code in (0, 1)]


@pytest.mark.parametrize("draw", [drawn_by_autogan, drawn_by_cwgan])
def test_generated_rows_lie_on_the_side_of_their_class(draw):
    X, y = two_clouds(n_majority=60, n_minority=40)
    X = X[:, :3]
    made = draw(X, y, 200)
    real = [X[y == label].mean(axis=0) for label in (3, 7)]
    for code in (0, 1):
        mean = made[code].mean(axis=0)
        assert (abs(mean - real[code]) < abs(mean - real[1 - code])).all()
