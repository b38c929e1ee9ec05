"""Specifications of GANs: names, defaults that depend on the family, labels, and what shares a program."""

import pytest

from gan_oversampler.gans.families import FAMILIES
from gan_oversampler.gans.gan import GAN
from gan_oversampler.gans.losses import LOSSES
from gan_oversampler.gans.parts import Critic, Generator
from gan_oversampler.gans.utility import OBJECTIVES
from gan_oversampler.sampling.base_samplers import BASES


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_loss_weights_are_those_of_the_family_unless_given_and_zeros_are_left_out(family):
    assert GAN(family).active_terms == dict(FAMILIES[family].loss_weights) != {}
    assert GAN(family, loss_weights={"adversarial": 2}).active_terms == {"adversarial": 2.0}
    assert GAN(family, loss_weights={}).active_terms == {}
    assert GAN(family, loss_weights={"adversarial": 0}).active_terms == {}


@pytest.mark.parametrize("loss", sorted(LOSSES))
def test_the_penalty_is_that_of_the_loss_unless_given(loss):
    assert GAN(loss=loss).penalty == LOSSES[loss].penalty
    assert GAN(loss=loss, critic=Critic(penalty="r1_r2")).penalty == "r1_r2"


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_only_a_guided_gan_takes_its_objective_from_the_oracle_and_only_if_it_has_none(family):
    gan, is_guided = GAN(family), FAMILIES[family].is_guided
    for name in sorted(OBJECTIVES):
        aimed = gan.aimed_at(name)
        assert aimed.objective == (name if is_guided else "auto")
        assert aimed.aimed_at("f1").objective == aimed.objective
    assert gan.objective == "auto"
    assert gan.min_gain_in_se == FAMILIES[family].min_gain_in_se


@pytest.mark.parametrize(
    ("gan", "n"),
    [
        (GAN(), 1),
        (GAN("guided"), 3),
        (GAN("guided", replicas=2), 2),
        (GAN(replicas=4), 4),
        (GAN(loss_weights={}, replicas=4), 1),
    ],
    ids=str,
)
def test_what_stays_untrained_needs_no_replicas(gan, n):
    assert gan.n_replicas == n


def test_specifications_share_a_program_when_they_differ_in_base_replicas_and_strengths_only():
    alike = [
        *(GAN(base=base) for base in sorted(BASES)),
        GAN(replicas=2),
        GAN(loss_weights={"adversarial": 2}),
    ]
    alike += [GAN(generator=Generator(learning_rate=0.1)), GAN(critic=Critic(learning_rate=0.1))]
    keys = {gan.cohort_key for gan in alike}
    assert len(keys) == 1
    assert len({gan.identity for gan in alike}) == 4
    others = [
        GAN(loss="hinge"),
        GAN(generator=Generator(widths=(8,))),
        GAN(generator=Generator(correction_bound=0.1)),
        GAN("classic"),
        GAN(loss_weights={}),
    ]
    assert len(keys | {gan.cohort_key for gan in others}) == 1 + len(others)


def test_a_name_changes_nothing_but_what_reports_say():
    plain, named = GAN("guided"), GAN("guided", name="mine")
    assert (plain.label, named.label_at(50)) == ("guided", "mine at step 50")
    assert (plain.identity, plain.stream_name) == (named.identity, named.stream_name)


def test_equal_specifications_share_a_program_however_they_are_written():
    first = GAN("guided", loss_weights={"utility": 1.0, "adversarial": 2}, generator=Generator(widths=(8, 4)))
    weights = {"adversarial": 2.0, "utility": 1}
    second = GAN("guided", loss_weights=weights, generator=Generator(widths=[8.0, 4], latent=8.0))
    assert first.identity == second.identity


def test_random_streams_are_named_after_family_and_base_alone_by_a_frozen_name():
    assert GAN().stream_name == ("gan, version 2", "residual", "smote")
    other = GAN(
        loss="bce", batch_size=8, generator=Generator(latent=3), critic=Critic(dropout=0.1), replicas=2
    )
    assert other.stream_name == GAN().stream_name
    names = {GAN(family, base=base).stream_name for family in FAMILIES for base in BASES}
    assert len(names) == len(FAMILIES) * len(BASES)


@pytest.mark.parametrize(
    ("gan", "label"),
    [
        (GAN(base="border"), "residual(border)"),
        (GAN("classic"), "classic"),
        (GAN("guided", base="border"), "guided"),
        # generators that stay untrained are their base
        (GAN(base="border", loss_weights={}), "base(border)"),
        (GAN(base="border", loss_weights={"adversarial": 0.0}), "base(border)"),
        (GAN(base="border", loss_weights={"adversarial": 0.1}), "residual(border)"),
    ],
    ids=str,
)
def test_labels_name_what_new_rows_come_from(gan, label):
    assert gan.label == label
    assert gan.label_at(50) == f"{label} at step 50"
