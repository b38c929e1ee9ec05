"""Parameters of a GAN that are out of range, mean nothing or contradict each other are refused."""

import pytest

from gan_oversampler.gans.evolution import Evolution
from gan_oversampler.gans.gan import GAN
from gan_oversampler.gans.losses import LOSSES
from gan_oversampler.gans.objectives import LOSS_TERMS

REBUILDING = sorted(name for name, loss in LOSSES.items() if loss.error)
WITHOUT_EQUILIBRIUM = sorted(name for name, loss in LOSSES.items() if loss.equilibrium is None)


def _refused(message, family="residual", **changes):
    with pytest.raises(ValueError, match=message):
        GAN(family, **changes).validate()


@pytest.mark.parametrize(
    "wrong",
    [
        {"widths": (8, 0)},
        {"widths": (8, -1)},
        {"widths": (8.0,)},
        {"widths": 8},
        {"critic_widths": ("8",)},
        {"latent": 0},
        {"batch_size": 0},
        {"critic_steps": 0},
        {"reach": 0.0},
        {"ema": 1.0},
        {"critic_dropout": 1.0},
        {"learning_rate": 0.0},
        {"critic_learning_rate": -1e-3},
        {"geometry_rate": 0.0},
        {"penalty_weight": -1.0},
        {"betas": (0.9,)},
        {"betas": (0.0, 1.0)},
        {"critic_betas": (0.0, "0.9")},
        {"critic_clip": 0.0},
        {"diversity_ratio": 1.5},
        {"slope": 1.0},
        {"norm_momentum": 1.0},
        {"label_noise": 1.0},
        {"label_smoothing": -0.1},
        {"replicas": 0},
        {"conditioning": "add"},
        {"critic_norm": "group"},
        {"classes": "some"},
        {"batch_norm": "yes"},
        {"forces": ["adversarial"]},
        {"forces": {"adversarial": "much"}},
        {"forces": {"adversarial": float("nan")}},
        {"forces": {"adversarial": -1.0}},
        {"grid": (2,)},
        {"grid": (2, 0)},
        {"grid": (2.5, 2)},
        {"grid": (1, 2, 3)},
        {"controllers": "gap"},
    ],
    ids=str,
)
def test_parameters_out_of_range_are_errors_that_name_them(wrong):
    (name,) = wrong
    _refused(name, **wrong)


@pytest.mark.parametrize("term", sorted(LOSS_TERMS))
def test_loss_terms_are_known_by_their_names(term):
    GAN("guided", loss_weights={term: 0.5}).validate()
    _refused(f"Did you mean '{term}'", "guided", loss_weights={f"{term}s": 0.5})


@pytest.mark.parametrize("family", ["residual", "classic"])
def test_utility_needs_a_guided_gan(family):
    _refused("needs the family 'guided'", family, loss_weights={"utility": 1.0})
    GAN(family, loss_weights={"utility": 0.0}).validate()


def test_batches_of_guided_gans_are_balanced():
    GAN(balanced=False).validate()
    _refused("balanced=False is not possible", "guided", balanced=False)


@pytest.mark.parametrize("loss", REBUILDING)
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"label_noise": 0.1}, "no labels. Set label_noise=0"),
        ({"label_smoothing": 0.1}, "no labels. Set label_smoothing=0"),
        ({"penalty": "gradient"}, "flat where it reconstructs well. Set penalty='none'"),
        ({"critic_widths": ()}, "needs a hidden layer"),
    ],
    ids=str,
)
def test_settings_without_a_meaning_for_an_autoencoder_are_refused(loss, change, message):
    _refused(message, loss=loss, **change)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"critic_norm": "batch"}, "penalty 'r1_r2' .* critic_norm='layer'"),
        ({"critic_norm": "batch", "loss": "wgan_gp"}, "penalty 'gradient' .* critic_norm='layer'"),
        ({"separate_batches": True}, "makes no difference .* Got critic_norm='none'"),
        ({"penalty": "none", "penalty_weight": 1.0}, "weighs nothing"),
    ],
    ids=str,
)
def test_normalisation_and_penalties_that_cannot_work_are_refused(changes, message):
    _refused(message, **changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"controllers": ("gapp",)}, "Unknown controller 'gapp'. Did you mean 'gap'"),
        ({"controllers": ("pacing",), "forces": {}}, "'adversarial'"),
        ({"controllers": ("ada",), "family": "guided", "forces": {"utility": 1.0}}, "leave the controllers"),
        ({"controllers": ("r1",), "penalty": "none"}, "penalty='r1_r2'"),
        ({"controllers": ("r1",), "loss": "bce"}, "there is none"),
        ({"controllers": ("r1",), "penalty_weight": 0}, "there is none"),
        ({"controllers": ("gap", "gap")}, "different names"),
        ({"controllers": ("gap", None)}, "by its name, a string"),
        ({"controllers": (["gap"],)}, "by its name, a string"),
        ({"controllers": "gap"}, "must be an instance of 'tuple'"),
    ],
    ids=str,
)
def test_controllers_that_could_do_nothing_are_refused(changes, message):
    _refused(message, **changes)


@pytest.mark.parametrize("loss", WITHOUT_EQUILIBRIUM)
@pytest.mark.parametrize("name", ["gap", "reset"])
def test_controllers_that_watch_an_equilibrium_need_a_loss_that_has_one(name, loss):
    _refused(rf"equilibrium is known\. Got loss='{loss}'", loss=loss, controllers=(name,))


def test_evolution_needs_a_critic_of_logits_and_valid_parameters():
    GAN(loss="bce", evolution=Evolution()).validate()
    _refused("loss='bce'", evolution=Evolution())
    _refused("adversarial", loss="bce", loss_weights={}, evolution=Evolution())
    _refused("at least one", loss="bce", evolution=Evolution([]))
