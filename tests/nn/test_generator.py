"""Generators of every family: valid rows, bounded corrections, separate members; and their snapshots."""

import pytest
import torch

from gan_oversampler.gans.families import FAMILIES
from gan_oversampler.nn.generator import CorrectionBounds, GuidedGenerator, ResidualGenerator, Snapshot
from gan_oversampler.nn.latent import Latent
from gan_oversampler.nn.learned_geometry import GuidedStart, LearnedGeometry
from gan_oversampler.nn.mlp import Mlp
from gan_oversampler.nn.packed import Mode
from gan_oversampler.nn.tensors import map_tensors, take
from gan_oversampler.sampling.base_samplers import BASES
from gan_oversampler.sampling.neighbourhood import Neighbourhood
from tests.networks import labels, start_of
from tests.populations import randn, stream_of
from tests.tables import MIXED

KINDS = {name: family.generator for name, family in FAMILIES.items()}
N_LATENT, N_TRAITS = 4, 3


def _real(n, seed=0):
    return MIXED.project(randn(n, MIXED.width, seed=seed))


def _generator(family, widths=(16,)):
    kind = KINDS[family]
    n_inputs = kind.n_net_inputs(MIXED.width, N_LATENT)
    net = Mlp(n_inputs, MIXED.width, n_classes=2, widths=widths, zero_last=kind.uses_base)
    if kind is GuidedGenerator:
        return kind(net, MIXED, LearnedGeometry(2, MIXED.width, N_TRAITS))
    return kind(net, MIXED)


def _start(family, rows):
    """What a generator of a family starts from: nothing, these rows, or moves away from them."""
    if KINDS[family] is GuidedGenerator:
        free = MIXED.free_values(rows)
        noise, traits = randn(*rows.shape), randn(*rows.shape[:-1], N_TRAITS)
        return GuidedStart(rows, 0.1 * free, free * noise, traits, 0.2 * free * noise)
    return rows if KINDS[family] is ResidualGenerator else None


def _bounds(p=3, bound=0.5):
    rows = _real(50)
    low, high = rows.amin(0), rows.amax(0)
    bound_PCF = torch.full((p, 2, MIXED.width), bound)
    bound_PCF[..., MIXED.states_S] = 0.0
    half = ((high - low) / 2).index_fill(0, MIXED.states_S, 3.0)
    return CorrectionBounds(bound_PCF, ((low + high) / 2).repeat(p, 1), half.repeat(p, 1))


def _far_out(family, rows):
    """Rows of generators with large weights, which go as far as they may."""
    generator = _generator(family)
    parts = generator.split(9 * randn(3, generator.n_parameters))
    n = rows.shape[1]
    return generator(parts, _start(family, rows), randn(3, n, N_LATENT), Mode(labels(3, n)), _bounds())


@pytest.mark.parametrize("base", sorted(BASES))
def test_an_untrained_residual_generator_is_its_base(base):
    neighbourhood = Neighbourhood.of(_real(20).numpy(), _real(20, seed=1).numpy(), MIXED)
    rows = BASES[base].draw(neighbourhood, 40, generator=stream_of()).repeat(3, 1, 1)
    generator = _generator("residual")
    parts = generator.split(start_of(generator, 3))
    new = generator(parts, rows, randn(3, 40, N_LATENT), Mode(labels(3, 40)), _bounds())
    assert torch.equal(new, rows)


def test_an_untrained_guided_generator_is_its_geometry():
    generator, rows, label = _generator("guided"), _real(60).reshape(3, 20, -1), labels(3, 20)
    start, parts = _start("guided", rows), generator.split(start_of(generator, 3))
    new = generator(parts, start, randn(3, 20, N_LATENT), Mode(label), _bounds())
    expected = generator.geometry.rows(parts[len(generator.net.shapes) :], start, label)
    torch.testing.assert_close(new, expected)
    assert not torch.equal(new, rows)


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_generated_rows_are_valid(family):
    new = _far_out(family, _real(60).reshape(3, 20, -1))
    assert torch.equal(MIXED.project(new), new)


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_generators_of_a_family_do_not_mix(family):
    generator = _generator(family)
    flat = randn(3, generator.n_parameters)
    start, bounds = _start(family, _real(60).reshape(3, 20, -1)), _bounds()
    z, label = randn(3, 20, N_LATENT), labels(3, 20)
    together = generator(generator.split(flat), start, z, Mode(label), bounds)
    for p in range(3):
        one = slice(p, p + 1)
        mine = None if start is None else map_tensors(lambda part, one=one: part[one], start)
        alone = generator(generator.split(flat[one]), mine, z[one], Mode(label[one]), take(bounds, [p]))
        torch.testing.assert_close(together[one], alone)


def test_a_residual_generator_goes_no_further_than_its_bound():
    rows = _real(60).reshape(3, 20, -1)
    moved = (_far_out("residual", rows) - rows)[..., [0, 7]].abs()
    assert 0.4 < moved.max() <= 0.5 + 1e-5


def test_a_residual_generator_leaves_states_and_pinned_values_alone():
    rows = _real(60).reshape(3, 20, -1)
    still = MIXED.free_values(rows) == 0
    assert torch.equal(_far_out("residual", rows)[still], rows[still])


def test_a_classic_generator_stays_within_the_range_of_real_rows():
    new, real = _far_out("classic", torch.zeros(3, 500, MIXED.width))[..., [0, 7]], _real(50)[:, [0, 7]]
    assert (new >= real.amin(0) - 1e-5).all()
    assert (new <= real.amax(0) + 1e-5).all()
    assert (new.amax((0, 1)) - new.amin((0, 1)) > 0.9 * (real.amax(0) - real.amin(0))).all()


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_a_geometry_has_a_step_size_of_its_own(family):
    generator = _generator(family)
    rates = generator.rates(0.25, 3.0)
    n = sum(rows * columns for rows, columns in generator.net.shapes)
    assert rates.shape == (generator.n_parameters,)
    assert (rates[:n] == 0.25).all()
    assert (rates[n:] == 3.0).all()
    assert (generator.net.shapes != generator.shapes) is (family == "guided")


# --- snapshots


def _snapshot(family, weights=None):
    generator = _generator(family)
    weights = generator.init(stream_of()) if weights is None else weights
    return Snapshot(generator, weights, generator.net.init_statistics(), _bounds(1), Latent(N_LATENT))


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_a_snapshot_generates_what_its_member_would(family):
    generator = _generator(family)
    flat, rows = randn(1, generator.n_parameters), _real(20)
    z, label = randn(20, N_LATENT), labels(20)
    new = _snapshot(family, flat[0])(_start(family, rows), z, label)
    mode, parts = Mode(label[None]), generator.split(flat)
    expected = generator(parts, _start(family, rows[None]), z[None], mode, _bounds(1))
    torch.testing.assert_close(new, expected[0])


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_seeds_are_equally_likely_before_training(family):
    probabilities = _snapshot(family).seed_probabilities(randn(10, N_TRAITS), labels(10))
    torch.testing.assert_close(probabilities, torch.full((10,), 0.1))


def test_seeds_are_drawn_as_often_as_was_learned_for_their_class():
    """The log-odds of a seed are the scalar product of its traits and the slopes of its class."""
    generator, traits = _generator("guided"), randn(10, N_TRAITS)
    weights = generator.init(stream_of())
    slopes_CK = generator.split(weights[None])[len(generator.net.shapes) + 2][0]
    slopes_CK.copy_(randn(2, N_TRAITS, seed=1))  # a view of the weights
    snapshot = _snapshot("guided", weights)
    for code in (0, 1):
        label = torch.eye(2)[code].expand(10, 2)
        expected = (traits @ slopes_CK[code]).softmax(0)
        torch.testing.assert_close(snapshot.seed_probabilities(traits, label), expected)
        assert expected.max() > 2 * expected.min()


def test_a_snapshot_tells_whether_its_weights_are_finite():
    weights = _generator("residual").init(stream_of())
    assert _snapshot("residual", weights).is_finite
    weights[3] = torch.nan
    assert not _snapshot("residual", weights).is_finite
