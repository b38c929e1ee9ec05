"""Registries are read-only, and a typo in any name gets a hint and the names that there are."""

import pytest

from gan_oversampler._utils import lookup
from gan_oversampler.gans.controllers import CONTROLLERS
from gan_oversampler.gans.divergences import DIVERGENCES
from gan_oversampler.gans.evolution import MUTATIONS
from gan_oversampler.gans.gan import REGISTRIES as OF_A_GAN
from gan_oversampler.gans.losses import PENALTIES
from gan_oversampler.gans.objectives import LOSS_TERMS
from gan_oversampler.gans.presets import PRESETS
from gan_oversampler.gans.utility import OBJECTIVES
from gan_oversampler.oracles.registry import ORACLES
from gan_oversampler.oracles.scorers import scorer_names
from gan_oversampler.oracles.smooth import SMOOTH

REGISTRIES = {
    **{name: registry for name, registry in OF_A_GAN.items() if name not in ("penalty", "objective")},
    "controller": CONTROLLERS,
    "divergence": DIVERGENCES,
    "loss term": LOSS_TERMS,
    "mutation": MUTATIONS,
    "oracle": ORACLES,
    "penalty": PENALTIES,
    "objective": OBJECTIVES,
    "preset": PRESETS,
    "smooth score": SMOOTH,
}


@pytest.mark.parametrize("what", sorted(REGISTRIES))
def test_registries_are_read_only_and_entries_are_found(what):
    registry = REGISTRIES[what]
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
