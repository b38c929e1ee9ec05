"""Registries are read-only, and a typo in any name gets a hint and the names that there are."""

import pytest

from gan_oversampler._utils import lookup
from gan_oversampler.gans.controllers import CONTROLLERS
from gan_oversampler.gans.divergences import DIVERGENCES
from gan_oversampler.gans.evolution import MUTATIONS
from gan_oversampler.gans.families import FAMILIES
from gan_oversampler.gans.loss_terms import LOSS_TERMS
from gan_oversampler.gans.losses import LOSSES, PENALTIES
from gan_oversampler.gans.presets import PRESETS
from gan_oversampler.gans.utility import OBJECTIVES
from gan_oversampler.nn.latent import LATENTS
from gan_oversampler.nn.optimizers import OPTIMIZERS
from gan_oversampler.nn.packed import ACTIVATIONS
from gan_oversampler.oracles.composite import REFERENCES
from gan_oversampler.oracles.features import FEATURES
from gan_oversampler.oracles.registry import ORACLES
from gan_oversampler.oracles.scorers import scorer_names
from gan_oversampler.oracles.smooth import SMOOTH
from gan_oversampler.reporting.evidence import METRICS
from gan_oversampler.sampling.acceptance import ACCEPTANCE_RULES
from gan_oversampler.sampling.base_samplers import BASES
from gan_oversampler.selection.scoring import BASELINE_BASES

REGISTRIES = {
    "acceptance rule": ACCEPTANCE_RULES,
    "activation": ACTIVATIONS,
    "base": BASES,
    "baseline": BASELINE_BASES,
    "controller": CONTROLLERS,
    "divergence": DIVERGENCES,
    "family": FAMILIES,
    "features": FEATURES,
    "latent law": LATENTS,
    "loss": LOSSES,
    "loss term": LOSS_TERMS,
    "metric": METRICS,
    "mutation": MUTATIONS,
    "objective": OBJECTIVES,
    "optimizer": OPTIMIZERS,
    "oracle": ORACLES,
    "penalty": PENALTIES,
    "preset": PRESETS,
    "reference": REFERENCES,
    "smooth score": SMOOTH,
}


@pytest.mark.parametrize("what", sorted(REGISTRIES))
def test_registries_are_read_only_and_entries_are_found(what):
    registry = REGISTRIES[what]
    assert registry
    for name in sorted(registry):
        assert lookup(registry, name, what) is registry[name]
    with pytest.raises(TypeError):
        registry["new"] = None


@pytest.mark.parametrize("what", sorted(REGISTRIES))
def test_a_typo_in_any_name_gets_a_hint_and_the_list(what):
    for name in sorted(REGISTRIES[what]):
        with pytest.raises(ValueError, match=f"Unknown {what} '{name}x'. Did you mean '{name}'?") as error:
            lookup(REGISTRIES[what], f"{name}x", what)
        assert all(repr(known) in str(error.value) for known in REGISTRIES[what])


def test_smooth_scores_are_called_like_the_scorers_they_stand_for():
    assert set(SMOOTH) <= set(scorer_names())


def test_names_of_baselines_stand_for_bases_and_are_not_names_of_bases():
    assert set(BASELINE_BASES.values()) <= set(BASES)
    assert not set(BASELINE_BASES) & set(BASES)
