"""The smooth utility: scores mean what their names say, and the learner is a weighted ridge regression."""

from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from sklearn.linear_model import Ridge
from sklearn.metrics import average_precision_score, f1_score, log_loss, recall_score
from torch import Tensor
from torch.autograd import gradcheck

from gan_oversampler.gans.utility import N_FOURIER, OBJECTIVES, SHARPNESS, seed_shares, utility
from gan_oversampler.nn.tensors import map_tensors
from gan_oversampler.oracles.downstream import DownstreamOracle
from gan_oversampler.oracles.scorers import scorer_names
from gan_oversampler.training.inner_splits import N_LINEAR, InnerSplits
from tests.populations import fold_data, plane_data, stream_of, wide_data

SURE = 100.0  # scores so large that probabilities are 0 or 1
LABEL = torch.ones(4, 32, 1)


def _drawn(n_splits=4, **options):
    start, _, split = InnerSplits(plane_data(**options), stream_of()).draw(n_splits, 32)
    return start, split


def _utility(split, rows, odds, name):
    return utility(split, rows, seed_shares(split.seed_log_weight_PB + odds, LABEL), name)


def _validation(n_classes=2, n=40, seed=0):
    """Scores, labels, weights."""
    rng = np.random.default_rng(seed)
    scores, labels = rng.normal(size=(n, n_classes)), rng.integers(n_classes, size=n)
    return scores, labels, rng.uniform(0.5, 2, size=n)


def _value(name, scores, labels, weights):
    weights = weights[:, None] * np.eye(scores.shape[1])[labels]
    value = OBJECTIVES[name](torch.tensor(scores).T[None], torch.tensor(weights).T[None])
    assert value.shape == (1, scores.shape[1])
    return value[0].numpy()


# --- objectives mean what their names say


@pytest.mark.parametrize("n_classes", [2, 3])
def test_sure_f1_is_f1(n_classes):
    scores, labels, weights = _validation(n_classes)
    expected = f1_score(labels, scores.argmax(1), average=None, sample_weight=weights)
    np.testing.assert_allclose(_value("f1", scores * SURE, labels, weights), expected, atol=0.02)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_sure_g_mean_is_the_geometric_mean_of_recalls(n_classes):
    scores, labels, weights = _validation(n_classes)
    recalls = recall_score(labels, scores.argmax(1), average=None, sample_weight=weights)
    expected = np.prod(recalls) ** (1 / n_classes)
    np.testing.assert_allclose(_value("g_mean", scores * SURE, labels, weights), expected, atol=0.02)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_log_loss_is_log_loss(n_classes):
    scores, labels, weights = _validation(n_classes)
    probabilities = torch.tensor(SHARPNESS * scores).softmax(-1).numpy()
    expected = -log_loss(labels, probabilities, sample_weight=weights)
    np.testing.assert_allclose(_value("log_loss", scores, labels, weights), expected)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_sure_average_precision_is_average_precision(n_classes):
    scores, labels, _ = _validation(n_classes, n=300)
    ones = np.ones(len(labels))
    expected = [average_precision_score(labels == c, scores[:, c]) for c in range(n_classes)]
    np.testing.assert_allclose(_value("average_precision", scores * SURE, labels, ones), expected, atol=0.01)


@pytest.mark.parametrize("name", sorted(OBJECTIVES))
def test_being_right_scores_better_than_guessing_and_guessing_better_than_being_wrong(name):
    _, labels, weights = _validation()
    right = np.eye(2)[labels]
    values = [_value(name, s, labels, weights).mean() for s in (right, 0 * right, -right)]
    assert values[0] > values[1] > values[2]


def test_every_scorer_has_an_objective_nearest_to_it():
    assert {DownstreamOracle(scoring=name).objective for name in scorer_names()} <= set(OBJECTIVES)
    assert DownstreamOracle(scoring="balanced_accuracy").objective == "g_mean"
    assert DownstreamOracle(scoring="recall").objective == "f1"


# --- the learner


def test_the_learner_is_weighted_ridge_regression_on_its_features(monkeypatch):
    start, split = _drawn(n_splits=2)
    shares = torch.linspace(-1, 1, 32).softmax(0)
    seen = {}

    def spy(scores, weights):
        seen["scores"] = scores.detach()
        return (scores * weights).sum(2)

    monkeypatch.setattr("gan_oversampler.gans.utility.OBJECTIVES", {"spy": spy})
    utility(split, start.rows, shares[None, :, None].expand(2, -1, -1), "spy")
    for p in range(2):

        def features(rows, p=p):
            direction, phase = split.direction_PFD[p, :, :N_FOURIER], split.offset_P1D[p, :, :N_FOURIER]
            fourier = torch.cos(rows @ direction + phase) * (8 / N_FOURIER) ** 0.5
            return torch.cat([fourier, 0.3 * rows, torch.ones(len(rows), 1)], 1).double().numpy()

        rows = torch.cat([split.training_PSF[p], start.rows[p]])
        weights = torch.cat([split.training_PCS[p].sum(0), shares * split.new_weight_PC[p, 0]])
        target = torch.cat([2 * (split.training_PCS[p][0] > 0).float() - 1, torch.ones(32)])
        ridge = Ridge(alpha=float(split.ridge_PD[p, -1]), fit_intercept=False)
        ridge.fit(features(rows), target.numpy(), sample_weight=weights.numpy())
        expected = ridge.predict(features(split.validation_PQF[p]))
        np.testing.assert_allclose(seen["scores"][p, 0], expected, atol=2e-3)
        np.testing.assert_allclose(seen["scores"][p, 1], -expected, atol=2e-3)


@pytest.mark.parametrize("name", sorted(OBJECTIVES))
def test_following_the_gradient_raises_utility(name):
    start, split = _drawn(growth=2.0)
    rows = start.rows.clone().requires_grad_()
    odds = torch.zeros(4, 32, requires_grad=True)
    before = _utility(split, rows, odds, name)
    slopes = torch.autograd.grad(before.sum(), [rows, odds])
    step = 1e-2 / sum(slope.square().sum() for slope in slopes) ** 0.5
    moved, weighted = (x + step * slope for x, slope in zip((rows, odds), slopes, strict=True))
    assert all(slope.isfinite().all() and slope.abs().sum() > 0 for slope in slopes)
    assert _utility(split, moved, weighted, name).sum() > before.sum()


@pytest.mark.parametrize("name", sorted(OBJECTIVES))
@pytest.mark.parametrize("is_wide", [False, True])
def test_the_gradient_in_closed_form_is_the_derivative(name, is_wide):
    """In rows and in weights: of two learned classes of three, and where linear features are mixed."""
    data = fold_data() if not is_wide else wide_data(N_LINEAR + 1)
    start, label, split = InnerSplits(data, stream_of()).draw(2, 6)
    split = map_tensors(Tensor.double, split)
    rows = start.rows.double().requires_grad_()
    shares = F.one_hot(label).double() * torch.linspace(0.1, 0.4, 6)[:, None]
    shares = shares.expand(2, -1, -1).clone().requires_grad_()
    scale = torch.from_numpy(data.space.layout.scale)
    assert gradcheck(lambda x, w: utility(split, x * scale, w, name), (rows, shares), fast_mode=True)


def test_rows_whose_seeds_are_never_drawn_do_not_count():
    start, split = _drawn()
    odds = torch.zeros(4, 32)
    odds[:, 10:] = -1e4
    far = start.rows.clone()
    far[:, 10:] += 50.0
    values = [_utility(split, rows, odds, "f1") for rows in (start.rows, far)]
    torch.testing.assert_close(*values)


def test_only_classes_that_are_scored_count():
    start, split = _drawn()

    def value(*scored):
        scored_PC = torch.tensor([scored]).expand(4, -1)
        return _utility(replace(split, scored_PC=scored_PC), start.rows, torch.zeros(4, 32), "f1")

    torch.testing.assert_close(value(1.0, 1.0), (value(1.0, 0.0) + value(0.0, 1.0)) / 2)
    assert not torch.allclose(value(1.0, 0.0), value(0.0, 1.0))
