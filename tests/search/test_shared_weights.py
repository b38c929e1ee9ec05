import math
from functools import partial

import numpy as np
import pytest
import torch

from gan_oversampler._utils import Streams
from gan_oversampler.gans.gan import GAN
from gan_oversampler.gans.parts import Cell, Critic, Generator
from gan_oversampler.gans.validation import validated
from gan_oversampler.nn.packed import Mode
from gan_oversampler.search.outcome import Networks, Weights
from gan_oversampler.search.shared_weights import STAGNANT, WINDOW, LossWindow, SharedWeights
from gan_oversampler.training.networks import networks_of
from tests.networks import labels
from tests.populations import fold_data, randn

FOLDS = (0, 1)
NETWORKS = Networks(partial(networks_of, data=fold_data()), FOLDS)


def gan_of(*cells, family="guided", latent=8, **options):
    return validated(GAN(family, generator=Generator(cells=cells, latent=latent), **options))


ONE, TWO = gan_of(Cell(width=16)), gan_of(Cell(width=16), Cell(width=16))


def shared_of(largest=ONE, seed=0):
    shared = SharedWeights(NETWORKS, Streams(seed))
    shared.grow(largest)
    return shared


def trained(shared, gan, value=None, seed=1):
    """Weights as after some training, the same number everywhere or random ones."""
    weights = {}
    for fold, begun in shared.start(gan).items():
        sizes = len(begun.generator), NETWORKS.of(gan)[1].n_parameters
        drawn = [torch.full((n,), value) if value is not None else 0.1 * randn(n, seed=seed) for n in sizes]
        weights[fold] = Weights(*drawn)
    return gan, weights


def outputs(gan, weights):
    """What the network of a fold's generator computes."""
    net = NETWORKS.of(gan)[0].net
    parts = net.split(weights.generator[None, : net.n_parameters])
    n_classes = net.n_classes
    mode = Mode(labels(1, 6, n_classes=n_classes), net.init_statistics()[None])
    return net(parts, randn(1, 6, net.n_inputs), mode)


SMALLER = {
    "narrow": gan_of(Cell(width=5)),
    "latent": gan_of(Cell(), latent=4),
    "norm": gan_of(Cell(width=16, norm="conditional", order="pre")),
    "film": gan_of(Cell(width=16, shortcut=False), conditioning="film"),
}


@pytest.mark.parametrize("gan", SMALLER.values(), ids=SMALLER)
def test_a_trial_begins_with_what_the_one_before_has_trained(gan):
    shared = shared_of(gan_of(Cell(width=64)))
    _, weights = trained(shared, gan)
    shared.write_back([(gan, weights)])
    for fold, begun in shared.start(gan).items():
        torch.testing.assert_close(begun.generator, weights[fold].generator, rtol=1e-3, atol=1e-3)
        torch.testing.assert_close(begun.critic, weights[fold].critic, rtol=1e-3, atol=1e-3)


def test_entries_are_averaged_over_the_trials_that_used_them():
    # Without shortcuts, whose map only one of them would need, the narrow net lies inside the wide one.
    narrow, wide = (gan_of(Cell(width=width, shortcut=False)) for width in (5, 16))
    shared = shared_of(wide)
    shared.write_back([trained(shared, wide, 1.0), trained(shared, narrow, 3.0)])
    n_net = NETWORKS.of(narrow)[0].net.n_parameters
    assert set(shared.start(narrow)[0].generator.tolist()) == {2.0}
    values = shared.start(wide)[0].generator
    n_rest = len(values) - NETWORKS.of(wide)[0].net.n_parameters  # the geometry, which both have
    assert int((values == 2.0).sum()) == n_net + n_rest
    assert set(values.tolist()) == {1.0, 2.0}


def test_what_no_trial_used_stays_bit_for_bit():
    narrow, shared = gan_of(Cell(width=5)), shared_of()
    before = shared.rows_FN.clone()
    shared.write_back([trained(shared, narrow, 3.0)])
    assert int((shared.rows_FN != before).sum()) == 2 * len(shared.start(narrow)[0].generator)


@pytest.mark.parametrize("family", ["guided", "residual", "classic"])
@pytest.mark.parametrize("order", ["pre", "post"])
def test_growth_keeps_the_outputs(family, order):
    parent = gan_of(Cell(width=16), family=family)
    shared = shared_of(parent)
    shared.write_back([trained(shared, parent)])
    before = shared.start(parent)
    child = gan_of(Cell(width=16), Cell(width=9, order=order, norm="layer", skips=(0,)), family=family)
    shared.grow(gan_of(Cell(width=16), Cell(width=16), family=family))
    after = shared.start(child)
    for fold in FOLDS:
        torch.testing.assert_close(outputs(child, after[fold]), outputs(parent, before[fold]))
        n = NETWORKS.of(parent)[0].n_parameters - NETWORKS.of(parent)[0].net.n_parameters
        assert torch.equal(after[fold].generator[-n:], before[fold].generator[-n:]) or not n


def test_folds_share_nothing():
    shared = shared_of()
    begun = shared.start(ONE)
    assert not torch.equal(begun[0].generator, begun[1].generator)


def test_a_critic_of_another_shape_begins_fresh():
    shared = shared_of()
    assert shared.start(ONE)[0].critic is None
    shared.write_back([trained(shared, ONE)])
    assert shared.start(ONE)[0].critic is not None
    assert shared.start(gan_of(Cell(width=16), critic=Critic(widths=(7,))))[0].critic is None


def test_gans_that_are_no_slice_begin_fresh():
    shared = shared_of()
    assert shared.start(GAN()) is None
    assert shared.start(TWO) is None
    assert shared_of(GAN()).start(GAN()) is None


def test_diverged_weights_are_not_taken_over():
    shared = shared_of()
    before = shared.rows_FN.clone()
    shared.write_back([trained(shared, ONE, math.nan)])
    assert torch.equal(shared.rows_FN, before)
    assert not shared.critics


def test_beginning_anew_forgets_all_weights():
    shared = shared_of()
    first = shared.rows_FN.clone()
    shared.write_back([trained(shared, ONE)])
    shared.reset()
    assert not shared.critics
    assert not torch.equal(shared.rows_FN, first)
    assert shared.rows_FN.shape == first.shape


def test_state_is_all_that_was_learned():
    first, second = shared_of(), SharedWeights(NETWORKS, Streams(0))
    first.write_back([trained(first, ONE)])
    second.restore(first.state(), ONE)
    for shared in (first, second):
        shared.grow(TWO)
        shared.reset()
    assert torch.equal(first.rows_FN, second.rows_FN)


def test_constant_losses_are_noticed_exactly_once_per_window():
    window, found = LossWindow(), []
    for number in range(3 * WINDOW):
        if window.stagnates([(0.7, 1.1)]):
            found.append(number + 1)
    assert found == [WINDOW, 2 * WINDOW, 3 * WINDOW]


@pytest.mark.parametrize("still", [0, 1], ids=["critic", "generator"])
def test_one_side_that_stands_still_is_enough(still):
    losses = np.random.default_rng(0).normal(size=(WINDOW, 2))
    assert not LossWindow().stagnates(losses.tolist())
    losses[:, still] = 0.5
    assert LossWindow().stagnates(losses.tolist())


@pytest.mark.parametrize(("factor", "expected"), [(0.5, True), (2.0, False)])
def test_the_variance_decides(factor, expected):
    spread = math.sqrt(factor * STAGNANT)
    losses = [(spread * (-1) ** number, float(number)) for number in range(WINDOW)]
    assert LossWindow().stagnates(losses) is expected


def test_losses_without_a_critic_are_left_out():
    assert not LossWindow().stagnates([(math.nan, 0.5)] * 2 * WINDOW)
