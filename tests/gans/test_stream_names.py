"""Names of random streams are frozen: equal GANs have equal ones, and every parameter has its place."""

import pytest
from gan_oversampler.gans.stream_names import VERSION_1, stream_name

from gan_oversampler.gans.evolution import Evolution
from gan_oversampler.gans.gan import APART, GAN
from gan_oversampler.gans.parts import Generator


def test_every_parameter_is_named_in_the_random_streams_of_a_gan_or_changes_none():
    named = {path for path, _ in VERSION_1.values()} | set(APART)
    assert named == set(GAN().get_params(deep=False))


def test_what_is_left_out_of_a_name_is_the_default():
    defaults = GAN().get_params(deep=False)
    assert {path: usual for path, usual in VERSION_1.values()} == {
        path: defaults[path] for path, _ in VERSION_1.values()
    }


def test_what_streams_are_named_after_is_frozen():
    assert stream_name(GAN()) == "[]smote"
    gan = GAN(
        "guided",
        base="star",
        loss_weights={"utility": 1, "adversarial": 0.5},
        generator=Generator(widths=[32], correction_bound=1),
    )
    name = "[('family', 'guided'), ('forces', [('adversarial', 0.5), ('utility', 1.0)]), ('reach', 1.0)"
    assert stream_name(gan) == name + ", ('widths', (32.0,))]star"
    evolving = GAN(loss="bce", evolution=Evolution(["kl"], population=2))
    assert stream_name(evolving) == (
        "[('evolution', [('diversity', 0.01), ('fitness', 'critic'), ('mutations', ('kl',)),"
        " ('population', 2.0)]), ('loss', 'bce')]smote"
    )


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"widths": (8, 4)}, {"widths": [8.0, 4]}),
        ({"forces": {"utility": 1.0, "adversarial": 2}}, {"forces": {"adversarial": 2.0, "utility": 1}}),
        ({"replicas": 3}, {}),
        ({"latent": 8}, {}),
    ],
    ids=str,
)
def test_equal_gans_have_equal_names_however_they_are_written(first, second):
    assert stream_name(GAN("guided", **first)) == stream_name(GAN("guided", **second))


def test_bases_have_streams_of_their_own():
    assert stream_name(GAN(base="border")) != stream_name(GAN(base="smote"))
