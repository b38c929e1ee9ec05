"""Plans: what users ask for, checked; clocks and devices."""

import math
import pickle
from dataclasses import FrozenInstanceError

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import f1_score, make_scorer

from gan_oversampler import (
    GAN,
    DownstreamOracle,
    EnergyOracle,
    FrechetOracle,
    GANOversampler,
    Policy,
    Rejection,
    preset,
)
from gan_oversampler.encoding.labels import Target
from gan_oversampler.gans.parts import Cell, Generator
from gan_oversampler.gans.portfolio import (
    MAX_ROWS_WITH_CRITIC,
    PORTFOLIO_STEPS,
    PORTFOLIO_UNIT,
    default_portfolio,
)
from gan_oversampler.gans.presets import PRESETS
from gan_oversampler.plan import (
    EPOCH_UNIT,
    MAX_STEPS,
    Clock,
    Services,
    device_of,
    gans_of,
    oracles_of,
    plan_of,
)
from gan_oversampler.training.data import MIN_ROWS
from gan_oversampler.training.loop import Budget
from tests.clocks import FakeTime
from tests.fits import STREAMS

TARGET = Target.of(np.repeat(["common", "rare"], [66, 24]))


def _plan(choose_ratio=False, target=TARGET, n_new=None, **parameters):
    n_new = {1: 42} if n_new is None else n_new
    return plan_of(GANOversampler(**parameters), target, n_new, choose_ratio=choose_ratio)


# --- plans


@pytest.mark.parametrize(
    ("oracle", "fidelity", "weight"),
    [
        ("downstream", None, 0.1),
        ("average_precision", None, 0.1),
        ("g_mean", None, 1.0),
        ("energy", None, 1.0),
        (None, None, 0.1),
        ("energy", 0.3, 0.3),
        ("downstream", 0, 0.0),
    ],
)
def test_fidelity_is_that_of_the_user_or_what_suits_the_first_oracle(oracle, fidelity, weight):
    plan = _plan(oracle=oracle, fidelity=fidelity)
    assert plan.gans[0].active_terms.get("fidelity", 0.0) == weight


def test_fidelity_shapes_no_gan_that_a_user_gave():
    with pytest.raises(ValueError, match="shapes the default GAN"):
        _plan(gan="wgan", fidelity=0.5)


def test_a_plan_of_the_defaults():
    plan = _plan()
    assert [repr(gan) for gan in plan.gans[1:]] == [repr(gan) for gan in default_portfolio(24)[1:]]
    assert plan.gans[0].label == "guided"
    assert list(plan.oracles) == ["downstream"]
    assert plan.cv == 3
    assert plan.budget == Budget(PORTFOLIO_UNIT, 2, PORTFOLIO_STEPS, math.inf, 0.0)
    assert plan.baselines == ("none", "class_weight", "random", "smote")
    assert plan.fallback == "warn"
    assert (plan.choose_ratio, plan.rejection, plan.policy, plan.keep_candidates) == (
        False,
        None,
        None,
        False,
    )


@pytest.mark.parametrize(
    ("parameters", "unit", "steps"),
    [
        ({}, PORTFOLIO_UNIT, PORTFOLIO_STEPS),
        ({"gan": GAN()}, EPOCH_UNIT, MAX_STEPS),
        ({"max_steps": 0}, PORTFOLIO_UNIT, 0),
        ({"gan": GAN("guided"), "epoch_unit": 7}, 7, MAX_STEPS),
    ],
)
def test_steps_are_those_that_the_gans_are_made_for_unless_a_user_names_them(parameters, unit, steps):
    budget = _plan(**parameters).budget
    assert (budget.epoch_unit, budget.max_steps) == (unit, steps)


def test_every_parameter_arrives_in_the_plan():
    folds = [(np.arange(60), np.arange(60, 90))]
    plan = _plan(
        choose_ratio=True,
        gan=["wgan", GAN(base="star")],
        oracle=["energy", "f1"],
        cv=folds,
        epoch_unit=7,
        patience=3,
        max_steps=70,
        max_time=9.5,
        growth=0.5,
        baselines=["border"],
        fallback="error",
        rejection="drs",
        policy="oracle",
        keep_candidates=True,
    )
    assert [gan.label for gan in plan.gans] == ["classic", "residual(star)"]
    assert [repr(oracle) for oracle in plan.oracles.values()] == ["EnergyOracle()", "DownstreamOracle()"]
    assert plan.cv is folds
    assert plan.budget == Budget(7, 3, 70, 9.5, 0.5)
    assert plan.baselines == ("border",)
    assert plan.fallback == "error"
    assert plan.rejection.method == "drs"
    assert plan.policy == "oracle"
    assert plan.choose_ratio
    assert plan.keep_candidates


def test_nothing_of_a_plan_belongs_to_the_user():
    gan, oracle, rejection, policy = GAN(), DownstreamOracle(), Rejection(), Policy()
    plan = _plan(gan=gan, oracle=oracle, rejection=rejection, policy=policy)
    for part, given in (
        (plan.gans[0], gan),
        (plan.oracles[repr(oracle)], oracle),
        (plan.rejection, rejection),
        (plan.policy, policy),
    ):
        assert part is not given
        assert repr(part) == repr(given)


def test_a_plan_cannot_be_changed():
    plan = _plan()
    with pytest.raises(FrozenInstanceError):
        plan.fallback = "error"
    assert isinstance(plan.gans, tuple)


def test_a_plan_can_be_stored():
    plan = _plan(oracle=["energy", "f1"], rejection=True, policy="oracle")
    assert repr(pickle.loads(pickle.dumps(plan))) == repr(plan)


@pytest.mark.parametrize("n_rows", [MAX_ROWS_WITH_CRITIC, MAX_ROWS_WITH_CRITIC + 1])
@pytest.mark.parametrize("n_tiny", [MIN_ROWS - 1, 2])
def test_whether_a_critic_helps_is_asked_of_the_rarest_class_that_is_learned(n_rows, n_tiny):
    target = Target.of(np.repeat(["a", "b", "c"], [200, n_rows, n_tiny]))
    plan = _plan(target=target, n_new={1: 9, 2: 9})
    has_critic = "adversarial" in plan.gans[0].active_terms
    assert has_critic == (n_rows <= MAX_ROWS_WITH_CRITIC)


def test_classes_that_get_no_rows_have_no_say_in_the_default():
    target = Target.of(np.repeat(["a", "b", "c"], [200, MAX_ROWS_WITH_CRITIC + 1, MAX_ROWS_WITH_CRITIC]))
    assert "adversarial" not in _plan(target=target, n_new={1: 9}).gans[0].active_terms
    assert "adversarial" in _plan(target=target, n_new={1: 9, 2: 9}).gans[0].active_terms


@pytest.mark.parametrize(
    ("oracle", "objective"),
    [
        ("f1", "f1"),
        ("g_mean", "g_mean"),
        (["neg_log_loss", "g_mean"], "log_loss"),
        ("average_precision", "f1"),
        ("energy", "f1"),
        (None, "auto"),
    ],
)
def test_guided_gans_are_trained_for_what_the_first_oracle_scores(oracle, objective):
    given = [GAN("guided"), GAN("guided", objective="average_precision"), GAN()]
    plan = _plan(gan=given, oracle=oracle)
    assert [gan.objective for gan in plan.gans] == [objective, "average_precision", "auto"]
    assert [gan.objective for gan in given] == ["auto", "average_precision", "auto"]


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"baselines": ("smot",)}, "Unknown baseline 'smot'. Did you mean 'smote'"),
        ({"policy": "oracle", "oracle": None}, "policy='oracle' needs an oracle. Give one, or a Policy"),
        (
            {"choose_ratio": True, "oracle": None},
            "sampling_strategy='oracle' needs an oracle. Give one, or a ratio",
        ),
        ({"policy": "best"}, "'policy' must be a Policy, 'oracle' or None"),
        ({"rejection": "obr"}, "Unknown rejection 'obr'"),
    ],
    ids=str,
)
def test_plans_that_make_no_sense_are_refused(parameters, message):
    with pytest.raises(ValueError, match=message):
        _plan(**parameters)


@pytest.mark.parametrize("baseline", ["none", "class_weight", "threshold", "random", "smote", "translation"])
def test_a_baseline_is_nothing_copies_or_any_base(baseline):
    assert _plan(baselines=[baseline]).baselines == (baseline,)


# --- GANs


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_a_name_is_a_gan_of_the_literature(name):
    assert [repr(gan) for gan in gans_of(name, 9)] == [repr(preset(name))]


def test_lists_may_mix_names_and_gans():
    assert [gan.label for gan in gans_of(("wgan-gp", GAN(base="star")), 9)] == ["classic", "residual(star)"]


@pytest.mark.parametrize("given", [[], (), [FileNotFoundError], 3, [GAN(), 3]], ids=str)
def test_what_is_no_gan_is_refused(given):
    with pytest.raises(ValueError, match="'gan' must be a GAN, the name of a preset or a non-empty list"):
        gans_of(given, 9)


@pytest.mark.parametrize(
    ("given", "message"),
    [("wgn", "Unknown preset 'wgn'"), (GAN(loss="hing"), "Unknown loss 'hing'")],
    ids=str,
)
def test_gans_are_checked(given, message):
    with pytest.raises(ValueError, match=message):
        gans_of([GAN(), given], 9)


# --- oracles


def _closeness(real, synthetic):
    return 0.0


def test_oracles_are_named_as_users_wrote_them_in_their_order():
    scorer = make_scorer(f1_score)
    given = ["f1", _closeness, EnergyOracle(), DownstreamOracle(LogisticRegression()), scorer]
    found = oracles_of(given, 2)
    assert list(found) == [
        "f1",
        "_closeness",
        "EnergyOracle()",
        "DownstreamOracle(estimator=LogisticRegression())",
        repr(scorer),
    ]
    assert found["EnergyOracle()"] is not given[2]


def test_names_that_are_taken_get_a_number():
    spread, middle = (lambda real, new: 0.0), (lambda real, new: 1.0)
    assert list(oracles_of([spread, middle], 2)) == ["<lambda>", "<lambda> 2"]


def test_none_is_no_oracle():
    assert oracles_of(None, 2) == {}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([], "must not be an empty list"),
        ([None], "a scorer or a function"),
        (["f1", "f1"], "The oracles of a list must differ"),
        (["f1", DownstreamOracle()], "The oracles of a list must differ"),
        (["f1", "energie"], "Did you mean 'energy'"),
        ("downstrem", "Unknown oracle 'downstrem'.*Did you mean 'downstream'"),
        (FrechetOracle, r"write FrechetOracle\(\)"),
        (DownstreamOracle(Ridge()), "'estimator' must be a classifier. Got Ridge"),
        (DownstreamOracle(max_rows=0), "'max_rows' parameter of DownstreamOracle must be an int"),
        (DownstreamOracle(scoring="f1_macr"), "Unknown scorer 'f1_macr'. Did you mean 'f1_macro'"),
    ],
    ids=str,
)
def test_oracles_that_make_no_sense_are_refused(given, message):
    with pytest.raises(ValueError, match=message):
        oracles_of(given, 2)


# --- devices


@pytest.mark.parametrize(
    ("gan", "is_large"),
    [
        (GAN(generator=Generator(widths=(255, 8))), False),
        (GAN(generator=Generator(widths=(8, 256))), True),
        (GAN(generator=Generator(widths=())), False),
        (GAN(generator=Generator(cells=(Cell(width=255), Cell(width=8)))), False),
        (GAN(generator=Generator(cells=(Cell(width=8), Cell(width=256)))), True),
        (GAN(generator=Generator(widths=(8,), grid=(2, 2))), True),
    ],
    ids=str,
)
@pytest.mark.parametrize("has_gpu", [True, False])
def test_only_large_networks_and_grids_take_a_gpu_of_their_own_accord(gan, is_large, has_gpu, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: has_gpu)
    expected = "cuda" if is_large and has_gpu else "cpu"
    assert device_of("auto", [GAN(generator=Generator(widths=(8,))), gan]).type == expected


def test_a_device_that_is_named_is_taken():
    assert device_of("cpu", [GAN(generator=Generator(widths=(512,)))]) == torch.device("cpu")


@pytest.mark.parametrize("name", ["gpu3", "cuda:99", ""])
def test_a_device_that_is_not_there_is_refused(name):
    with pytest.raises(ValueError, match=f"Device '{name}' cannot be used here"):
        device_of(name, [GAN()])


# --- clocks


def test_seconds_of_an_inner_phase_do_not_count_for_the_outer_one():
    time = FakeTime()
    clock = Clock(time)
    time.passes(1)
    with clock.phase("training"):
        time.passes(2)
        for _ in range(2):
            with clock.phase("oracle"):
                time.passes(4)
                with clock.phase("innermost"):
                    time.passes(16)
            time.passes(8)
    time.passes(32)
    assert clock.by_phase == {"training": 18, "oracle": 8, "innermost": 32}
    assert clock.seconds == 91


def test_a_phase_that_is_entered_again_goes_on():
    time = FakeTime()
    clock = Clock(time)
    for _ in range(3):
        with clock.phase("policy"):
            time.passes(2)
        time.passes(5)
    assert clock.by_phase == {"policy": 6}


def test_a_clock_goes_on_from_the_seconds_of_another():
    time = FakeTime()
    clock = Clock(time)
    with clock.phase("policy"):
        time.passes(2)
    clock.goes_on_from(30.0, {"training": 20.0, "policy": 5.0})
    time.passes(1)
    assert clock.seconds == 33
    assert clock.by_phase == {"policy": 7, "training": 20}


def test_phases_come_in_the_order_in_which_they_were_entered():
    clock = Clock(FakeTime())
    with clock.phase("training"), clock.phase("oracle"):
        pass
    with clock.phase("choice"):
        pass
    assert list(clock.by_phase) == ["training", "oracle", "choice"]
    assert clock.by_phase == {"training": 0, "oracle": 0, "choice": 0}


def test_a_phase_that_fails_is_closed():
    time = FakeTime()
    clock = Clock(time)
    with pytest.raises(KeyError, match="no such thing"), clock.phase("training"):
        _fail_after(time, 2)
    time.passes(7)
    with clock.phase("choice"):
        time.passes(1)
    assert clock.by_phase == {"training": 2, "choice": 1}


def _fail_after(time, seconds):
    time.passes(seconds)
    raise KeyError("no such thing")


def test_seconds_that_were_read_do_not_change():
    time = FakeTime()
    clock = Clock(time)
    with clock.phase("training"):
        time.passes(1)
    before = clock.by_phase
    with clock.phase("training"):
        time.passes(1)
    before["evidence"] = 5.0
    assert before["training"] == 1
    assert clock.by_phase == {"training": 2}


def test_services_begin_with_a_clock_and_an_observer_of_their_own_and_say_nothing(capsys):
    first, second = (Services(STREAMS, torch.device("cpu")) for _ in range(2))
    assert first.clock is not second.clock
    assert first.observer is not second.observer
    assert capsys.readouterr() == ("", "")
