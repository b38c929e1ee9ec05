"""The two networks of a GAN as values: what the critic takes over from the generator; what is settable."""

import pytest
from sklearn.base import clone

from gan_oversampler.gans.gan import GAN
from gan_oversampler.gans.parts import Cell, Critic, Generator

# By parameter of the critic that may be None: what another generator has, and what is given.
TAKEN_OVER = {
    "widths": ((8, 4), (3,)),
    "activation": ("elu", "tanh"),
    "slope": (0.3, 0.1),
    "norm_momentum": (0.5, 0.9),
    "optimizer": ("sgd", "rmsprop"),
    "betas": ((0.5, 0.9), (0.1, 0.2)),
}


@pytest.mark.parametrize("name", sorted(TAKEN_OVER))
def test_a_critic_takes_over_what_it_is_not_told(name):
    theirs, given = TAKEN_OVER[name]
    generator = Generator(**{name: theirs})
    assert getattr(Critic().completed(generator), name) == theirs
    assert getattr(Critic(**{name: given}).completed(generator), name) == given


@pytest.mark.parametrize("name", ["learning_rate", "geometry_rate"])
def test_rates_beyond_single_precision_are_refused(name):
    with pytest.raises(ValueError, match=name):
        Generator(**{name: 1e300})._validate_params()


def test_a_critic_takes_over_nothing_else_and_stays_as_it_is():
    critic = Critic(dropout=0.2, penalty="none")
    completed = critic.completed(Generator(norm="batch", learning_rate=0.5))
    assert critic.get_params() == Critic(dropout=0.2, penalty="none").get_params()
    others = {name: value for name, value in critic.get_params().items() if name not in TAKEN_OVER}
    assert others == {name: getattr(completed, name) for name in others}
    # What is left to the penalty stays open.
    assert [name for name, value in completed.get_params().items() if value is None] == [
        "clip",
        "penalty_weight",
    ]


def test_a_critic_without_hidden_layers_stays_so_and_on_a_grid_the_generators_layers_are_reversed():
    generator = Generator(widths=(8, 4))
    assert Critic(widths=()).completed(generator).widths == ()
    assert Critic().completed(generator.set_params(grid="square")).widths == (4, 8)


def test_a_critic_has_a_layer_per_cell_of_the_generator():
    generator = Generator(cells=(Cell(width=8), Cell(width=4)))
    assert generator.hidden_widths == Critic().completed(generator).widths == (8, 4)
    assert Critic(widths=(3,)).completed(generator).widths == (3,)
    assert Critic().completed(generator.set_params(grid="square")).widths == (4, 8)


def test_cells_are_copied_with_the_generator_and_make_specifications_different():
    gan = GAN(generator=Generator(cells=(Cell(width=8), Cell(skips=(0,)))))
    copied = clone(gan)
    assert copied.cohort_key == gan.cohort_key
    copied.generator.cells[1].set_params(skips=())
    assert gan.generator.cells[1].skips == (0,)
    assert copied.cohort_key != gan.cohort_key


@pytest.mark.parametrize("part", [Generator, Critic])
def test_a_norm_is_over_the_batch_or_over_the_units_of_a_row(part):
    assert [
        (part(norm=norm).batch_norm, part(norm=norm).layer_norm) for norm in ("none", "batch", "layer")
    ] == [
        (False, False),
        (True, False),
        (False, True),
    ]


def test_parameters_of_both_parts_are_settable_from_outside_and_every_gan_has_parts_of_its_own():
    gan, other = GAN(), GAN()
    assert gan.set_params(generator__latent=3, critic__dropout=0.4) is gan
    assert (gan.generator.latent, gan.critic.dropout) == (3, 0.4)
    copied = clone(gan).set_params(critic__dropout=0.1)
    assert (copied.generator.latent, gan.critic.dropout) == (3, 0.4)
    for untouched in (other, GAN()):
        assert untouched.generator.get_params() == Generator().get_params()
        assert untouched.critic.get_params() == Critic().get_params()
