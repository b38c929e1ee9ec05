"""Refinement: what climbs, what stays, and that rows stay lawful."""

import math
from functools import cache

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone

from gan_oversampler import GAN, GANOversampler, Refinement
from gan_oversampler._utils import Streams
from gan_oversampler.sampling.density_ratio import View, folded, ratio_critics
from gan_oversampler.sampling.pool import Pool
from gan_oversampler.sampling.refinement import (
    RATES,
    REFINERS,
    STEEPEST,
    Refined,
    flow,
    price_of,
    refinement_of,
    slope,
    transport,
)
from gan_oversampler.sampling.sources import Source
from gan_oversampler.training.cohort import Cohort
from gan_oversampler.training.members import Member
from tests.populations import CPU, pool_of
from tests.tables import MIXED, mixed, numbers

METHODS = sorted(RATES)


def _hill(x):
    """Highest at 0."""
    return -x.square().sum(-1) / 2


def _stream():
    return torch.Generator().manual_seed(0)


def test_every_method_has_a_rate():
    assert set(RATES) == set(REFINERS)


def test_flow_without_noise_is_gradient_ascent():
    start = torch.randn(6, 3, generator=_stream())
    end = flow(_hill, start, steps=10, rate=0.1, noise=0.0, generator=_stream())
    torch.testing.assert_close(end, start * 0.9**10)


def test_flow_settles_in_the_law_of_its_temperature():
    """On a parabola Langevin steps of small rate have the temperature as their variance."""
    end = flow(_hill, torch.zeros(4000, 1), steps=120, rate=0.05, noise=0.25, generator=_stream())
    assert end.var().item() == pytest.approx(0.25 / (1 - 0.05 / 2), rel=0.06)


def test_transport_leaves_rows_where_moving_does_not_pay():
    rows = torch.tensor([[0.5, 0.0], [4.0, 0.0]])
    moved = transport(_hill, rows, torch.ones(2, 2), steps=50, rate=0.02, price=1.0)
    assert torch.equal(moved[0], rows[0])  # slope .5
    assert 1.0 < moved[1, 0] < 4.0  # slope 4
    far = transport(_hill, rows, torch.ones(2, 2), steps=5000, rate=0.02, price=1.0)
    torch.testing.assert_close(far[1], torch.tensor([1.0, 0.0]))  # where the slope is the price


def test_transport_moves_free_cells_only():
    rows = torch.full((3, 2), 5.0)
    free = torch.tensor([[1.0, 0.0]]).expand(3, 2)
    moved = transport(_hill, rows, free, steps=10, rate=0.1, price=0.5)
    assert (moved[:, 0] < 5).all()
    assert torch.equal(moved[:, 1], rows[:, 1])


def test_the_price_is_a_low_quantile_of_the_slopes():
    rows = torch.linspace(0, 10, 101)[:, None]
    assert price_of(_hill, rows, torch.ones(101, 1)) == pytest.approx(2.5)
    torch.testing.assert_close(slope(_hill, rows), -rows)


def test_rows_that_cannot_move_set_no_price():
    rows = torch.linspace(0, 10, 101)[:, None]
    pinned = torch.ones(101, 1)
    pinned[:50] = 0
    assert price_of(_hill, rows, pinned) == pytest.approx(6.25)
    assert price_of(_hill, rows, torch.zeros(101, 1)) == math.inf
    moved = transport(_hill, rows, torch.ones(101, 1), steps=5, rate=0.1, price=math.inf)
    assert torch.equal(moved, rows)


def test_no_step_is_longer_than_the_steepest():
    rows = torch.full((4, 2), 100.0)
    moved = transport(_hill, rows, torch.ones(4, 2), steps=3, rate=0.01, price=1e-6)
    assert (rows - moved).norm(dim=1).max() <= 3 * 0.01 * STEEPEST


# Sources


@cache
def _source(family="classic", steps=5):
    pool = pool_of()
    gan = GAN(family, widths=(8, 8), batch_size=32, learning_rate=1e-2)
    cohort = Cohort([Member(0, None, gan, pool, Streams(0))], CPU)
    cohort.advance(steps)
    return Source(pool, gan.base, cohort.snapshots()[0])


def _refined(method, source, **options):
    real = source.pool.rows[1]
    real = real + source.pool.space.free_values(real)  # so that the critic has something to say
    fake = torch.from_numpy(source.draw(1, 512, Streams(5)))
    critic = ratio_critics(folded(View(real, fake), Streams(0)), Streams(0))[-1]
    return Refined.of(source, {1: critic}, Refinement(method, **options), Streams(1))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("family", ["classic", "residual", "guided"])
def test_the_critic_thinks_better_of_refined_rows(method, family):
    source = _source(family, 30)  # until a generator that starts at its base heeds its noise
    refined = _refined(method, source)
    before, after = (torch.from_numpy(s.draw(1, 300, Streams(2))) for s in (source, refined))
    logit = refined.critics[1].logit
    assert logit(after).mean() > logit(before).mean()
    torch.testing.assert_close(source.pool.space.project(after), after)


@pytest.mark.parametrize("method", METHODS)
def test_refinement_makes_no_copies(method):
    source = _source()
    refined = _refined(method, source)
    real = source.pool.rows[1]

    def copies(rows):
        return int((torch.cdist(torch.from_numpy(rows), real) < 1e-6).any(1).sum())

    assert copies(refined.draw(1, 300, Streams(2))) <= copies(source.draw(1, 300, Streams(2)))
    assert len(np.unique(refined.draw(1, 300, Streams(2)), axis=0)) == 300


@pytest.mark.parametrize("method", METHODS)
def test_other_classes_and_equal_streams_give_the_same_rows(method):
    source = _source()
    refined = _refined(method, source)
    np.testing.assert_array_equal(refined.draw(2, 9, Streams(0)), source.draw(2, 9, Streams(0)))
    np.testing.assert_array_equal(refined.draw(1, 9, Streams(0)), refined.draw(1, 9, Streams(0)))


@pytest.mark.parametrize("change", [{"steps": 3}, {"rate": 0.3}, {"noise": 0.5}])
def test_knobs_of_flow_change_the_rows(change):
    source = _source()
    usual, other = (_refined("flow", source, **options) for options in ({}, change))
    assert not np.array_equal(usual.draw(1, 20, Streams(0)), other.draw(1, 20, Streams(0)))


def test_an_untrained_residual_generator_is_left_as_it_is_by_flow():
    source = _source("residual", 0)
    np.testing.assert_array_equal(
        _refined("flow", source).draw(1, 30, Streams(0)), source.draw(1, 30, Streams(0))
    )


def test_transport_keeps_states_and_pinned_values():
    rows = MIXED.project(torch.randn(60, MIXED.width, generator=_stream())).numpy()
    pool = Pool.of(rows, np.repeat([0, 1], 30), MIXED, learned=[1], drawn=[1])
    source = Source(pool, "smote")
    target = torch.from_numpy(rows[30:] + 3 * MIXED.free_values(torch.from_numpy(rows[30:])).numpy())
    fake = torch.from_numpy(source.draw(1, 256, Streams(5)))
    critic = ratio_critics(folded(View(target, fake), Streams(0)), Streams(0))[-1]
    refined = Refined.of(source, {1: critic}, Refinement("dot"), Streams(1))
    before, after = (torch.from_numpy(s.draw(1, 80, Streams(2))) for s in (source, refined))
    assert torch.equal(before[:, MIXED.states_S], after[:, MIXED.states_S])
    free = MIXED.free_values(before) > 0
    assert torch.equal(before[~free], after[~free])
    assert (after[free] != before[free]).float().mean() > 0.5
    logit = refined.critics[1].logit
    assert logit(after).mean() > logit(before).mean()


# Samplers


def _sampler(refinement, **options):
    gan = options.pop("gan", GAN("classic", widths=(8,), batch_size=32))
    options = {"oracle": "energy", "max_steps": 6, "epoch_unit": 3, "cv": 2, "random_state": 0, **options}
    return GANOversampler(gan=gan, refinement=refinement, **options)


@pytest.mark.parametrize("method", METHODS)
def test_a_sampler_refines_and_repeats_itself(method):
    X, y = numbers()
    first, again, plain = (_sampler(m).fit_resample(X, y)[0] for m in (method, method, None))
    np.testing.assert_array_equal(first, again)
    assert first.shape == plain.shape
    assert not np.array_equal(first, plain)


def test_refinement_comes_before_rejection_and_both_are_told():
    X, y = mixed()
    sampler = _sampler("dot", rejection=True)
    frame, _ = sampler.fit_resample(X, y)
    pd.testing.assert_series_equal(frame.dtypes, X.dtypes)
    told = [note.split(" ")[0] for note in sampler.report_.notes if "baseline" not in note]
    assert told == ["Refinement", "Rejection", "Refinement", "Rejection", "By"]


@pytest.mark.parametrize(
    ("refinement", "message"),
    [
        ("flwo", r"Unknown refinement 'flwo'\. Did you mean 'flow'"),
        (Refinement(steps=0), "'steps' parameter of Refinement"),
        (Refinement(rate=0.0), "'rate' parameter of Refinement"),
        (Refinement(noise=-1.0), "'noise' parameter of Refinement"),
        (True, "'refinement' parameter of GANOversampler"),
    ],
)
def test_refinements_that_make_no_sense_are_refused(refinement, message):
    X, y = numbers()
    with pytest.raises(ValueError, match=message):
        _sampler(refinement).fit(X, y)


def test_a_clone_keeps_the_parameters():
    sampler = clone(_sampler(Refinement())).set_params(refinement__method="dot", refinement__steps=3)
    assert repr(refinement_of(sampler.refinement)) == "Refinement(method='dot', steps=3)"
    assert refinement_of(sampler.refinement) is not sampler.refinement
