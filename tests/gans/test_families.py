"""Families of generators and their defaults."""

import pytest

from gan_oversampler.gans.families import FAMILIES
from gan_oversampler.gans.gan import GAN
from gan_oversampler.gans.loss_terms import LOSS_TERMS
from gan_oversampler.gans.parts import Generator
from gan_oversampler.gans.validation import validated


@pytest.mark.parametrize("name", sorted(FAMILIES))
def test_defaults_of_a_family_are_valid(name):
    family = FAMILIES[name]
    assert set(family.loss_weights) <= set(LOSS_TERMS)
    assert all(family.is_guided or not LOSS_TERMS[term].guided_only for term in family.loss_weights)
    generator = Generator(learning_rate=family.learning_rate)
    validated(GAN(name, loss_weights=family.loss_weights, replicas=family.replicas, generator=generator))


def test_only_the_guided_family_learns_a_geometry_and_only_the_classic_one_has_no_base():
    assert [name for name, family in FAMILIES.items() if family.is_guided] == ["guided"]
    assert [name for name, family in FAMILIES.items() if not family.generator.uses_base] == ["classic"]
