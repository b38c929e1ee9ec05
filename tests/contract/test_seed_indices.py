"""Provenance of new rows: `seed_indices_` points to the real row that each new one started from."""

import numpy as np
import pytest

from gan_oversampler import GAN, Between, Policy
from gan_oversampler.gans.parts import Generator
from tests.samplers import FAST, quick
from tests.tables import mixed, numbers

COPIES = GAN(base="bootstrap", loss_weights={})
OPTIONS = {
    "mixture": {"gan": [COPIES, FAST]},
    "policy": {"policy": Policy(spread=0.5, border=1.0, filter=0.25)},
    "rejection": {"rejection": True},
    "chosen": {"policy": "oracle", "sampling_strategy": "oracle"},
    "baseline": {"fallback": "baseline", "baselines": ("smote",), "gan": GAN("classic"), "max_steps": 2},
    "no oracle": {"oracle": None},
    "constraint": {"constraints": [Between("amount", -1.5, 2.0)]},
}


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_every_new_row_starts_from_a_row_of_its_class(options):
    X, y = mixed()
    if "constraints" in options:
        keep = X["amount"].between(-1.5, 2.0)
        X, y = X[keep].reset_index(drop=True), y[keep].reset_index(drop=True)
    sampler = quick(**{"oracle": "energy", "baselines": (), **options})
    _, y_new = sampler.fit_resample(X, y)
    seeds, new = sampler.seed_indices_, np.asarray(y_new)[sampler.is_synthetic_]
    assert seeds.shape == new.shape
    known = seeds >= 0
    np.testing.assert_array_equal(np.asarray(y)[seeds[known]], new[known])
    if not isinstance(options.get("gan"), GAN):
        assert known.all()


def test_copies_are_found_where_the_seeds_point():
    X, y = numbers()
    order = np.random.default_rng(0).permutation(len(X))  # the rare class all over the table
    X, y = X[order], y[order]
    sampler = quick(gan=COPIES)
    X_new, _ = sampler.fit_resample(X, y)
    np.testing.assert_allclose(X_new[len(X) :], X[sampler.seed_indices_], atol=1e-6)


def test_rows_made_of_noise_have_no_seed():
    X, y = numbers()
    sampler = quick(gan=GAN("classic", batch_size=32, generator=Generator(widths=(8,))), oracle=None)
    sampler.fit_resample(X, y)
    assert set(sampler.seed_indices_) == {-1}


def test_seeds_belong_to_a_resampling_and_go_with_the_next_fit():
    X, y = numbers()
    sampler = quick(gan=COPIES)
    sampler.fit_resample(X, y)
    assert not hasattr(sampler.fit(X, y), "seed_indices_")
