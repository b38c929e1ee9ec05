"""Numbers at the ends of what floats hold, and losses that overflow, harm nobody but themselves."""

import numpy as np
import pytest
import torch

from gan_oversampler import GAN, Critic, Evolution, Generator
from gan_oversampler.training.population import CrossFittedPopulation
from tests.samplers import FAST, GUIDED, quick
from tests.tables import numbers

X, Y = numbers()
N = len(Y)
LARGEST = np.finfo(float).max
COLUMNS = {
    "1e300": X * 1e300,
    "1e-300": X * 1e-300,
    "denormal": X * 5e-320,
    "the largest": np.clip(X / 4, -1, 1) * LARGEST,
    "mixed scales": X * np.array([1e300, 1e-300, 1.0, 1e150]),
    "constant": np.c_[X[:, 0], np.full(N, 7.0), np.full(N, 1e300), np.full(N, -1e-300)],
    "one outlier": np.where(np.arange(N)[:, None] == 80, 1e300, X),
    "far from zero": X * 1e-3 + 1e15,
}


@pytest.mark.filterwarnings("ignore:New rows are far")
@pytest.mark.parametrize("kind", COLUMNS)
def test_new_rows_are_finite_and_in_range_at_any_scale(kind):
    table = COLUMNS[kind]
    gans = [GUIDED, GAN("classic", generator=Generator(widths=(16,)))]
    found, _ = quick(gan=gans, oracle="energy", max_steps=2, baselines=()).fit_resample(table, Y)
    new, low, high = found[N:], table.min(axis=0), table.max(axis=0)
    assert np.isfinite(new).all()
    assert ((new >= low) & (new <= high)).all()


@pytest.mark.parametrize("value", [np.inf, -np.inf])
def test_infinity_is_refused_with_its_column(value):
    table = X.copy()
    table[3, 2] = value
    with pytest.raises(ValueError, match="infinity in column 2"):
        quick().fit(table, Y)


# --- losses


def gan_of(family, rate, **settings):
    generator, critic = Generator(widths=(16,), learning_rate=rate), Critic(widths=(16,), learning_rate=rate)
    return GAN(family, batch_size=32, generator=generator, critic=critic, **settings)


CONTROLLERS = ("gap", "pacing", "ada", "apa", "fade", "r1", "reset")
SETTINGS = {
    "guided": ("guided", {}),
    "classic": ("classic", {}),
    "controllers": ("classic", {"controllers": CONTROLLERS}),
    "evolution": ("classic", {"loss": "bce", "evolution": Evolution(population=2)}),
}
IN_LITTLE = {"oracle": "energy", "max_steps": 6, "patience": 9, "baselines": ()}


def trajectory(sampler, number=0):
    """All that was found of one GAN, round by round, but for the clock."""
    history = sampler.history_
    return history[history["specification"] == number].drop(columns="seconds").reset_index(drop=True)


@pytest.mark.parametrize("kind", SETTINGS)
def test_a_gan_that_overflows_moves_no_other_of_its_program(kind):
    family, settings = SETTINGS[kind]
    tame, wild = (gan_of(family, rate, **settings) for rate in (1e-3, 1e38))
    alone = quick(gan=tame, **IN_LITTLE).fit(X, Y)
    with pytest.warns(RuntimeWarning, match=r"could not score wild at step \d"):
        both = quick(gan=[tame, wild.set_params(name="wild")], **IN_LITTLE).fit(X, Y)
    first, other = trajectory(both), trajectory(both, 1)
    numeric = first.select_dtypes("number").columns
    np.testing.assert_allclose(first[numeric], trajectory(alone)[numeric], rtol=1e-5)
    assert not np.isfinite(other["score"][1:]).any()
    assert sum(event.controller == "rollback" for event in both.report_.events) == 3


def poisoned(advance, number):
    """Training in which the weights of one member of a GAN are NaN after the first unit."""

    def poison(population, *args):
        n_done = advance(population, *args)
        if not poison.is_done:
            cohort, rows = population._place(number)
            cohort.state.generator.weights_PN[rows[1]] = torch.nan
            cohort.state.average_PN[rows[1]] = torch.nan
            poison.is_done = True
        return n_done

    poison.is_done = False
    return poison


@pytest.mark.parametrize("gan", [FAST, GUIDED], ids=["residual", "guided"])
def test_one_member_that_is_nan_is_reset_with_its_gan_and_moves_no_other(monkeypatch, gan):
    options = {**IN_LITTLE, "gan": [gan, gan_of(gan.family, 1e-3)]}
    expected = quick(**options).fit(X, Y)
    monkeypatch.setattr(CrossFittedPopulation, "advance", poisoned(CrossFittedPopulation.advance, 1))
    with pytest.warns(RuntimeWarning, match="could not score .* at step 2"):
        found = quick(**options).fit(X, Y)
    assert trajectory(found).equals(trajectory(expected))
    assert np.isfinite(trajectory(found, 1)["score"]).tolist() == [True, False, True, True]
    (event,) = (event for event in found.report_.events if event.controller == "rollback")
    assert (event.step, event.decision) == (
        2,
        "weights were not finite: back to the best state, at half the rates",
    )
