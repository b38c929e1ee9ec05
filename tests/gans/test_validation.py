"""Parameters of a GAN that are out of range, mean nothing or contradict each other are refused."""

import pytest
from sklearn.base import clone

from gan_oversampler.gans.evolution import Evolution
from gan_oversampler.gans.gan import GAN
from gan_oversampler.gans.loss_terms import LOSS_TERMS
from gan_oversampler.gans.losses import LOSSES
from gan_oversampler.gans.parts import Cell, Critic, Generator
from gan_oversampler.gans.validation import REGISTRIES, validated

REBUILDING = sorted(name for name, loss in LOSSES.items() if loss.error)
WITHOUT_ORIGINAL = sorted(name for name, loss in LOSSES.items() if loss.saturating is None)
WITHOUT_EQUILIBRIUM = sorted(name for name, loss in LOSSES.items() if loss.equilibrium is None)


def _refused(message, family="residual", **changes):
    with pytest.raises(ValueError, match=message):
        validated(GAN(family).set_params(**changes))


@pytest.mark.parametrize("parameter", sorted(REGISTRIES))
def test_a_specification_takes_every_entry_of_its_registry_and_nothing_else(parameter):
    for name in sorted(REGISTRIES[parameter]):
        gan = validated(GAN().set_params(**{parameter: name}))
        assert clone(gan).get_params()[parameter] == name
    words = parameter.replace("__", " ").replace("_", " ")
    _refused(rf"Unknown {words} 'nonsense'.* Known are", **{parameter: "nonsense"})


@pytest.mark.parametrize(
    "wrong",
    [
        {"generator__widths": (8, 0)},
        {"generator__widths": (8, -1)},
        {"generator__widths": (8.0,)},
        {"generator__widths": 8},
        {"generator__widths": None},
        {"critic__widths": ("8",)},
        {"generator__latent": 0},
        {"batch_size": 0},
        {"critic__steps": 0},
        {"generator__correction_bound": 0.0},
        {"generator__ema": 1.0},
        {"critic__dropout": 1.0},
        {"generator__learning_rate": 0.0},
        {"critic__learning_rate": -1e-3},
        {"generator__geometry_rate": 0.0},
        {"critic__penalty_weight": -1.0},
        {"generator__betas": (0.9,)},
        {"generator__betas": (0.0, 1.0)},
        {"critic__betas": (0.0, "0.9")},
        {"critic__clip": 0.0},
        {"diversity_ratio": 1.5},
        {"generator__slope": 1.0},
        {"critic__slope": -0.1},
        {"generator__norm_momentum": 1.0},
        {"critic__norm_momentum": 1.0},
        {"critic__label_noise": 1.0},
        {"critic__label_smoothing": -0.1},
        {"replicas": 0},
        {"conditioning": "add"},
        {"generator__norm": "group"},
        {"critic__norm": True},
        {"classes": "some"},
        {"saturating": "yes"},
        {"loss_weights": ["adversarial"]},
        {"loss_weights": {"adversarial": "much"}},
        {"loss_weights": {"adversarial": float("nan")}},
        {"loss_weights": {"adversarial": -1.0}},
        {"generator__grid": (2,)},
        {"generator__grid": (2, 0)},
        {"generator__grid": (2.5, 2)},
        {"generator__grid": (1, 2, 3)},
        {"controllers": "gap"},
        {"generator": Critic()},
        {"critic": Generator()},
        {"evolution": Generator()},
    ],
    ids=str,
)
def test_parameters_out_of_range_are_errors_that_name_them(wrong):
    (name,) = wrong
    part, _, parameter = name.rpartition("__")
    _refused(f"'{parameter}'.*{part.capitalize()}|'{parameter}' of the {part}", **wrong)


@pytest.mark.parametrize("term", sorted(LOSS_TERMS))
def test_loss_terms_are_known_by_their_names(term):
    validated(GAN("guided", loss_weights={term: 0.5}))
    _refused(f"Did you mean '{term}'", "guided", loss_weights={f"{term}s": 0.5})


@pytest.mark.parametrize("family", ["residual", "classic"])
def test_utility_needs_a_guided_gan(family):
    _refused("needs the family 'guided'", family, loss_weights={"utility": 1.0})
    validated(GAN(family, loss_weights={"utility": 0.0}))


def test_batches_of_guided_gans_are_balanced():
    validated(GAN(balanced=False))
    _refused("balanced=False is not possible", "guided", balanced=False)


@pytest.mark.parametrize("loss", REBUILDING)
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"critic__label_noise": 0.1}, "no labels. Set label_noise=0"),
        ({"critic__label_smoothing": 0.1}, "no labels. Set label_smoothing=0"),
        ({"critic__penalty": "gradient"}, "flat where it reconstructs well. Set penalty='none'"),
        ({"critic__widths": ()}, "needs a hidden layer"),
    ],
    ids=str,
)
def test_settings_without_a_meaning_for_an_autoencoder_are_refused(loss, change, message):
    _refused(message, loss=loss, **change)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"critic__norm": "batch"}, "penalty 'r1_r2' .* norm='layer' of the critic"),
        ({"critic__norm": "batch", "loss": "wgan_gp"}, "penalty 'gradient' .* norm='layer' of the critic"),
        ({"critic__dropout": 0.4, "critic__widths": (8,)}, "silences nothing: .* Got widths=\\(8,\\)"),
        ({"critic__separate_batches": True}, "makes no difference .* Got norm='none'"),
        ({"critic__penalty": "none", "critic__penalty_weight": 1.0}, "weighs nothing"),
    ],
    ids=str,
)
def test_normalisation_and_penalties_that_cannot_work_are_refused(changes, message):
    _refused(message, **changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"controllers": ("gapp",)}, "Unknown controller 'gapp'. Did you mean 'gap'"),
        ({"controllers": ("pacing",), "loss_weights": {}}, "'adversarial'"),
        (
            {"controllers": ("ada",), "family": "guided", "loss_weights": {"utility": 1.0}},
            "leave the controllers",
        ),
        ({"controllers": ("r1",), "critic__penalty": "none"}, "penalty='r1_r2'"),
        ({"controllers": ("r1",), "loss": "bce"}, "there is none"),
        ({"controllers": ("r1",), "critic__penalty_weight": 0}, "there is none"),
        ({"controllers": ("gap", "gap")}, "different names"),
        ({"controllers": ("gap", None)}, "by its name, a string"),
        ({"controllers": (["gap"],)}, "by its name, a string"),
        ({"controllers": "gap"}, "must be an instance of 'tuple'"),
    ],
    ids=str,
)
def test_controllers_that_could_do_nothing_are_refused(changes, message):
    _refused(message, **changes)


@pytest.mark.parametrize("loss", WITHOUT_ORIGINAL)
def test_only_losses_with_an_original_game_saturate(loss):
    _refused(f"saturating=True needs .* 'kl', .* Got loss='{loss}'", loss=loss, saturating=True)


@pytest.mark.parametrize("loss", WITHOUT_EQUILIBRIUM)
@pytest.mark.parametrize("name", ["gap", "reset"])
def test_controllers_that_watch_an_equilibrium_need_a_loss_that_has_one(name, loss):
    _refused(rf"equilibrium is known\. Got loss='{loss}'", loss=loss, controllers=(name,))


def test_evolution_needs_a_critic_of_logits_and_valid_parameters():
    validated(GAN(loss="bce", evolution=Evolution()))
    _refused("loss='bce'", evolution=Evolution())
    _refused("adversarial", loss="bce", loss_weights={}, evolution=Evolution())
    _refused("at least one", loss="bce", evolution=Evolution([]))


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ((), "must be one Cell or more"),
        (("cell",), "must be one Cell or more, in a tuple. Got \\('cell',\\)"),
        (Cell(), "must be an instance of 'tuple'"),
        ((Cell(), Cell(width=0)), "'width' parameter of Cell"),
        ((Cell(norm="group"),), "'norm' parameter of Cell"),
        ((Cell(), Cell(activation="reluu")), "Unknown activation of cell 1 'reluu'. Did you mean 'relu'"),
        ((Cell(skips=(0,)),), "'skips' of cell 0 must be different positions of cells before it"),
        ((Cell(), Cell(skips=(1,))), "'skips' of cell 1 .* Got \\(1,\\)"),
        ((Cell(), Cell(skips=(0, 0))), "'skips' of cell 1"),
        ((Cell(), Cell(skips=(-1,))), "'skips' of cell 1"),
        ((Cell(), Cell(skips=("0",))), "'skips' of cell 1"),
        ((Cell(), Cell(kernel=5)), "kernel=5 of cell 1 means something on a grid only"),
        ((Cell(), Cell(upsampling="bilinear")), "of cell 1 means something on a grid only"),
    ],
    ids=str,
)
def test_cells_that_cannot_be_built_are_refused(cells, message):
    _refused(message, generator__cells=cells)
    validated(GAN(generator=Generator(cells=[Cell(), Cell(skips=[0])])))


@pytest.mark.parametrize(
    "change", [{"widths": (8,)}, {"activation": "relu"}, {"norm": "batch"}, {"widths": [64]}], ids=str
)
def test_what_every_cell_has_of_its_own_is_refused_beside_cells(change):
    (name,) = change
    generator = Generator(cells=(Cell(),), **change)
    _refused(f"^{name}=.* means nothing beside 'cells'", generator=generator)


@pytest.mark.parametrize("role", ["generator", "critic"])
def test_film_needs_hidden_layers_on_both_sides(role):
    validated(GAN(conditioning="film"))
    others = {"critic__widths": (8,)} if role == "generator" else {}
    _refused(f"the {role} has none", conditioning="film", **others, **{f"{role}__widths": ()})


@pytest.mark.parametrize("change", [{"kernel": 5}, {"upsampling": "bilinear"}], ids=str)
def test_what_cells_are_on_a_grid_is_refused_without_one(change):
    cells = Cell(), Cell(**change)
    _refused(r"of cell 1 means something on a grid only", generator__cells=cells)
    validated(GAN(generator=Generator(grid="square", cells=cells)))


@pytest.mark.parametrize(
    "gan",
    [
        GAN(generator=Generator(correction_bound=10**400)),
        GAN(critic=Critic(penalty_weight=10**400)),
        GAN(generator=Generator(widths=(2**70,))),
        GAN(generator=Generator(cells=(Cell(width=10**400),))),
        GAN("classic", loss_weights={"adversarial": 10**400}),
    ],
)
def test_integers_beyond_what_numbers_of_tensors_hold_are_refused(gan):
    with pytest.raises(ValueError, match=r"must hold smaller integers. Got one of \d+ bits"):
        validated(gan)
