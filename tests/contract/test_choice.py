"""What samples: the best step, a mixture, an untrained base, a baseline, or the base in place of noise."""

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

from gan_oversampler import GAN, GANOversampler
from gan_oversampler.gans.parts import Generator
from gan_oversampler.gans.portfolio import MAX_ROWS_WITH_CRITIC, PORTFOLIO, default_portfolio
from tests.samplers import FAST, GUIDED, Scripted, quick, scripted
from tests.tables import cancer, mixed, numbers

WON = "By the oracle the baseline"


def _same_rows(*samplers, n=9):
    np.testing.assert_array_equal(*(sampler.sample(n, random_state=1) for sampler in samplers))


# --- steps


def test_the_best_step_is_kept_and_restored_bit_for_bit():
    X, y = numbers()
    sampler = scripted(1, 2, 1, 3, 0, 0, 9, max_steps=100, patience=2).fit(X, y)
    assert sampler.history_["score"].tolist() == [1, 2, 1, 3, 0, 0]
    assert sampler.report_.choice == "residual(smote) at step 6"
    _same_rows(sampler, scripted(1, 2, 1, 3, max_steps=6).fit(X, y))


def test_steps_within_a_standard_error_sample_in_equal_shares():
    X, y = numbers()
    # Steps 2 and 6 are equal, 4 is worse and 8 the last before the end.
    sampler = scripted(1, 7, 3, 7, 3, max_steps=8, patience=9).fit(X, y)
    frame = sampler.report_.to_frame()
    assert frame.loc[frame["kept"], "step"].tolist() == [2, 6]
    assert sampler.report_.choice == "residual(smote) at step 2 mixed with 1 like it"
    rows = sampler.sample(9, random_state=1)
    alone = scripted(1, 7, max_steps=2).fit(X, y).sample(5, random_state=1)
    np.testing.assert_array_equal(rows[:5], alone)
    assert rows.shape == (9, 4)


def test_max_time_stops_training_but_not_the_untrained_choice():
    X, y = numbers()
    assert quick(max_time=0).fit(X, y).history_["step"].tolist() == [0]


# --- generators that stay untrained


def test_untrained_generators_draw_exactly_what_their_base_draws():
    X, y = cancer()
    untrained = quick(max_steps=0).fit(X, y)
    trained = quick(gan=clone(FAST).set_params(generator__learning_rate=1e-30), oracle=None).fit(X, y)
    pd.testing.assert_frame_equal(untrained.sample(9, random_state=0), trained.sample(9, random_state=0))


@pytest.mark.parametrize("base", ["smote", "border"])
def test_a_gan_without_loss_terms_is_its_base_and_is_scored_once(base):
    X, y = numbers()
    bare = quick(gan=[GAN(base=base, loss_weights={}, generator=Generator(widths=(16,))), FAST]).fit(X, y)
    history = bare.history_
    assert history.loc[history["name"] == f"base({base})", "step"].tolist() == [0]
    assert history.loc[history["name"] == "residual(smote)", "step"].tolist() == [0, 2, 4]
    alone = quick(gan=GAN(base=base, loss_weights={}, generator=Generator(widths=(16,)))).fit(X, y)
    assert alone.report_.choice == f"base({base}) at step 0"
    _same_rows(alone, quick(gan=GAN(base=base, generator=Generator(widths=(16,))), max_steps=0).fit(X, y))


def test_the_smote_baseline_equals_the_untrained_smote_generator():
    X, y = cancer()
    frame = quick(gan=GAN(base="smote", generator=Generator(widths=(16,)))).fit(X, y).report_.to_frame()
    untrained = frame[frame["step"] == 0].iloc[0]
    assert frame.set_index("name").loc["smote", "score"] == untrained["score"]


def test_the_default_is_a_portfolio_of_bases_and_a_guided_generator():
    gans = default_portfolio(22)
    assert [gan.label for gan in gans] == ["guided", *(f"base({base})" for base in PORTFOLIO)]
    assert [bool(gan.active_terms) for gan in gans] == [True] + [False] * len(PORTFOLIO)
    X, y = numbers()
    sampler = quick(gan=None, max_steps=2)
    _, y_new = sampler.fit_resample(X, y)
    assert np.bincount(y_new).tolist() == [66, 66]
    assert sampler.history_["name"].tolist() == [*(gan.label for gan in gans), "guided"]


@pytest.mark.parametrize("critic", [True, False])
def test_of_many_rare_rows_the_default_learns_without_a_critic(critic):
    n_rare = MAX_ROWS_WITH_CRITIC if critic else MAX_ROWS_WITH_CRITIC + 1
    X, y = numbers(n_rare + 70, n_rare)
    sampler = GANOversampler(max_steps=2, epoch_unit=2, random_state=0).fit(X, y)
    assert [network.role for network in sampler.summary_.networks] == ["generator", "critic"][: 1 + critic]
    losses = sampler.history_.loc[sampler.history_["step"] == 2, "critic_loss"]
    assert losses.notna().tolist() == [critic]
    weights = None if critic else {"utility": 1.0, "fidelity": 0.1}
    gans = [
        GAN("guided", base=PORTFOLIO[0], loss_weights=weights, generator=Generator(widths=(32,))),
        *default_portfolio(1)[1:],
    ]
    _same_rows(sampler, GANOversampler(gan=gans, max_steps=2, epoch_unit=2, random_state=0).fit(X, y))


# --- guided generators


@pytest.mark.parametrize(
    "weights", [{"utility": 1.0}, {"adversarial": 1.0}, {"adversarial": 0.5, "utility": 1.0}], ids=str
)
def test_guided_generators_learn_by_any_loss_term(weights):
    X, y = numbers()
    sampler = quick(
        gan=GAN("guided", batch_size=32, loss_weights=weights, generator=Generator(widths=(16,)))
    ).fit(X, y)
    assert sampler.history_["step"].tolist() == [0, 2, 4]
    assert sampler.history_.loc[1:, "generator_loss"].notna().all()
    assert np.isfinite(sampler.history_["score"]).all()
    assert np.isfinite(sampler.sample(20)).all()


def test_guided_generators_train_without_an_oracle():
    X, y = mixed()
    sampler = quick(gan=GUIDED, oracle=None, max_steps=6)
    X_new, _ = sampler.fit_resample(X, y)
    assert sampler.report_.choice == "guided at step 6"
    assert len(X_new) == 210
    untrained, _ = quick(gan=GUIDED, oracle=None, max_steps=0).fit_resample(X, y)
    assert not X_new.equals(untrained)


def test_fitting_does_not_aim_the_users_own_gan():
    X, y = numbers()
    sampler = quick(gan=GUIDED, oracle="g_mean", max_steps=0).fit(X, y)
    assert sampler.gan is GUIDED
    assert GUIDED.objective == "auto"


# --- a baseline that is better than the kept GAN


def test_a_better_baseline_is_warned_of_once_and_noted():
    X, y = numbers()
    sampler = scripted(9, 5, baselines=("smote",), max_steps=0)
    with pytest.warns(UserWarning, match=WON) as caught:
        sampler.fit(X, y)
    assert len(caught) == 1
    assert sampler.report_.notes == (str(caught[0].message),)
    assert "'smote' scores higher than the kept GAN: gain -4.0000 ± 0.0000" in sampler.report_.notes[0]
    assert sampler.report_.gains["smote"].mean == -4
    assert sampler.report_.choice == "residual(smote) at step 0"
    assert sampler.fallback_ is None


@pytest.mark.parametrize(
    ("name", "base"), [("smote", "smote"), ("random", "bootstrap"), ("border", "border")]
)
def test_a_better_baseline_may_sample_exactly_what_it_is(name, base):
    X, y = numbers()
    sampler = scripted(6, 9, 5, 5, 5, baselines=("translation", name), fallback="baseline")
    with pytest.warns(UserWarning, match=f"{WON} '{name}'") as caught:
        X_new, y_new = sampler.fit_resample(X, y)
    assert len(caught) == 1
    assert sampler.fallback_ == name
    assert sampler.report_.choice == f"baseline {name}"
    assert f"Rows come from the baseline '{name}'" in sampler.report_.notes[-1]
    assert np.bincount(y_new).tolist() == [66, 66]
    expected, _ = quick(gan=GAN(base=base, loss_weights={}), oracle=None).fit_resample(X, y)
    np.testing.assert_array_equal(X_new, expected)


def test_a_baseline_samples_mixed_columns_and_three_classes():
    X, y = mixed()
    sampler = scripted(9, 5, baselines=("smote",), max_steps=0, fallback="baseline")
    with pytest.warns(UserWarning, match=WON):
        X_new, y_new = sampler.fit_resample(X, y)
    assert y_new.value_counts().to_dict() == {"common": 70, "rare": 70, "rarest": 70}
    expected, _ = quick(gan=GAN(base="smote", loss_weights={}), oracle=None).fit_resample(X, y)
    pd.testing.assert_frame_equal(X_new, expected, check_exact=True)


def test_a_better_baseline_may_be_an_error_that_says_what_to_do():
    X, y = numbers()
    sampler = scripted(9, 5, baselines=("smote",), max_steps=0, fallback="error")
    with pytest.raises(
        RuntimeError, match=rf"{WON} 'smote' scores higher .*-4\.0000.*Give other GANs.*fallback"
    ):
        sampler.fit(X, y)
    assert not hasattr(sampler, "report_")


@pytest.mark.parametrize("fallback", ["warn", "baseline", "error"])
@pytest.mark.parametrize("baseline", [5, 4])
def test_where_no_baseline_is_better_there_is_no_warning(fallback, baseline):
    X, y = numbers()
    sampler = scripted(baseline, 3, 5, baselines=("smote",), max_steps=2, fallback=fallback)
    with warnings.catch_warnings(action="error"):
        sampler.fit(X, y)
    assert sampler.fallback_ is None
    assert not sampler.report_.notes
    assert sampler.report_.choice == "residual(smote) at step 2"


def test_a_lead_within_a_standard_error_is_no_reason_to_fall_back():
    X, y = numbers()
    sampler = scripted(baselines=("smote",), max_steps=0, fallback="error")
    Scripted.script = [5, 7, 5, 5]  # a lead of (0, 2): mean 1, standard error 1
    assert sampler.fit(X, y).fallback_ is None


def test_gains_over_all_baselines_are_reported():
    X, y = numbers()
    sampler = scripted(1, 2, 3, 4, baselines=("none", "random", "smote"), max_steps=0).fit(X, y)
    gains = {name: gain.mean for name, gain in sampler.report_.gains.items()}
    assert gains == {"none": 3, "random": 2, "smote": 1}
    assert "Gain in score over random: +2.0000 ± 0.0000" in str(sampler.report_)


# --- noise


def test_noise_before_training_is_scored_but_never_kept():
    X, y = numbers()
    sampler = quick(gan=GAN("classic"), max_steps=20, epoch_unit=10).fit(X, y)
    assert sampler.history_["step"].min() == 0
    assert "step 0" not in sampler.report_.choice


@pytest.mark.parametrize("oracle", ["downstream", None])
def test_where_only_noise_is_left_the_base_samples(oracle):
    X, y = numbers()
    sampler = quick(gan=GAN("classic"), oracle=oracle, max_steps=0)
    with pytest.warns(UserWarning, match="rows come from its base 'smote'"):
        sampler.fit(X, y)
    assert sampler.report_.choice == "base smote, untrained"
    assert "rows come from its base" in sampler.report_.notes[-1]
    assert not any(entry.kept for entry in sampler.report_.entries)
    _same_rows(sampler, quick(gan=GAN(loss_weights={}), oracle=None).fit(X, y))


def test_without_an_oracle_training_goes_on_after_collapse(monkeypatch):
    monkeypatch.setattr("gan_oversampler.gans.controllers.LEAST_SPREAD", 1e9)  # all new rows count as alike
    gan = GAN("classic", controllers=("collapse",), batch_size=32, generator=Generator(widths=(8,)))
    sampler = quick(gan=gan, oracle=None, max_steps=40, epoch_unit=5)
    with pytest.warns(UserWarning, match="No trained generator of 'classic' could be kept"):
        sampler.fit(*numbers())
    assert sampler.history_["step"].max() == 40
