"""Laws of population networks: they are P ordinary networks, and never mix them."""

import dataclasses

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from gan_oversampler.encoding.row_space import STATE_LOGIT
from gan_oversampler.gans.families import FAMILIES, Generator, Reach
from gan_oversampler.nn.batched_ops import LANES, padded
from gan_oversampler.nn.learned_geometry import Geometry, Start
from gan_oversampler.nn.mlp import Mlp
from gan_oversampler.nn.packed import NORM_MOMENTUM, SLOPE
from gan_oversampler.sampling.base_samplers import BASES, Neighbourhood
from tests.tables import MIXED

SHAPES = {
    "plain": Mlp(3, 2, 4, widths=(8, 5)),
    "linear": Mlp(3, 2, 4, widths=()),
    "multiply": Mlp(3, 2, 4, widths=(8, 5), multiply=True),
    "batch_norm": Mlp(3, 2, 4, widths=(8, 5), batch_norm=True),
    "everything": Mlp(3, 2, 4, widths=(7, 5, 6), multiply=True, batch_norm=True, dropout=0.3),
}


def _generator(seed=0):
    return torch.Generator().manual_seed(seed)


def _randn(*shape, seed=0):
    return torch.randn(*shape, generator=_generator(seed))


def _labels(*shape, n_classes=2):
    return F.one_hot(torch.randint(n_classes, shape, generator=_generator(9)), n_classes).float()


def _start(mlp, p):
    return torch.stack([mlp.init(_generator(seed)) for seed in range(p)])


def _anywhere(mlp, p):
    """Weights as after some training: nothing is zero or one any more."""
    return 0.5 * _randn(p, mlp.n_parameters, seed=3)


def _statistics(mlp, p):
    return 0.5 + torch.rand(p, mlp.n_statistics, generator=_generator(4))


# --- the buffer


@given(st.integers(0, 10_000))
def test_padding_is_the_next_whole_vector(n):
    assert padded(n) % LANES == 0
    assert 0 <= padded(n) - n < LANES


@pytest.mark.parametrize("shape", sorted(SHAPES))
def test_splitting_and_joining_are_opposites(shape):
    mlp = SHAPES[shape]
    flat = _randn(3, mlp.n_parameters)
    parts = mlp.split(flat)
    used = sum(part[0].numel() for part in parts)
    joined = mlp.join(parts)
    assert [tuple(part.shape[1:]) for part in parts] == mlp.shapes
    assert torch.equal(joined[:, :used], flat[:, :used])
    assert not joined[:, used:].any()
    for part, again in zip(parts, mlp.split(joined), strict=True):
        assert torch.equal(part, again)


@pytest.mark.parametrize("shape", sorted(SHAPES))
def test_parts_are_views_of_the_buffer(shape):
    mlp = SHAPES[shape]
    flat = torch.zeros(2, mlp.n_parameters)
    for part in mlp.split(flat):
        part += 1
    assert flat.sum(1).tolist() == [sum(rows * columns for rows, columns in mlp.shapes)] * 2


# --- what is computed


def _reference(mlp, parts, x, label, statistics):
    """One member with torch's own layers."""
    parts = list(parts)
    h = x * (label @ parts.pop(0)) if mlp.multiply else torch.cat([x, label], 1)
    norms = parts[2 * (len(mlp.widths) + 1) :]
    start = 0
    for i, width in enumerate(mlp.widths):
        h = F.leaky_relu(F.linear(h, parts[2 * i].T, parts[2 * i + 1][0]), SLOPE)
        if mlp.batch_norm:
            mean, variance = statistics[start : start + 2 * width].chunk(2)
            h = F.batch_norm(h, mean, variance, norms[i][0], norms[i][1], eps=1e-3)
            start += 2 * width
    return F.linear(h, parts[2 * len(mlp.widths)].T, parts[2 * len(mlp.widths) + 1][0])


@pytest.mark.parametrize("shape", sorted(SHAPES))
def test_members_are_separate_networks_of_ordinary_layers(shape):
    mlp = SHAPES[shape]
    flat, statistics = _anywhere(mlp, 4), _statistics(mlp, 4)
    x, label = _randn(4, 6, 3), _labels(4, 6)
    out = mlp(mlp.split(flat), x, label, statistics=statistics)
    for p in range(4):
        parts = [part[p] for part in mlp.split(flat)]
        expected = _reference(mlp, parts, x[p], label[p], statistics[p])
        torch.testing.assert_close(out[p], expected, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("shape", sorted(SHAPES))
def test_members_multiplied_one_by_one_give_the_same(shape):
    mlp, looped = SHAPES[shape], dataclasses.replace(SHAPES[shape], looped=True)
    parts, statistics = mlp.split(_anywhere(mlp, 3)), _statistics(mlp, 3)
    x, label = _randn(3, 6, 3), _labels(3, 6)
    batched, single = (net(parts, x, label, statistics=statistics) for net in (mlp, looped))
    torch.testing.assert_close(single, batched)


@pytest.mark.parametrize("looped", [False, True])
@pytest.mark.parametrize("shape", sorted(SHAPES))
def test_a_members_gradient_is_its_own(shape, looped):
    mlp = dataclasses.replace(SHAPES[shape], looped=looped)
    flat = _anywhere(mlp, 3).requires_grad_()
    streams = [_generator(p) for p in range(3)]
    out = mlp(
        mlp.split(flat), _randn(3, 6, 3), _labels(3, 6), statistics=_statistics(mlp, 3), streams=streams
    )
    (gradient,) = torch.autograd.grad(out[1].square().sum(), flat)
    assert gradient[1].abs().sum() > 0
    assert not gradient[[0, 2]].any()


@pytest.mark.parametrize("shape", sorted(SHAPES))
def test_the_class_matters(shape):
    mlp = SHAPES[shape]
    parts, x = mlp.split(_anywhere(mlp, 1)), _randn(1, 4, 3)
    first, second = (torch.eye(2)[i].expand(1, 4, 2) for i in range(2))
    assert (mlp(parts, x, first) - mlp(parts, x, second)).abs().max() > 1e-3


# --- the start


@pytest.mark.parametrize("shape", sorted(SHAPES))
def test_a_start_depends_on_the_stream_only(shape):
    mlp = SHAPES[shape]
    assert torch.equal(mlp.init(_generator(5)), mlp.init(_generator(5)))
    assert not torch.equal(mlp.init(_generator(5)), mlp.init(_generator(6)))


def test_weights_start_glorot_uniform_and_biases_at_zero():
    mlp = Mlp(30, 2, 4, widths=(64,), batch_norm=True)
    w1, b1, w2, b2, norm = (part[0] for part in mlp.split(_start(mlp, 1)))
    for w in (w1, w2):
        bound = (6 / sum(w.shape)) ** 0.5
        assert w.abs().max() <= bound
        assert w.std().item() == pytest.approx(bound / 3**0.5, rel=0.1)
    assert not b1.any()
    assert not b2.any()
    assert torch.equal(norm, torch.stack([torch.ones(64), torch.zeros(64)]))


@pytest.mark.parametrize("shape", sorted(SHAPES))
def test_running_statistics_start_as_mean_zero_and_variance_one(shape):
    mlp = SHAPES[shape]
    statistics = mlp.init_statistics()
    assert statistics.shape == (mlp.n_statistics,)
    parts, x, label = mlp.split(_anywhere(mlp, 2)), _randn(2, 6, 3), _labels(2, 6)
    out = mlp(parts, x, label, statistics=statistics.repeat(2, 1))
    for p in range(2):
        expected = _reference(mlp, [part[p] for part in parts], x[p], label[p], statistics)
        torch.testing.assert_close(out[p], expected, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("shape", sorted(SHAPES))
def test_zero_last_starts_with_zero_output(shape):
    mlp = dataclasses.replace(SHAPES[shape], zero_last=True)
    out = mlp(mlp.split(_start(mlp, 3)), _randn(3, 6, 3), _labels(3, 6))
    assert not out.any()


# --- batch normalisation


def _showing_hidden_units(**options):
    """A network whose output is its hidden layer."""
    mlp = Mlp(3, 2, 4, widths=(4,), **options)
    flat = _start(mlp, 2)
    last, bias = mlp.split(flat)[2:4]
    last.copy_(torch.eye(4))
    bias.zero_()
    return mlp, flat


def test_training_normalises_over_the_batch():
    mlp, flat = _showing_hidden_units(batch_norm=True)
    x, label = 100 * _randn(2, 256, 3), _labels(2, 256)
    streams = [_generator(p) for p in range(2)]
    statistics = mlp.init_statistics().repeat(2, 1)
    h = mlp(mlp.split(flat), x, label, statistics=statistics, streams=streams)
    torch.testing.assert_close(h.mean(1), torch.zeros(2, 4), atol=1e-4, rtol=0)
    torch.testing.assert_close(h.var(1, unbiased=False), torch.ones(2, 4), atol=1e-3, rtol=0)


def test_training_moves_the_running_statistics_as_said():
    mlp, flat = _showing_hidden_units(batch_norm=True)
    x, label = _randn(2, 64, 3), _labels(2, 64)
    bare = Mlp(3, 2, 4, widths=(4,))
    h = bare(mlp.split(flat)[:4], x, label)
    before = _statistics(mlp, 2)
    after = before.clone()
    mlp(mlp.split(flat), x, label, statistics=after, streams=[_generator(p) for p in range(2)])
    batch = torch.cat([h.mean(1), h.var(1, unbiased=False)], 1)
    torch.testing.assert_close(after, NORM_MOMENTUM * before + (1 - NORM_MOMENTUM) * batch)


def test_sampling_leaves_the_running_statistics_alone():
    mlp = SHAPES["batch_norm"]
    statistics = _statistics(mlp, 2)
    before = statistics.clone()
    mlp(mlp.split(_anywhere(mlp, 2)), _randn(2, 6, 3), _labels(2, 6), statistics=statistics)
    assert torch.equal(statistics, before)


def test_sampling_a_row_does_not_depend_on_its_batch():
    mlp = SHAPES["everything"]
    parts, statistics = mlp.split(_anywhere(mlp, 2)), _statistics(mlp, 2)
    x, label = _randn(2, 6, 3), _labels(2, 6)
    whole = mlp(parts, x, label, statistics=statistics)
    single = mlp(parts, x[:, 2:3], label[:, 2:3], statistics=statistics)
    torch.testing.assert_close(whole[:, 2:3], single)


# --- dropout


def test_dropout_is_off_outside_training():
    mlp = Mlp(3, 2, 4, widths=(8, 8), dropout=0.5)
    parts, x, label = mlp.split(_anywhere(mlp, 2)), _randn(2, 6, 3), _labels(2, 6)
    sober = dataclasses.replace(mlp, dropout=0.0)
    assert torch.equal(mlp(parts, x, label), sober(parts, x, label))
    streams = [_generator(p) for p in range(2)]
    assert not torch.equal(mlp(parts, x, label, streams=streams), sober(parts, x, label))


def test_dropout_spares_the_first_hidden_layer():
    mlp = Mlp(3, 2, 4, widths=(8,), dropout=0.5)
    parts, x, label = mlp.split(_anywhere(mlp, 2)), _randn(2, 6, 3), _labels(2, 6)
    streams = [_generator(p) for p in range(2)]
    assert torch.equal(mlp(parts, x, label, streams=streams), mlp(parts, x, label))


def test_dropout_keeps_the_mean():
    mlp = Mlp(3, 2, 1, widths=(8, 50), dropout=0.4)
    parts, n = mlp.split(_anywhere(mlp, 1)), 20_000
    x, label = _randn(1, 1, 3).expand(1, n, 3), _labels(1, 1).expand(1, n, 2)
    dropped = mlp(parts, x, label, streams=[_generator()])
    whole = mlp(parts, x[:, :1], label[:, :1])
    assert dropped.std() > 0
    assert abs(dropped.mean() - whole.item()) < 5 * dropped.std() / n**0.5


def test_a_member_drops_what_its_own_stream_says():
    mlp = SHAPES["everything"]
    flat, statistics = _anywhere(mlp, 3), _statistics(mlp, 3)
    x, label = _randn(3, 6, 3), _labels(3, 6)
    streams = [_generator(p) for p in range(3)]
    together = mlp(mlp.split(flat), x, label, statistics=statistics.clone(), streams=streams)
    alone = mlp(
        mlp.split(flat[1:2]),
        x[1:2],
        label[1:2],
        statistics=statistics[1:2].clone(),
        streams=[_generator(1)],
    )
    torch.testing.assert_close(together[1:2], alone)


# --- families


def _real(n, seed=0):
    return MIXED.project(torch.randn(n, MIXED.width, generator=_generator(seed)))


def _generators(family, p=3, latent=4, widths=(16,)):
    """Generators of a family with the weights they start from."""
    kind = FAMILIES[family]
    mlp = Mlp(kind.n_inputs(MIXED.width, latent), 2, MIXED.width, widths, zero_last=kind.from_base)
    generator = Generator(kind, mlp, MIXED, Geometry(2, MIXED.width, 3) if kind.learnt else None)
    return generator, torch.stack([generator.init(_generator(seed)) for seed in range(p)])


def _from(rows):
    """Where generators start: these rows, with a way to go and noise where a cell may move."""
    free = MIXED.free_values(rows)
    noise, traits = _randn(*rows.shape), _randn(*rows.shape[:-1], 3)
    return Start(rows, 0.1 * free, free * noise, traits, 0.2 * free * noise)


def _part(start, one):
    return start.each(lambda part: part[one])


def _reach(p=3, bound=0.5):
    rows = _real(50)
    low, high = rows.amin(0), rows.amax(0)
    bound_PCF = torch.full((p, 2, MIXED.width), bound)
    bound_PCF[..., MIXED.states_S] = 2 * STATE_LOGIT
    half = ((high - low) / 2).index_fill(0, MIXED.states_S, STATE_LOGIT)
    return Reach(bound_PCF, ((low + high) / 2).repeat(p, 1), half.repeat(p, 1))


@pytest.mark.parametrize("base", sorted(BASES))
def test_an_untrained_residual_generator_is_its_base(base):
    hood = Neighbourhood.of(_real(20).numpy(), _real(20, seed=1).numpy(), MIXED)
    rows = BASES[base].draw(hood, 40, generator=_generator()).repeat(3, 1, 1)
    generator, flat = _generators("residual")
    new = generator(generator.split(flat), Start(rows), _randn(3, 40, 4), _labels(3, 40), _reach())
    assert torch.equal(new, rows)


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_generated_rows_are_lawful(family):
    generator, flat = _generators(family)
    wild = generator.split(4 * _randn(*flat.shape))
    base = _real(60).reshape(3, 20, -1)
    new = generator(wild, _from(base), _randn(3, 20, 4), _labels(3, 20), _reach())
    assert torch.equal(MIXED.project(new), new)


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_generators_of_a_family_do_not_mix(family):
    generator, flat = _generators(family)
    flat = _randn(*flat.shape)
    start, z, label, reach = _from(_real(60).reshape(3, 20, -1)), _randn(3, 20, 4), _labels(3, 20), _reach()
    together = generator(generator.split(flat), start, z, label, reach)
    for p in range(3):
        one = slice(p, p + 1)
        alone = generator(generator.split(flat[one]), _part(start, one), z[one], label[one], reach.take([p]))
        torch.testing.assert_close(together[one], alone)


def test_a_residual_generator_goes_no_further_than_its_reach():
    generator, flat = _generators("residual")
    base = _real(60).reshape(3, 20, -1)
    new = generator(
        generator.split(9 * _randn(*flat.shape)), Start(base), _randn(3, 20, 4), _labels(3, 20), _reach()
    )
    moved = (new - base)[..., [0, 7]].abs()
    assert 0.4 < moved.max() <= 0.5 + 1e-5


def test_a_residual_generator_can_flip_states():
    generator, flat = _generators("residual")
    base = _real(60).reshape(3, 20, -1)
    new = generator(
        generator.split(9 * _randn(*flat.shape)), Start(base), _randn(3, 20, 4), _labels(3, 20), _reach()
    )
    assert (new != base)[..., MIXED.states_S].any()


def test_a_classic_generator_stays_within_the_range_of_real_rows():
    generator, flat = _generators("classic")
    parts = generator.split(9 * _randn(*flat.shape))
    new = generator(
        parts, Start(torch.zeros(3, 500, MIXED.width)), _randn(3, 500, 4), _labels(3, 500), _reach()
    )
    values, real = new[..., [0, 7]], _real(50)[:, [0, 7]]
    assert (values >= real.amin(0) - 1e-5).all()
    assert (values <= real.amax(0) + 1e-5).all()
    assert (values.amax((0, 1)) - values.amin((0, 1)) > 0.9 * (real.amax(0) - real.amin(0))).all()
