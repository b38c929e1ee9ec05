"""Laws of the utility force: scores mean what their names say, lessons leak nothing, learning helps."""

from dataclasses import astuple

import numpy as np
import pytest
import torch
from gan_oversampler.training.lessons import COMMON, FEW, N_WAVES, RARE, Lessons, Split
from sklearn.linear_model import Ridge
from sklearn.metrics import average_precision_score, f1_score, log_loss, recall_score

from gan_oversampler.encoding.layout import Block, Layout
from gan_oversampler.encoding.row_space import RowSpace
from gan_oversampler.gans.gan import GAN
from gan_oversampler.gans.utility import OBJECTIVES, SHARPNESS, utility
from gan_oversampler.nn.learned_geometry import LEAST, MOST, USUAL_DRIFT, Geometry, Start
from gan_oversampler.oracles.downstream import _OBJECTIVES, DownstreamOracle
from gan_oversampler.sampling.fold_data import FoldData
from tests.tables import MIXED

SURE = 100.0  # scores so large that probabilities are answers


def _generator(seed=0):
    return torch.Generator().manual_seed(seed)


def _plane(n=60, rare=20, seed=0):
    """Two overlapping classes of plain numbers."""
    space = RowSpace(Layout((Block("x", 0, 0, ()), Block("y", 1, 0, ()))))
    codes = np.repeat([0, 1], [n - rare, rare])
    rows = torch.randn(n, 2, generator=_generator(seed)).numpy() + codes[:, None].astype(np.float32)
    return rows, codes, space


def _pool(n=60, rare=20, share=1.0, seed=0):
    rows, codes, space = _plane(n, rare, seed)
    return FoldData.of(rows, codes, space, learned=[1], drawn=[1], shares={1: share})


def _mixed_pool(seed=0):
    codes = np.repeat([0, 1, 2], [60, 30, 15])
    rows = torch.randn(len(codes), MIXED.width, generator=_generator(seed))
    rows = MIXED.project(rows + torch.from_numpy(codes)[:, None]).numpy()
    return FoldData.of(rows, codes, MIXED, learned=[1, 2], drawn=[1, 2], shares={1: 1.0, 2: 3.0})


def _drawn(pool, n_lessons=4, batch_size=32, seed=0):
    return Lessons(pool, _generator(seed)).draw(n_lessons, batch_size)


def _quiz(n_classes=2, n=40, seed=0):
    """Scores, labels, weights."""
    rng = np.random.default_rng(seed)
    scores, labels = rng.normal(size=(n, n_classes)), rng.integers(n_classes, size=n)
    return scores, labels, rng.uniform(0.5, 2, size=n)


def _value(name, scores, labels, weights):
    mass = weights[:, None] * np.eye(scores.shape[1])[labels]
    value = OBJECTIVES[name](torch.tensor(scores)[None], torch.tensor(mass)[None])
    assert value.shape == (1, scores.shape[1])
    return value[0].numpy()


# --- objectives mean what their names say


@pytest.mark.parametrize("n_classes", [2, 3])
def test_sure_f1_is_f1(n_classes):
    scores, labels, weights = _quiz(n_classes)
    expected = f1_score(labels, scores.argmax(1), average=None, sample_weight=weights)
    np.testing.assert_allclose(_value("f1", scores * SURE, labels, weights), expected, atol=0.02)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_sure_g_mean_is_the_geometric_mean_of_recalls(n_classes):
    scores, labels, weights = _quiz(n_classes)
    recalls = recall_score(labels, scores.argmax(1), average=None, sample_weight=weights)
    expected = np.prod(recalls) ** (1 / n_classes)
    np.testing.assert_allclose(_value("g_mean", scores * SURE, labels, weights), expected, atol=0.02)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_log_loss_is_log_loss(n_classes):
    scores, labels, weights = _quiz(n_classes)
    probabilities = torch.tensor(SHARPNESS * scores).softmax(-1).numpy()
    expected = -log_loss(labels, probabilities, sample_weight=weights)
    np.testing.assert_allclose(_value("log_loss", scores, labels, weights), expected)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_sure_average_precision_is_average_precision(n_classes):
    scores, labels, _ = _quiz(n_classes, n=300)
    ones = np.ones(len(labels))
    expected = [average_precision_score(labels == c, scores[:, c]) for c in range(n_classes)]
    np.testing.assert_allclose(_value("average_precision", scores * SURE, labels, ones), expected, atol=0.01)


@pytest.mark.parametrize("name", sorted(OBJECTIVES))
def test_being_right_scores_better_than_guessing_and_guessing_better_than_being_wrong(name):
    _, labels, weights = _quiz()
    right = np.eye(2)[labels]
    values = [_value(name, s, labels, weights).mean() for s in (right, 0 * right, -right)]
    assert values[0] > values[1] > values[2]


def test_every_scorer_is_aimed_at_by_an_objective():
    assert set(_OBJECTIVES.values()) <= set(OBJECTIVES)
    assert DownstreamOracle(scoring="balanced_accuracy").objective == "g_mean"
    assert DownstreamOracle(scoring="recall").objective == "f1"
    assert GAN("guided").aimed_at("g_mean").objective == "g_mean"
    assert GAN("guided", objective="f1").aimed_at("g_mean").objective == "f1"
    assert GAN("residual").aimed_at("g_mean").objective == "auto"


# --- the learner


def test_the_learner_is_weighted_ridge_regression_on_its_features(monkeypatch):
    start, _, lesson = _drawn(_pool(), n_lessons=2)
    label = torch.ones(2, 32, 1)
    seen = {}

    def spy(scores, mass):
        seen["scores"] = scores
        return mass.sum(1)

    monkeypatch.setattr("gan_oversampler.gans.utility.OBJECTIVES", {"spy": spy})
    utility(lesson, start.rows, label, torch.zeros(2, 32), "spy")
    for p in range(2):

        def features(rows, p=p):
            waves = torch.cos(rows @ lesson.waves_PFD[p] + lesson.phase_P1D[p])
            waves = waves * (8 / waves.shape[1]) ** 0.5
            return torch.cat([waves, 0.3 * rows, torch.ones(len(rows), 1)], 1).double().numpy()

        rows = torch.cat([lesson.study_PSF[p], start.rows[p]])
        # Seeds that were taken more often share their weight.
        share = lesson.spare_PB[p].softmax(0) * lesson.mass_PC[p, 0]
        weights = torch.cat([lesson.study_PSC[p].sum(1), share])
        target = torch.cat([2 * (lesson.study_PSC[p][:, 0] > 0).float() - 1, torch.ones(32)])
        ridge = Ridge(alpha=float(lesson.ridge_P[p]), fit_intercept=False)
        ridge.fit(features(rows), target.numpy(), sample_weight=weights.numpy())
        expected = ridge.predict(features(lesson.quiz_PQF[p]))
        np.testing.assert_allclose(seen["scores"][p, :, 0], expected, atol=2e-3)
        np.testing.assert_allclose(seen["scores"][p, :, 1], -expected, atol=2e-3)


@pytest.mark.parametrize("name", sorted(OBJECTIVES))
def test_following_the_gradient_raises_utility(name):
    start, _, lesson = _drawn(_pool(share=2.0))
    rows = start.rows.clone().requires_grad_()
    odds = torch.zeros(4, 32, requires_grad=True)
    label = torch.ones(4, 32, 1)
    before = utility(lesson, rows, label, odds, name)
    slopes = torch.autograd.grad(before.sum(), [rows, odds])
    step = 1e-2 / sum(slope.square().sum() for slope in slopes) ** 0.5
    moved, weighed = (x + step * slope for x, slope in zip((rows, odds), slopes, strict=True))
    assert all(slope.isfinite().all() and slope.abs().sum() > 0 for slope in slopes)
    assert utility(lesson, moved, label, weighed, name).sum() > before.sum()


def test_rows_with_no_odds_do_not_count():
    start, _, lesson = _drawn(_pool())
    label, odds = torch.ones(4, 32, 1), torch.zeros(4, 32)
    odds[:, 10:] = -1e4
    far = start.rows.clone()
    far[:, 10:] += 50.0
    values = [utility(lesson, rows, label, odds, "f1") for rows in (start.rows, far)]
    torch.testing.assert_close(*values)


# --- lessons


@pytest.mark.parametrize("n_rows", [2, 3, 10, 64, 500, 5000])
@pytest.mark.parametrize("n_slots", [32, 256])
def test_slots_stand_for_all_rows_of_their_part(n_rows, n_slots):
    split = Split.draw(n_rows, 5, _generator())
    n_quiz = max(1, int(0.3 * n_rows))
    for quiz, n_part in ((True, n_quiz), (False, n_rows - n_quiz)):
        index, weight = split.slots(n_slots, quiz=quiz)
        assert index.shape == (5, n_slots)
        assert float(weight.sum()) == pytest.approx(n_part, rel=0.01)
        if n_part <= n_slots:  # then every row counts once
            for row in index:
                counts = torch.zeros(n_rows).index_add_(0, row, weight)
                torch.testing.assert_close(counts.sort().values[-n_part:], torch.ones(n_part))


def test_nothing_of_the_quiz_is_studied():
    _, _, lesson = _drawn(_mixed_pool(), n_lessons=20)
    for study, quiz in zip(lesson.study_PSF, lesson.quiz_PQF, strict=True):
        assert (study[:, None] - quiz).norm(dim=-1).min() > 0


def test_starts_are_made_of_rows_to_study_only():
    pool = _pool(rare=9)
    start, _, lesson = _drawn(pool, n_lessons=30)
    steps = start.shift  # a share of the way to a friend
    for rows, shift, study in zip(start.rows, steps, lesson.study_PSF, strict=True):
        towards = study[:, None] - rows
        assert towards.norm(dim=-1).amin(0).max() == 0
        # Some studied row lies straight ahead: its distance from the ray is zero.
        unit = torch.nn.functional.normalize(shift, dim=-1)
        along = (towards * unit).sum(-1, keepdim=True)
        off = (towards - along * unit).norm(dim=-1) + 9.0 * (along[..., 0] < shift.norm(dim=-1) - 1e-5)
        assert off.amin(0).max() < 1e-4


def test_donors_are_rows_to_study_of_every_class():
    pool = _pool(n=60, rare=9)
    start, _, lesson = _drawn(pool, n_lessons=40)
    donors = (start.rows + start.drift)[start.drift.ne(0).all(-1)]  # moved in both columns: just there
    studied = lesson.study_PSF.flatten(0, 1)
    assert (donors[:, None] - studied).abs().amax(-1).amin(1).max() < 1e-5
    common = torch.from_numpy(_plane(n=60, rare=9)[0][:51])
    share = ((donors[:, None] - common).abs().amax(-1).amin(1) < 1e-5).float().mean()
    assert abs(float(share) - 51 / 60) < 0.1  # each class as often as it has rows
    for drift, rows, quiz in zip(start.drift, start.rows, lesson.quiz_PQF, strict=True):
        assert (rows[:, None] + drift[:, None] - quiz).norm(dim=-1).min() > 1e-4


@pytest.mark.parametrize("width", [1, 2, 5, 30])
def test_waves_have_one_length_and_half_of_the_lessons_see_a_few_columns_at_a_time(width):
    space = RowSpace(Layout(tuple(Block(str(i), i, 0, ()) for i in range(width))))
    rows = np.random.default_rng(0).normal(size=(40, width)).astype(np.float32)
    pool = FoldData.of(rows, np.repeat([0, 1], [30, 10]), space, learned=[1], drawn=[1], shares={1: 1.0})
    waves = Lessons(pool, _generator())._waves(200)
    n_columns = waves.ne(0).sum(1)
    sparse = n_columns.amax(1) <= min(FEW, width)
    assert n_columns[sparse].unique().tolist() == list(range(1, min(FEW, width) + 1))
    assert (n_columns[~sparse] == width).all()
    assert width <= FEW or 60 < int(sparse.sum()) < 140
    for part in (waves, waves[sparse]):
        assert float(part.square().sum(1).mean()) == pytest.approx(width, rel=0.1)
    assert waves.shape == (200, width, N_WAVES)


def test_every_lesson_is_another_split_with_another_kernel():
    _, _, lesson = _drawn(_pool(), n_lessons=3)
    assert not torch.equal(lesson.quiz_PQF[0], lesson.quiz_PQF[1])
    widths = lesson.waves_PFD.std((1, 2))
    assert len(widths.unique()) == 3
    assert len(lesson.ridge_P.unique()) == 3


def test_synthetic_rows_weigh_what_is_asked_for():
    _, label, lesson = _drawn(_mixed_pool())
    study = lesson.study_PSC.sum(1)[0]
    torch.testing.assert_close(lesson.mass_PC[0], study * torch.tensor([1.0, 3.0, 0.0]))
    assert label.bincount().tolist() == [16, 16]
    assert lesson.study_PSF.shape[1] == 2 * RARE + COMMON


def test_scores_of_two_classes_are_those_of_the_rarer_one():
    assert _pool().asked.tolist() == [1.0, 0.0]
    assert _mixed_pool().asked.tolist() == [1.0, 1.0, 1.0]


def test_a_class_of_one_row_is_studied_and_never_asked():
    rows, codes, space = _plane()
    codes[0] = 2
    pool = FoldData.of(rows, codes, space, learned=[1], drawn=[1], shares={1: 1.0})
    _, _, lesson = _drawn(pool)
    assert lesson.quiz_PQC.sum(1)[:, 2].tolist() == [0.0] * 4
    assert (
        utility(lesson, torch.zeros(4, 32, 2), torch.ones(4, 32, 1), torch.zeros(4, 32), "f1")
        .isfinite()
        .all()
    )


# --- the geometry


def test_the_start_of_the_geometry_is_halfway_to_a_friend_with_half_a_bandwidth_and_little_drift():
    pool = _pool()
    start, _, _ = _drawn(pool)
    geometry = Geometry(1, 2, 4)
    parts = [part.expand(4, -1, -1) for part in geometry.init()]
    label = torch.ones(4, 32, 1)
    little = torch.tensor(USUAL_DRIFT).sigmoid() * start.drift
    torch.testing.assert_close(
        geometry.rows(parts, start, label), start.rows + 0.5 * start.shift + 0.5 * start.jitter + little
    )
    assert start.drift.eq(0).float().mean() == pytest.approx(0.5, abs=0.1)
    assert geometry.log_odds(parts, start.traits, label).abs().max() == 0


def test_bandwidths_are_bounded():
    geometry = Geometry(1, 2, 4)
    still, shaken = torch.zeros(1, 3, 2), torch.ones(1, 3, 2)
    start = Start(still, shift=still, jitter=shaken, drift=still)
    for value, bound in ((99.0, MOST), (-99.0, LEAST)):
        share, bandwidth, slope, drift = (part[None] for part in geometry.init())
        rows = geometry.rows([share, bandwidth + value, slope, drift], start, torch.ones(1, 3, 1))
        torch.testing.assert_close(rows, torch.full_like(rows, bound).exp())


def test_starts_on_mixed_columns_move_only_what_may_move():
    start, _, _ = _drawn(_mixed_pool(), n_lessons=10)
    rows = start.rows.flatten(0, 1)
    torch.testing.assert_close(MIXED.project(rows), rows)
    fixed = MIXED.free_values(rows) == 0
    assert start.shift.flatten(0, 1)[fixed].abs().max() == 0
    assert start.jitter.flatten(0, 1)[fixed].abs().max() == 0
    assert start.drift.flatten(0, 1)[fixed].abs().max() == 0


def test_traits_are_standardised():
    traits = _pool().hoods[1].traits_nK
    torch.testing.assert_close(traits.mean(0), torch.zeros(4), atol=1e-5, rtol=0)
    assert ((traits.std(0, correction=0) - 1).abs() < 1e-4).logical_or(traits.std(0) == 0).all()


def test_lesson_fields_have_one_shape_whatever_the_number_of_rows():
    shapes = [
        [None if part is None else part.shape for part in astuple(_drawn(_pool(n, rare))[2])]
        for n, rare in ((40, 8), (900, 300))
    ]
    assert shapes[0] == shapes[1]
