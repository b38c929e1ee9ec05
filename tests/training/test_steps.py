"""Training steps: pure functions of a state, and what every parameter of a GAN means for them."""

from copy import deepcopy
from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F

from gan_oversampler._utils import Streams
from gan_oversampler.gans.evolution import Evolution
from gan_oversampler.gans.families import FAMILIES
from gan_oversampler.gans.losses import CONTROL_RATE, LOSSES, PENALTIES
from gan_oversampler.gans.validation import validated
from gan_oversampler.nn.optimizers import MAX_NORM, OPTIMIZERS, Moments
from gan_oversampler.training.cohort import Cohort
from gan_oversampler.training.members import Member
from tests.populations import (
    CPU,
    cohort_of,
    differences,
    fold_data,
    next_batch,
    plain_data,
    randn,
    small,
    space_of,
    stream_of,
    tensors_of,
)

BATCH_NORM = {"generator__norm": "batch", "critic__norm": "batch"}
CONFIGS = {
    "default": small(),
    "noisy": small(
        "classic",
        loss="bce",
        generator__widths=(8, 8),
        critic__dropout=0.4,
        critic__label_noise=0.2,
        **BATCH_NORM,
    ),
    "guided": small("guided"),
    "began": small("classic", loss="began", generator__widths=(8, 3)),
    "grid": small("classic", loss="hinge", generator__grid=(2, 2), **BATCH_NORM),
    "wide": small(generator__widths=(256, 8), generator__norm="batch"),
}


def _ready(gan, n_steps=0):
    """A cohort of one member, and a batch for it."""
    cohort = cohort_of(validated(gan))
    cohort.advance(n_steps)
    return cohort, next_batch(cohort)


def _critic_step(cohort, batch, **changes):
    return cohort.steps.critic_step(replace(cohort.state, **changes), batch, cohort.streams)


def _generator_step(cohort, batch, **changes):
    return cohort.steps.generator_step(replace(cohort.state, **changes), batch, cohort.streams)


def _outputs(cohort, state, batch, rows):
    """Critic outputs ``(P, B)`` outside training."""
    parts = cohort.steps.critic.split(state.critic.weights_PN)
    return cohort.steps.critic_fn(state, parts, batch, None)(rows)


def _generated(cohort, state, batch):
    """Rows that the generators make of a batch outside training."""
    parts = cohort.steps.generator.split(state.generator.weights_PN)
    return cohort.steps.generate(state, parts, batch, None)


# --- states go in and come out


@pytest.mark.parametrize("side", ["critic", "generator"])
@pytest.mark.parametrize("config", sorted(CONFIGS))
def test_a_step_leaves_the_state_that_it_is_given_as_it_is(config, side):
    cohort, batch = _ready(CONFIGS[config], n_steps=2)
    given, drawn = cohort.state, batch
    before, batch_before = deepcopy(given), deepcopy(batch)
    after, _ = getattr(cohort.steps, f"{side}_step")(given, batch, cohort.streams)
    assert not differences(before, given)
    assert not differences(batch_before, drawn)
    changed = set(differences(before, after))
    assert f"{side}.weights_PN" in changed
    other = "generator" if side == "critic" else "critic"
    assert f"{other}.weights_PN" not in changed
    assert not any(path.startswith(f"{other}.moments") for path in changed)


@pytest.mark.parametrize("config", sorted(set(CONFIGS) - {"noisy"}))
def test_a_step_repeated_from_one_state_gives_the_same_bits(config):
    cohort, batch = _ready(CONFIGS[config])
    for step in (_critic_step, _generator_step):
        assert not differences(step(cohort, batch)[0], step(cohort, batch)[0])


def test_running_statistics_move_with_the_side_that_is_normalised():
    cohort, batch = _ready(small("classic", loss="bce", **BATCH_NORM))
    for step in (_critic_step, _generator_step):
        after, _ = step(cohort, batch)
        # Both sides run in training mode in either step.
        for player in ("generator", "critic"):
            statistics = [getattr(state, player).statistics_PS for state in (cohort.state, after)]
            assert statistics[0].shape[1] == 2 * 8
            assert not torch.equal(*statistics)


# --- optimisers, learning rates, clipping


def _first_gradient(side):
    """The gradient of a fresh side, which is what plain descent with momentum remembers first."""
    cohort, batch = _ready(small("classic", generator__optimizer="sgd"))
    after, _ = (_critic_step if side == "critic" else _generator_step)(cohort, batch)
    return getattr(after, side).moments.first_PN


@pytest.mark.parametrize("name", sorted(OPTIMIZERS))
@pytest.mark.parametrize("side", ["critic", "generator"])
@pytest.mark.parametrize("own", [False, True])
def test_a_side_takes_steps_of_its_optimizer_with_its_betas_and_its_learning_rate(side, name, own):
    """The critic has an optimiser and betas of its own, or those of the generator."""
    betas, other = (0.5, 0.75), (0.1, 0.2)
    rates = {"generator__learning_rate": 0.01, "critic__learning_rate": 0.03}
    gan = small("classic", **rates, generator__optimizer=name, generator__betas=betas)
    if own:
        gan.set_params(critic__optimizer="rmsprop", critic__betas=other)
    cohort, batch = _ready(gan)
    after, _ = (_critic_step if side == "critic" else _generator_step)(cohort, batch)
    if side == "critic" and own:
        name, betas = "rmsprop", other
    gradient_PN = _first_gradient(side)
    step, moments = OPTIMIZERS[name](gradient_PN, Moments.zeros(*gradient_PN.shape), betas)
    rate = rates[f"{side}__learning_rate"]
    player, before = getattr(after, side), getattr(cohort.state, side)
    for path, tensor in tensors_of(moments).items():
        torch.testing.assert_close(tensors_of(player.moments)[path], tensor)
    torch.testing.assert_close(player.weights_PN, before.weights_PN - rate * step)
    assert step.abs().max() > 0


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_without_a_learning_rate_the_generator_has_that_of_its_family(family):
    usual = cohort_of(small(family))
    given = cohort_of(small(family, generator__learning_rate=FAMILIES[family].learning_rate))
    assert torch.equal(usual.steps.strengths.rates_PN, given.steps.strengths.rates_PN)


def test_the_geometry_has_a_learning_rate_of_its_own():
    cohort, batch = _ready(small("guided", generator__learning_rate=1e-9, generator__geometry_rate=0.02))
    after, _ = _generator_step(cohort, batch)
    moved = (after.generator.weights_PN - cohort.state.generator.weights_PN).abs()[0]
    net = cohort.steps.generator.net
    n = sum(rows * columns for rows, columns in net.shapes)
    assert moved[:n].max() < 1e-7
    assert moved[n:].max().item() == pytest.approx(0.02, rel=1e-3)  # a first step of Adam


def test_all_step_sizes_have_the_factor_of_their_member():
    cohort, batch = _ready(small())
    for step, side in ((_critic_step, "critic"), (_generator_step, "generator")):
        start = getattr(cohort.state, side).weights_PN
        whole = getattr(step(cohort, batch)[0], side).weights_PN - start
        half = getattr(step(cohort, batch, rate_P1=cohort.state.rate_P1 / 2)[0], side).weights_PN - start
        torch.testing.assert_close(half, whole / 2, atol=1e-7, rtol=1e-3)


@pytest.mark.parametrize("side", ["critic", "generator"])
def test_gradients_are_clipped_member_by_member(side):
    """The gradient of one member is far too long; that of the other one stays as it is."""
    gan = small("classic", loss="wgan_gp", generator__optimizer="sgd", critic__penalty="none")
    members = [Member(0, p, gan, fold_data(p), Streams(p)) for p in range(2)]
    cohort = Cohort(members, CPU)
    batch, steps = next_batch(cohort), cohort.steps
    # Outputs of a critic with large weights in its last layers are steep in its first ones and in rows.
    weights_PN = cohort.state.critic.weights_PN.clone()
    weights_PN[0] *= 100
    wild = replace(cohort.state, critic=replace(cohort.state.critic, weights_PN=weights_PN))
    first, clipped = (
        getattr(getattr(steps, f"{side}_step")(state, batch, cohort.streams)[0], side).moments.first_PN
        for state in (cohort.state, wild)
    )
    assert first.norm(dim=1).max() < MAX_NORM
    assert clipped[0].norm().item() == pytest.approx(MAX_NORM)
    assert torch.equal(clipped[1], first[1])


def test_weights_of_the_critic_are_clipped():
    cohort, batch = _ready(small(critic__clip=0.05))
    after, _ = _critic_step(cohort, batch)
    assert cohort.state.critic.weights_PN.abs().max() > 0.05
    assert after.critic.weights_PN.abs().max().item() == pytest.approx(0.05)
    assert (after.critic.weights_PN.abs() < 0.05).any()


@pytest.mark.parametrize("ema", [0.0, 0.5, 0.98])
def test_the_average_moves_toward_the_weights_by_one_minus_its_decay(ema):
    cohort, batch = _ready(small(generator__ema=ema))
    after, _ = _generator_step(cohort, batch)
    start, end = cohort.state.average_PN, after.generator.weights_PN
    assert not torch.equal(start, end)
    torch.testing.assert_close(after.average_PN, ema * start + (1 - ema) * end)


# --- what the critic sees and minimises


def test_the_critic_minimises_the_loss_of_the_gan_at_real_and_generated_rows():
    for name in sorted(LOSSES):
        cohort, batch = _ready(small("classic", generator__widths=(8, 3), loss=name, critic__penalty="none"))
        state = replace(cohort.state, balance_P=torch.full_like(cohort.state.balance_P, 0.5))
        _, result = cohort.steps.critic_step(state, batch, cohort.streams)
        fake = _generated(cohort, state, batch)
        torch.testing.assert_close(result.fake_PBF, fake)
        real_PB, fake_PB = _outputs(cohort, state, batch, batch.real), _outputs(cohort, state, batch, fake)
        torch.testing.assert_close(result.real_PB, real_PB)
        torch.testing.assert_close(result.fake_PB, fake_PB)
        weight = 0.5 if LOSSES[name].steered else 1.0
        torch.testing.assert_close(result.loss_P, LOSSES[name].critic(real_PB, weight * fake_PB))
        torch.testing.assert_close(result.total_P, result.loss_P)


@pytest.mark.parametrize("weight", [None, 3.0])
@pytest.mark.parametrize("name", sorted(name for name, penalty in PENALTIES.items() if penalty))
def test_the_penalty_enters_with_its_weight(name, weight):
    cohort, batch = _ready(small("classic", critic__penalty=name, critic__penalty_weight=weight))
    _, result = _critic_step(cohort, batch)
    parts = cohort.steps.critic.split(cohort.state.critic.weights_PN)
    critic = cohort.steps.critic_fn(cohort.state, parts, batch, None)
    term = PENALTIES[name].term(critic, batch.real, result.fake_PBF, batch.mix)
    usual = PENALTIES[name].weight if weight is None else weight
    torch.testing.assert_close(result.total_P, result.loss_P + usual * term)
    assert (term > 0).all()


def test_smoothed_labels_are_soft_targets_of_cross_entropy():
    cohort, batch = _ready(small("classic", loss="bce", critic__label_smoothing=0.1))
    _, result = _critic_step(cohort, batch)
    expected = sum(
        F.binary_cross_entropy_with_logits(outputs, torch.full_like(outputs, target), reduction="none").mean(
            1
        )
        for outputs, target in ((result.real_PB, 0.9), (result.fake_PB, 0.1))
    )
    torch.testing.assert_close(result.loss_P, expected)


@pytest.mark.parametrize("noise", [0.2, 0.5])
def test_noisy_labels_swap_their_share_of_the_pairs_row_by_row(noise):
    cohort, batch = _ready(small("classic", batch_size=4096, loss="bce", critic__label_noise=noise))
    cohort.streams = [stream_of(p) for p in range(len(cohort.streams))]
    _, result = _critic_step(cohort, batch)
    swapped = torch.stack(
        [torch.rand(4096, generator=stream_of(p)) < noise for p in range(len(cohort.streams))]
    )
    assert swapped.float().mean().item() == pytest.approx(noise, abs=0.03)
    real, fake = result.real_PB, result.fake_PB
    right = F.softplus(-real) + F.softplus(fake)
    wrong = F.softplus(-fake) + F.softplus(real)
    torch.testing.assert_close(result.loss_P, torch.where(swapped, wrong, right).mean(1))


def test_dropout_silences_the_critic_while_it_trains_only():
    cohort, batch = _ready(small("classic", generator__widths=(8, 8), loss="bce", critic__dropout=0.4))
    _, result = _critic_step(cohort, batch)
    without = _outputs(cohort, cohort.state, batch, batch.real)
    assert (result.real_PB != without).float().mean() > 0.9
    assert not torch.equal(result.real_PB, _critic_step(cohort, batch)[1].real_PB)


@pytest.mark.parametrize("separate", [False, True])
def test_separate_batches_are_normalised_apart(separate):
    gan = small("classic", loss="bce", critic__norm="batch", critic__separate_batches=separate)
    cohort, batch = _ready(gan)
    parts = cohort.steps.critic.split(cohort.state.critic.weights_PN)
    critic = cohort.steps.critic_fn(deepcopy(cohort.state), parts, batch, cohort.streams)
    both, alone = critic(torch.cat([batch.real, batch.real + 3], 1)), critic(batch.real)
    assert torch.allclose(both[:, :32], alone, atol=1e-5) is separate


def test_on_a_grid_the_critic_sees_values_from_minus_one_to_one_and_states_as_they_are():
    seen = []
    cohort, batch = _ready(small("classic", loss="bce", generator__grid=(2, 2)))

    class Spy:
        def __call__(self, parts, rows, mode):
            seen.append(rows)
            return torch.zeros(*rows.shape[:2], 1)

    cohort.steps.critic = Spy()
    cohort.steps.critic_fn(cohort.state, [], batch, None)(batch.real)
    space, real = cohort.steps.generator.space, cohort.members[0].data.learned_rows
    low, high = torch.cat(list(real.values())).aminmax(dim=0)
    values = [0, 6, 7]
    expected = 2 * (batch.real - low) / (high - low) - 1
    torch.testing.assert_close(seen[0][..., values], expected[..., values])
    assert torch.equal(seen[0][..., space.states_S], batch.real[..., space.states_S])


# --- what the generator minimises


def test_the_generators_loss_is_the_weighted_sum_of_its_terms():
    utility, adversarial, both = (
        _generator_step(*_ready(small("guided", loss_weights=weights)))[1]
        for weights in ({"utility": 1.0}, {"adversarial": 1.0}, {"utility": 2.0, "adversarial": 0.5})
    )
    torch.testing.assert_close(both, 2 * utility + 0.5 * adversarial)


@pytest.mark.parametrize("name", sorted(LOSSES))
def test_a_generator_step_makes_generated_rows_look_more_real(name):
    deep = {"generator__widths": (8, 8), "generator__learning_rate": 1e-4, "generator__betas": (0.0, 0.9)}
    cohort, batch = _ready(small("classic", loss=name, **deep), n_steps=3)
    after, _ = _generator_step(cohort, batch)
    outputs = [
        _outputs(cohort, cohort.state, batch, _generated(cohort, s, batch)) for s in (cohort.state, after)
    ]
    real = _outputs(cohort, cohort.state, batch, batch.real)
    before, then = (LOSSES[name].generator(real, fake) for fake in outputs)
    assert (then < before).all()


@pytest.mark.parametrize(("weights", "learns"), [({"utility": 1.0}, True), ({"adversarial": 1.0}, False)])
def test_seed_probabilities_are_learned_from_utility(weights, learns):
    """The critic looks at rows one by one and cannot tell how often their seeds should be drawn."""
    cohort, batch = _ready(small("guided", loss_weights=weights))
    after, _ = _generator_step(cohort, batch)
    generator = cohort.steps.generator
    slopes = [
        generator.split(state.generator.weights_PN)[len(generator.net.shapes) + 2]
        for state in (cohort.state, after)
    ]
    assert bool((slopes[0] != slopes[1]).any()) is learns
    if learns:  # and the loss depends on them
        weights_PN = cohort.state.generator.weights_PN.clone()
        generator.split(weights_PN)[len(generator.net.shapes) + 2][:] = 1.0
        player = replace(cohort.state.generator, weights_PN=weights_PN)
        changed = _generator_step(cohort, batch, generator=player)[1]
        assert not torch.allclose(changed, _generator_step(cohort, batch)[1], atol=1e-4)


def test_the_objective_of_utility_is_the_one_asked_for_and_else_f1():
    losses = {
        name: _generator_step(*_ready(small("guided", loss_weights={"utility": 1.0}, objective=name)))[1]
        for name in ("auto", "f1", "g_mean")
    }
    assert torch.equal(losses["auto"], losses["f1"])
    assert not torch.allclose(losses["f1"], losses["g_mean"])


def test_another_loss_may_take_the_place_of_the_gans_own():
    cohort, batch = _ready(small("classic", loss="bce"))
    mutated = Evolution().mutated(LOSSES["bce"], "minimax")
    _, loss_P = cohort.steps.generator_step(cohort.state, batch, cohort.streams, mutated)
    fake_PB = _outputs(cohort, cohort.state, batch, _generated(cohort, cohort.state, batch))
    torch.testing.assert_close(loss_P, -F.softplus(fake_PB).mean(-1))


# --- critics that reconstruct rows


def test_generated_rows_weigh_what_the_balance_says_and_the_balance_moves():
    cohort, batch = _ready(small("classic", generator__widths=(8, 3), loss="began", diversity_ratio=0.7))
    balance_P = torch.full_like(cohort.state.balance_P, 0.25)
    after, result = _critic_step(cohort, batch, balance_P=balance_P)
    expected = (0.25 * result.fake_PB - result.real_PB).mean(-1)
    torch.testing.assert_close(result.loss_P, expected)
    gap = 0.7 * -result.real_PB.mean(-1) + result.fake_PB.mean(-1)
    torch.testing.assert_close(after.balance_P, balance_P + CONTROL_RATE * gap)


@pytest.mark.parametrize("grid", [None, "square"])
@pytest.mark.parametrize("loss", sorted(name for name, game in LOSSES.items() if game.error))
def test_critics_learn_to_reconstruct_real_rows(loss, grid):
    rows = randn(200, 2) @ randn(2, 16, seed=1)  # a plane in sixteen columns, which a narrow code can hold
    data = plain_data(rows[:100], rows[100:], space_of(16))
    widths = (16, 4, 16) if grid is None else (8,)
    gan = small(
        "classic", loss=loss, generator__widths=widths, generator__grid=grid, critic__learning_rate=5e-3
    )
    cohort = cohort_of(validated(gan), data)
    batch, before = next_batch(cohort), cohort.state
    cohort.advance(60)
    errors = [-_outputs(cohort, state, batch, batch.real).mean() for state in (before, cohort.state)]
    assert errors[1] < 0.5 * errors[0]
