"""A GPU learns what the CPU learns, up to rounding; skipped on machines without one."""

import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from sklearn.base import clone

from gan_oversampler import GAN, Evolution, GANOversampler
from gan_oversampler._utils import Streams
from gan_oversampler.gans.controllers import CONTROLLERS
from gan_oversampler.gans.families import FAMILIES
from gan_oversampler.gans.losses import LOSSES, PENALTIES
from gan_oversampler.gans.parts import Critic, Generator
from gan_oversampler.gans.presets import PRESETS
from gan_oversampler.gans.utility import OBJECTIVES
from gan_oversampler.gans.validation import validated
from gan_oversampler.training.cohort import Cohort
from gan_oversampler.training.members import Member
from tests.drawing import fold_data
from tests.tables import numbers

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")

SMALL = GAN(batch_size=32, generator=Generator(widths=(8, 8)), critic=Critic(widths=(8, 8)))
CHANGES = [
    *({"family": family} for family in sorted(FAMILIES)),
    *({"family": "guided", "objective": name} for name in sorted(OBJECTIVES)),
    *({"loss": name} for name in sorted(LOSSES)),
    *({"critic__penalty": name} for name in sorted(PENALTIES)),
    *({"controllers": (name,)} for name in sorted(CONTROLLERS)),
    {"family": "classic", "generator__norm": "batch", "conditioning": "multiply", "critic__dropout": 0.3},
    {
        "family": "classic",
        "loss": "bce",
        "critic__label_noise": 0.2,
        "critic__label_smoothing": 0.1,
        "critic__norm": "batch",
        "critic__penalty": "none",
    },
    {"family": "classic", "generator__grid": (2, 2)},
    {"family": "classic", "loss": "bce", "evolution": Evolution()},
]


def _trained(gan, device, n_steps):
    data = fold_data((45, 30, 15))
    members = [Member(0, fold, gan, data, Streams(fold)) for fold in range(3)]
    cohort = Cohort(members, torch.device(device))
    cohort.advance(n_steps)
    return torch.stack([snapshot.weights_N for snapshot in cohort.snapshots()])


@pytest.mark.parametrize("changes", CHANGES, ids=str)
def test_a_gpu_goes_where_the_cpu_goes(changes):
    gan = validated(clone(SMALL).set_params(**changes))
    start, here, there = (_trained(gan, *how) for how in (("cpu", 0), ("cpu", 6), ("cuda", 6)))
    assert there.device.type == "cpu"
    assert not torch.equal(here, start)
    assert (there - here).norm() < 0.05 * (here - start).norm()


TOGETHER = [
    {},
    {"rejection": "obrs", "policy": "oracle"},
    {"gan": GAN("residual", controllers=("ada", "fade", "collapse"))},
    *({"gan": name} for name in sorted(PRESETS) if name != "dcgan"),
]


@pytest.mark.parametrize("changes", TOGETHER, ids=str)
def test_all_goes_well_on_a_gpu_and_its_random_state_is_left_alone(changes):
    X, y = numbers(n=90)
    before = torch.cuda.get_rng_state()
    sampler = GANOversampler(**changes, max_steps=20, epoch_unit=10, device="cuda", random_state=0)
    X_new, y_new = sampler.fit_resample(X, y)
    assert np.isfinite(np.asarray(X_new, float)).all()
    assert len(set(np.unique(y_new, return_counts=True)[1])) == 1
    assert torch.equal(before, torch.cuda.get_rng_state())


def test_a_file_of_a_sampler_that_a_gpu_trained_holds_nothing_of_it(tmp_path):
    X, y = numbers(n=90)
    sampler = GANOversampler(max_steps=20, epoch_unit=10, device="cuda", random_state=0).fit(X, y)
    sampler.save(tmp_path / "file")
    code = f"from gan_oversampler import load; print(load({str(tmp_path / 'file')!r}).sample(5).tolist())"
    without = {**os.environ, "CUDA_VISIBLE_DEVICES": ""}
    found = subprocess.run([sys.executable, "-c", code], env=without, capture_output=True, check=True)
    assert found.stdout.decode().strip() == str(sampler.sample(5).tolist())


def test_images_on_a_gpu():
    X, y = numbers(84, 24, columns=30)
    gan = GAN("classic", generator=Generator(grid=(6, 5), widths=(16, 8)), critic=Critic(widths=(8, 16)))
    X_new, y_new = GANOversampler(gan=gan, max_steps=10, device="cuda", random_state=0).fit_resample(X, y)
    assert np.bincount(y_new).tolist() == [60, 60]
    assert np.isfinite(X_new).all()
