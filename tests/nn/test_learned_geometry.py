"""The learned geometry: where it starts, what its numbers mean, and their bounds."""

import pytest
import torch

from gan_oversampler.nn.learned_geometry import (
    INITIAL_BANDWIDTH,
    INITIAL_MIXING,
    MAX_LOG_BANDWIDTH,
    MIN_LOG_BANDWIDTH,
    GuidedStart,
    LearnedGeometry,
)
from tests.networks import labels
from tests.populations import randn

GEOMETRY = LearnedGeometry(2, 5, 3)


def _start(n=8):
    rows, step, noise, mixing = (randn(1, n, 5, seed=seed) for seed in range(4))
    return GuidedStart(rows, step, noise, randn(1, n, 3, seed=9), mixing)


def _initial():
    return [part[None] for part in GEOMETRY.init()]


def test_before_training_rows_lie_halfway_to_a_neighbour_with_half_a_bandwidth_and_little_mixing():
    start, label = _start(), labels(1, 8)
    little = torch.tensor(INITIAL_MIXING).sigmoid()
    expected = (
        start.rows + 0.5 * start.to_neighbour + INITIAL_BANDWIDTH * start.noise + little * start.to_partner
    )
    assert little < 0.06
    torch.testing.assert_close(GEOMETRY.rows(_initial(), start, label), expected)
    assert not GEOMETRY.seed_logits(_initial(), start.traits, label).any()


@pytest.mark.parametrize(
    ("number", "move", "scale"),
    [
        (0, "to_neighbour", torch.sigmoid),
        (1, "noise", torch.exp),
        (3, "to_partner", torch.sigmoid),
    ],
)
def test_a_learned_number_scales_its_move_for_rows_of_its_class_only(number, move, scale):
    start, label, initial, parts = _start(), labels(1, 8), _initial(), _initial()
    parts[number][0, 1] += 1.0  # all columns of the second class
    moved = GEOMETRY.rows(parts, start, label) - GEOMETRY.rows(initial, start, label)
    factor = scale(parts[number][0, 1]) - scale(initial[number][0, 1])
    torch.testing.assert_close(moved, label[..., 1:] * factor * getattr(start, move), atol=1e-6, rtol=1e-4)


@pytest.mark.parametrize(("value", "bound"), [(99.0, MAX_LOG_BANDWIDTH), (-99.0, MIN_LOG_BANDWIDTH)])
def test_bandwidths_are_bounded(value, bound):
    geometry, still = LearnedGeometry(1, 2, 4), torch.zeros(1, 3, 2)
    start = GuidedStart(still, still, torch.ones(1, 3, 2), torch.zeros(1, 3, 4), still)
    step, bandwidth, slope, mixing = (part[None] for part in geometry.init())
    rows = geometry.rows([step, bandwidth + value, slope, mixing], start, torch.ones(1, 3, 1))
    torch.testing.assert_close(rows, torch.full_like(rows, bound).exp())


def test_log_odds_of_seeds_are_linear_in_their_traits_with_slopes_of_their_class():
    parts, label, traits = _initial(), labels(1, 8), randn(1, 8, 3)
    parts[2].copy_(randn(1, 2, 3, seed=1))
    expected = (traits[0] * parts[2][0][label[0].argmax(-1)]).sum(-1)
    torch.testing.assert_close(GEOMETRY.seed_logits(parts, traits, label)[0], expected)
