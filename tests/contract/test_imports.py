"""Importing is cheap: the package alone loads nothing, and specifications and samplers no torch."""

import subprocess
import sys
from pathlib import Path

import pytest

import gan_oversampler

LOADED = "\nimport sys; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
SPECIFICATIONS = """
from sklearn.base import clone
from gan_oversampler import GAN, Critic, GANOversampler, Generator, Order, Policy, Rejection
from gan_oversampler import Search, SearchSpace

GANOversampler(search=Search(space=SearchSpace({"latent": (4, 8)})))
GANOversampler()
gan = GAN("guided", generator=Generator(grid="square"), critic=Critic(dropout=0.1))
sampler = GANOversampler(gan=gan, constraints=[Order("a", "b")], policy=Policy(), rejection=Rejection())
repr(clone(sampler).set_params(gan__critic__dropout=0.2))
"""


def _loaded_by(code):
    """Top-level packages that a new process has loaded after the code."""
    command = [sys.executable, "-W", "error", "-c", code + LOADED]
    root = Path(gan_oversampler.__file__).parents[1]
    return set(subprocess.check_output(command, cwd=root, text=True).split())


def test_the_package_alone_loads_nothing_else():
    ours, standard = _loaded_by("import gan_oversampler"), _loaded_by("import importlib, typing")
    assert ours - standard == {"gan_oversampler"}


def test_samplers_and_specifications_load_no_torch():
    assert not {"torch", "matplotlib", "optuna", "dask"} & _loaded_by(SPECIFICATIONS)


def test_every_public_name_is_listed_and_can_be_imported():
    assert set(gan_oversampler.__all__) <= set(dir(gan_oversampler))
    for name in gan_oversampler.__all__:
        assert getattr(gan_oversampler, name).__name__ == name


def test_a_name_that_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'GANSampler'"):
        gan_oversampler.GANSampler  # noqa: B018
