"""Games whose critic is an autoencoder, and normalised critics: closed forms, control, what they learn."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from gan_oversampler import GAN
from gan_oversampler._utils import Streams
from gan_oversampler.encoding.layout import Block, Layout
from gan_oversampler.encoding.row_space import RowSpace
from gan_oversampler.gans.losses import (
    CONTROL_RATE,
    LOSSES,
    MARGIN,
    PULLING_AWAY,
    proportional_control,
    pulling_away,
)
from gan_oversampler.gans.objectives import adversarial
from gan_oversampler.nn.mlp import Mlp
from gan_oversampler.sampling.fold_data import FoldData
from gan_oversampler.training.cohort import Cohort
from gan_oversampler.training.members import Member
from gan_oversampler.training.population import CrossFittedPopulation
from tests.populations import CPU, OTHERS, differences, numbers_of, pool_of
from tests.test_losses import _draft, _randn

REBUILDING = sorted(name for name, game in LOSSES.items() if game.error)
ERRORS = st.floats(0, 100)


def _cohort(pool=None, **changes):
    gan = GAN(**{"family": "classic", "widths": (16, 4, 16), "batch_size": 32, **changes}).validate()
    return Cohort([Member(0, None, gan, pool or pool_of(), Streams(0))], CPU)


# --- closed forms


def test_errors_of_a_row_are_means_over_its_columns():
    difference = torch.tensor([[[3.0, -1.0, 0.0, 0.0]]])
    assert LOSSES["ebgan"].error(difference).item() == 10 / 4
    assert LOSSES["began"].error(difference).item() == 4 / 4


def test_the_ebgan_critic_lets_go_of_new_rows_beyond_the_margin():
    real_error, fake_error = torch.tensor([[0.25, 0.75]]), torch.tensor([[0.0, 3 * MARGIN]])
    loss = LOSSES["ebgan"]
    assert loss.critic(-real_error, -fake_error).item() == pytest.approx(0.5 + (MARGIN + 0) / 2)
    assert loss.generator(-real_error, -fake_error).item() == pytest.approx(1.5 * MARGIN)


def test_the_began_critic_weighs_new_rows_by_its_balance():
    cohort, real, fake = _cohort(loss="began"), -torch.ones(2, 32), -4 * torch.ones(2, 32)
    cohort.state.balance_P.copy_(torch.tensor([0.0, 0.25]))
    losses = cohort.loss.critic(real, cohort._weighed(real, fake))
    torch.testing.assert_close(losses, torch.tensor([1.0, 1.0 - 0.25 * 4.0]))
    # gamma L(x) - L(G(z)) = 0.5 - 4
    expected = torch.tensor([0.0, 0.25 - CONTROL_RATE * 3.5])
    torch.testing.assert_close(cohort.state.balance_P, expected)


@given(st.floats(0, 1), ERRORS, ERRORS, st.floats(0, 1))
def test_the_balance_stays_a_share_and_moves_toward_its_set_point(balance, real, fake, ratio):
    before, *errors = (torch.tensor([value], dtype=torch.float64) for value in (balance, real, fake))
    after, gap = proportional_control(before, *errors, ratio), ratio * real - fake
    assert 0 <= after <= 1
    assert (after - before) * gap >= 0
    if abs(gap) > 1e-6 and 0 < balance + CONTROL_RATE * gap < 1:
        assert after.item() == pytest.approx(balance + CONTROL_RATE * gap)


def test_the_diversity_ratio_steers_the_critic():
    """Where new rows have weight; at first they have none."""
    cohorts = [_cohort(loss="began", diversity_ratio=ratio) for ratio in (0.3, 0.7)]
    for cohort in cohorts:
        cohort.state.balance_P.fill_(0.5)
        cohort.advance(2)
    assert cohorts[0].state.balance_P[0] < cohorts[1].state.balance_P[0]
    assert not torch.equal(*(cohort.state.critic_PN for cohort in cohorts))


def test_control_drives_the_ratio_of_errors_to_the_one_asked():
    # A player whose new rows err more, the more weight the critic gives them.
    balance, real = torch.zeros(1), torch.ones(1)
    for _ in range(2000):
        fake = 0.2 + balance
        balance = proportional_control(balance, real, fake, 0.7)
    torch.testing.assert_close(0.2 + balance, torch.full((1,), 0.7), atol=1e-3, rtol=0)


def test_codes_in_one_direction_pull_fully_and_orthogonal_ones_not_at_all():
    direction, lengths = _randn(1, 1, 5), torch.tensor([1.0, 2.0, -0.5, 3.0])
    codes = torch.stack([direction[0] * lengths[:, None], torch.eye(4, 5)])
    torch.testing.assert_close(pulling_away(codes), torch.tensor([1.0, 0.0]))


def test_the_pulling_away_term_is_the_mean_squared_cosine_of_pairs():
    codes = _randn(3, 6, 4)
    for p in range(3):
        pairs = [
            torch.cosine_similarity(codes[p, i], codes[p, j], dim=0) ** 2
            for i in range(6)
            for j in range(6)
            if i != j
        ]
        torch.testing.assert_close(pulling_away(codes)[p], torch.stack(pairs).mean())


def test_descending_the_pulling_away_term_turns_codes_apart():
    codes = (torch.ones(1, 8, 3) + 0.1 * _randn(1, 8, 3)).requires_grad_()
    before = pulling_away(codes)
    (gradient,) = torch.autograd.grad(before.sum(), codes)
    assert pulling_away(codes - gradient) < before


def test_the_adversarial_force_of_ebgan_holds_codes_apart():
    fake, w = _randn(3, 8, 2), _randn(3, 2, seed=1)
    draft = _draft(fake, w, "ebgan")
    bare = adversarial(draft)
    object.__setattr__(draft, "code", lambda rows: rows[..., :1] + 5)
    torch.testing.assert_close(adversarial(draft), bare + PULLING_AWAY)


# --- what they learn


@pytest.mark.parametrize("grid", [None, "square"])
@pytest.mark.parametrize("loss", REBUILDING)
def test_critics_learn_to_reconstruct_real_rows(loss, grid):
    rows = _randn(200, 2) @ _randn(2, 16, seed=1)  # a plane in sixteen columns, which a narrow code can hold
    space = _space(16)
    pool = FoldData.of(rows.numpy(), np.repeat([0, 1], 100), space, learned=[1], drawn=[1])
    widths = {"widths": (16, 4, 16)} if grid is None else {"widths": (8,), "grid": grid}
    cohort = _cohort(pool, loss=loss, critic_learning_rate=5e-3, **widths)
    batch = cohort._next_batch()
    parts = cohort.critic.split(cohort.state.critic_PN)
    before = cohort._critic(parts, batch)(batch.real).mean()
    cohort.advance(60)
    assert cohort._critic(parts, batch)(batch.real).mean() > 0.5 * before  # outputs are minus errors


def _space(n):
    return RowSpace(Layout(tuple(Block(i, i, 0, ()) for i in range(n))))


@pytest.mark.parametrize("grid", [None, (2, 2)])
@pytest.mark.parametrize("loss", sorted(LOSSES))
def test_a_generator_step_makes_new_rows_look_more_real(loss, grid):
    cohort = _cohort(loss=loss, grid=grid, learning_rate=1e-4, widths=(8, 8), betas=(0.0, 0.9))
    cohort.advance(3)
    batch = cohort._next_batch()
    critic = cohort._critic(cohort.critic.split(cohort.state.critic_PN), batch)

    def verdict():
        fake = cohort._generate(cohort.generator.split(cohort.state.generator_PN), batch)
        return cohort.loss.generator(critic(batch.real), critic(fake))[0].item()

    before = verdict()
    cohort._generator_step(batch)
    assert verdict() < before


def test_the_code_is_the_narrowest_layer():
    mlp = Mlp(3, 2, 3, widths=(8, 4, 4, 8))
    parts = mlp.split(mlp.init(torch.Generator().manual_seed(0))[None])
    x, label = _randn(1, 6, 3), torch.ones(1, 6, 2)
    code = mlp.code(parts, x, label)
    assert code.shape == (1, 6, 4)
    last = torch.nn.functional.leaky_relu(code @ parts[6] + parts[7], mlp.slope)
    torch.testing.assert_close(last @ parts[8] + parts[9], mlp(parts, x, label))


# --- what means nothing for them


@pytest.mark.parametrize("loss", REBUILDING)
@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"label_noise": 0.1}, "no labels. Set label_noise=0"),
        ({"label_smoothing": 0.1}, "no labels. Set label_smoothing=0"),
        ({"penalty": "gradient"}, "flat where it reconstructs well. Set penalty='none'"),
        ({"critic_widths": ()}, "needs a hidden layer"),
    ],
    ids=str,
)
def test_settings_without_a_meaning_are_refused(loss, change, told):
    with pytest.raises(ValueError, match=told):
        GAN(loss=loss, **change).validate()


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"critic_norm": "batch"}, "penalty 'r1_r2' .* critic_norm='layer'"),
        ({"critic_norm": "batch", "loss": "wgan_gp"}, "penalty 'gradient' .* critic_norm='layer'"),
        ({"separate_batches": True}, "makes no difference .* Got critic_norm='none'"),
        ({"diversity_ratio": 1.5}, "diversity_ratio"),
    ],
    ids=str,
)
def test_normalisation_that_cannot_work_is_refused(changes, told):
    with pytest.raises(ValueError, match=told):
        GAN(**changes).validate()


# --- normalised critics


def test_rows_of_a_layer_normalised_critic_do_not_see_each_other():
    mlp = Mlp(3, 2, 1, widths=(8, 5), layer_norm=True)
    parts = mlp.split(_randn(2, mlp.n_parameters, seed=3))
    x, label = _randn(2, 6, 3), torch.ones(2, 6, 2)
    torch.testing.assert_close(mlp(parts, x, label)[:, 2:3], mlp(parts, x[:, 2:3], label[:, 2:3]))


def test_layer_normalised_units_of_a_row_have_mean_zero_and_variance_one():
    mlp = Mlp(3, 2, 8, widths=(8,), layer_norm=True)
    parts = mlp.split(mlp.init(torch.Generator().manual_seed(0))[None])
    parts[2].copy_(torch.eye(8))
    h = mlp(parts, 10 * _randn(1, 6, 3), torch.ones(1, 6, 2))
    torch.testing.assert_close(h.mean(-1), torch.zeros(1, 6), atol=1e-5, rtol=0)
    torch.testing.assert_close(h.var(-1, unbiased=False), torch.ones(1, 6), atol=1e-2, rtol=0)


def test_separate_batches_are_normalised_apart():
    joint, apart = (
        _cohort(loss="bce", critic_norm="batch", separate_batches=separate) for separate in (False, True)
    )
    batch = joint._next_batch()
    fake = batch.real + 3
    outputs = []
    for cohort in (joint, apart):
        critic = cohort._critic(cohort.critic.split(cohort.state.critic_PN), batch)
        outputs.append((critic(torch.cat([batch.real, fake], 1)), critic(batch.real)))
    (both, _), (halves, alone) = outputs
    torch.testing.assert_close(halves[:, :32], alone)
    assert (both[:, :32] - alone).abs().max() > 1e-3


def test_a_batch_normalised_critic_keeps_running_statistics():
    cohort = _cohort(loss="bce", critic_norm="batch")
    before = cohort.state.critic_statistics_PS.clone()
    cohort.advance(1)
    assert before.shape[1] == 2 * (16 + 4 + 16)
    assert not torch.equal(before, cohort.state.critic_statistics_PS)


@pytest.mark.parametrize(
    "changes",
    [{"loss": "ebgan"}, {"loss": "began", "diversity_ratio": 1.0}, {"loss": "bce", "critic_norm": "layer"}],
    ids=str,
)
@pytest.mark.parametrize("n_columns", [1, 3, 7])
def test_members_do_not_mix_however_many_columns_there_are(n_columns, changes):
    rows = _randn(60, n_columns).numpy()
    pool = FoldData.of(rows, np.repeat([0, 1], 30), _space(n_columns), learned=[1], drawn=[1])
    gans = [GAN(base=base, widths=(8, 3), batch_size=32, **changes) for base in OTHERS[:4]]
    alone, among = (
        CrossFittedPopulation(some, {"targets": {None: pool}}, Streams(0), CPU) for some in (gans[1:2], gans)
    )
    alone.advance(8)
    among.advance(8)
    assert not differences(numbers_of(alone, 0), numbers_of(among, 1))
