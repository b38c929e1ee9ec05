"""Sources: exact counts, streams of their own, and seeds drawn as often as a generator has learned."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import gan_oversampler.sampling.sources as sources
from gan_oversampler import GAN
from gan_oversampler._utils import Streams
from gan_oversampler.gans.families import FAMILIES
from gan_oversampler.gans.parts import Generator
from gan_oversampler.sampling.base_samplers import BASES
from gan_oversampler.sampling.fold_data import FoldData
from gan_oversampler.sampling.raking import slack_at
from gan_oversampler.sampling.sources import (
    BaseSource,
    Drawn,
    GeneratorSource,
    Mixture,
    Redrawing,
    draw_classes,
)
from tests.drawing import DATA, fold_data, guided_source, plane, snapshot_of
from tests.tables import MIXED


class Numbered:
    """A source whose rows say who drew them, of which class, from which streams."""

    def __init__(self, number):
        self.number = number

    def draw(self, code, n, streams):
        return Drawn(np.tile(np.array([self.number, code, streams.seed % 2**20], float), (n, 1)), 3 * n)


def _numbered(n_sources, n, code=1, seed=0):
    return Mixture(tuple(map(Numbered, range(n_sources)))).draw(code, n, Streams(seed))


# --- geometric samplers


@pytest.mark.parametrize("base", sorted(BASES))
@pytest.mark.parametrize("n", [0, 1, 33])
def test_a_base_draws_as_many_valid_rows_as_asked_for(base, n):
    drawn = BaseSource(DATA, base).draw(2, n, Streams(0))
    assert drawn.rows.shape == (n, MIXED.width)
    assert drawn.rows.dtype == np.float32
    assert np.isfinite(drawn.rows).all()
    assert (drawn.n_proposals, drawn.n_rejected) == (n, 0)


def test_many_rows_are_drawn_in_chunks(monkeypatch):
    whole = BaseSource(DATA, "smoothed_bootstrap").draw(1, 10, Streams(0)).rows
    monkeypatch.setattr(sources, "CHUNK", 10)
    rows = BaseSource(DATA, "smoothed_bootstrap").draw(1, 33, Streams(0)).rows
    assert rows.shape == (33, MIXED.width)
    np.testing.assert_array_equal(rows[:10], whole)
    assert len(np.unique(rows, axis=0)) == 33  # chunks go on in one stream


# --- trained generators


@pytest.mark.parametrize("base", sorted(BASES))
def test_an_untrained_residual_generator_draws_what_its_base_draws(base):
    source = GeneratorSource(DATA, base, snapshot_of(GAN(base=base, generator=Generator(widths=(8,))), DATA))
    alone = BaseSource(DATA, base).draw(1, 20, Streams(5)).rows
    np.testing.assert_array_equal(source.draw(1, 20, Streams(5)).rows, alone)


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_a_generator_draws_valid_rows_and_depends_on_the_streams_only(family):
    data = fold_data()
    source = GeneratorSource(data, "smote", snapshot_of(GAN(family, generator=Generator(widths=(8,))), data))
    first, again, other = (source.draw(2, 33, Streams(seed)).rows for seed in (3, 3, 4))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    assert first.shape == (33, MIXED.width)
    np.testing.assert_array_equal(MIXED.project(torch.from_numpy(first)), first)
    assert source.draw(2, 0, Streams(3)).rows.shape == (0, MIXED.width)


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_a_class_that_a_generator_has_not_learned_is_drawn_from_its_base(family):
    data = fold_data(learned=[1], drawn=[1, 2])
    source = GeneratorSource(data, "star", snapshot_of(GAN(family, generator=Generator(widths=(8,))), data))
    alone = BaseSource(data, "star").draw(2, 12, Streams(0)).rows
    np.testing.assert_array_equal(source.draw(2, 12, Streams(0)).rows, alone)


def _with_geometry(source, *, step, log_bandwidth, slope, mixing):
    """The same guided generator with other learned numbers of its geometry."""
    snapshot = source.snapshot
    parts = list(snapshot.generator.split(snapshot.weights_N[None].clone()))
    parts[-4:] = [
        torch.full_like(part, value)
        for part, value in zip(parts[-4:], (step, log_bandwidth, 0.0, mixing), strict=True)
    ]
    parts[-2] = parts[-2] + torch.tensor(slope)
    weights_N = torch.cat([part[0].flatten() for part in parts])
    return replace(source, snapshot=replace(snapshot, weights_N=weights_N))


@pytest.mark.parametrize("slope", [(0.0, 0.0, 0.0, 0.0), (0.0, 0.8, 0.0, 0.0), (-0.5, 0.4, 0.3, 0.0)])
def test_seeds_are_drawn_as_often_as_the_generator_has_learned(slope):
    rng = np.random.default_rng(0)
    data = plane(rng.normal(size=(15, 2)) * [[9.0, 9.0]], rng.normal(20, 5, size=(30, 2)))
    # No way to neighbours or partners and hardly any noise: new rows lie at their seeds.
    source = _with_geometry(guided_source(data), step=-30.0, log_bandwidth=-9.0, slope=slope, mixing=-30.0)
    n, seeds_nF = 600, data.rows[1].numpy()
    rows = source.draw(1, n, Streams(1)).rows
    distance = np.linalg.norm(rows[:, None] - seeds_nF, axis=-1)
    assert distance.min(1).max() < 0.5
    counts = np.bincount(distance.argmin(1), minlength=len(seeds_nF))
    expected = (data.neighbourhoods[1].traits_nK @ torch.tensor(slope)).softmax(0).numpy() * n
    assert bool(np.ptp(expected) > 20) is any(slope)
    assert np.abs(counts - expected).max() <= 1 + 1e-3


@pytest.mark.parametrize("weight", [0.1, 1.0])
def test_states_keep_their_shares_the_better_the_more_fidelity_weighs(weight):
    # Two clouds far from each other, of one state each: states of neighbours are those of the seeds.
    rng, codes = np.random.default_rng(0), np.repeat([0, 1], 40)
    rows = np.zeros((80, MIXED.width), np.float32)
    rows[40:60, [0, 1, 4]], rows[60:, [0, 2, 4]] = 1.0, [50.0, 1.0, 1.0]
    rows[:, 0] += rng.normal(size=80) * np.repeat([5, 5, 0.1, 3], 20)
    rows[:40, [1, 4]] = 1.0
    data = FoldData.of(rows, codes, MIXED, learned=[1], drawn=[1])
    source = guided_source(data, loss_weights={"utility": 1.0, "fidelity": weight})
    source = _with_geometry(source, step=0.0, log_bandwidth=0.0, slope=(0.0, 1.0, 0.0, 0.0), mixing=0.0)
    share = source.draw(1, 4_000, Streams(0)).rows[:, 2].mean()
    assert share == pytest.approx(0.5 + slack_at(weight), abs=2e-3)


def _scatter_of_means(source, n):
    """Over seeds, in standard errors of independent rows."""
    means = np.stack([source.draw(1, n, Streams(seed)).rows.mean(axis=0) for seed in range(40)])
    many = source.draw(1, 4096, Streams(99)).rows
    np.testing.assert_allclose(means.mean(axis=0), many.mean(axis=0), atol=0.15)
    return float((means.std(axis=0) / (many.std(axis=0) / n**0.5)).mean())


def test_rows_of_a_learned_geometry_scatter_less_than_from_independent_numbers(monkeypatch):
    source = guided_source()
    scatter = _scatter_of_means(source, 256)
    monkeypatch.setattr(
        sources, "sobol", lambda n, d, generator: torch.rand(n, d, generator=generator).double()
    )
    assert scatter < 0.8 * _scatter_of_means(source, 256)


def test_any_part_of_the_rows_of_a_guided_generator_is_like_any_other():
    rows = guided_source().draw(1, 4096, Streams(5)).rows
    halves = rows[:2048].mean(axis=0), rows[2048:].mean(axis=0)
    assert np.abs(halves[0] - halves[1]).max() < 5 * rows.std(axis=0).max() / 2048**0.5


# --- mixtures


@given(st.integers(1, 6), st.integers(0, 40))
def test_counts_of_a_mixture_are_exact_and_shares_equal(n_sources, n):
    drawn = _numbered(n_sources, n)
    assert drawn.rows.shape == (n, 3)
    assert drawn.n_proposals == 3 * n
    counts = np.bincount(drawn.rows[:, 0].astype(int), minlength=n_sources)
    assert counts.sum() == n
    assert (np.diff(counts) <= 0).all()  # the first ones draw one more
    assert counts.max() - counts.min() <= 1
    assert (drawn.rows[:, 1] == 1).all()


def test_every_part_has_streams_of_its_own_and_the_first_those_of_the_mixture():
    seeds = _numbered(5, 5, seed=7).rows[:, 2]
    assert len(set(seeds)) == 5
    assert seeds[0] == 7
    np.testing.assert_array_equal(_numbered(5, 50, code=2, seed=7).rows[::10, 2], seeds)


@pytest.mark.parametrize("base", ["bootstrap", "smote", "smoothed_bootstrap"])
@pytest.mark.parametrize("n", [0, 1, 33])
def test_a_mixture_of_one_is_that_one_bit_for_bit(base, n):
    source = BaseSource(DATA, base)
    for code in (1, 2):
        alone = source.draw(code, n, Streams(3)).rows
        np.testing.assert_array_equal(Mixture((source,)).draw(code, n, Streams(3)).rows, alone)


def test_parts_of_a_mixture_draw_other_rows():
    source = BaseSource(DATA, "smoothed_bootstrap")
    rows = Mixture((source, source)).draw(1, 20, Streams(3)).rows
    np.testing.assert_array_equal(rows[:10], source.draw(1, 10, Streams(3)).rows)
    assert not (rows[:10] == rows[10:]).all(axis=1).any()


@pytest.mark.parametrize("n", [0, 1, 2, 9])
def test_a_mixture_of_real_sources_draws_all_rows_asked_for(n):
    parts = tuple(BaseSource(DATA, base) for base in ("bootstrap", "smote", "local_gaussian"))
    rows = Mixture(parts).draw(2, n, Streams(0)).rows
    assert rows.shape == (n, MIXED.width)
    assert rows.dtype == np.float32
    assert np.isfinite(rows).all()


# --- several classes


def test_several_classes_are_drawn_one_after_the_other():
    drawn = draw_classes(Numbered(4), {2: 3, 1: 2}, Streams(6), 3)
    assert drawn.codes.tolist() == [2, 2, 2, 1, 1]
    assert drawn.rows[:, 1].tolist() == [2, 2, 2, 1, 1]
    assert {code: len(part.rows) for code, part in drawn.by_class.items()} == {2: 3, 1: 2}
    assert drawn.by_class[2].n_proposals == 9


def test_no_classes_are_no_rows():
    drawn = draw_classes(Numbered(4), {}, Streams(6), 3)
    assert drawn.rows.shape == (0, 3)
    assert drawn.codes.shape == (0,)
    assert drawn.codes.dtype == np.intp


# --- rows drawn again


def test_rows_that_are_drawn_again_one_by_one_come_from_all_parts_of_a_mixture():
    mixture = Mixture(tuple(Numbered(i) for i in range(3)))
    again = Redrawing(mixture, np.ones(1, int), np.full(1, -1), Streams(0))
    parts = [int(again(np.array([0]), attempt)[0, 0]) for attempt in range(60)]
    assert np.bincount(parts, minlength=3).min() >= 10
