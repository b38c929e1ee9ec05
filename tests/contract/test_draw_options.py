"""Draw options that the oracle chooses among: generators, policy and ratio together."""

import numpy as np
import pandas as pd
import pytest

from gan_oversampler import GAN, GANOversampler, Policy
from gan_oversampler.gans.parts import Generator
from gan_oversampler.sampling.policy import POLICIES
from gan_oversampler.selection.draw_options import N_CHOICES, RATIOS
from tests.samplers import UNTRAINED, few_rows, few_values, many_rows, quick
from tests.tables import mixed, numbers

BASES = ("smote", "star", "border", "local_gaussian")
CHEAP = {"gan": [GAN(base=base, loss_weights={}) for base in BASES], "random_state": 0}
COPIES = Policy(spread=0.0)
TABLE = numbers(110, 10)


# --- generators, policy and ratio


def test_the_best_gans_are_tried_with_every_policy_and_ratio():
    sampler = GANOversampler("oracle", policy="oracle", **CHEAP).fit(*TABLE)
    tried = sampler.report_.draw_options
    assert len(tried) == N_CHOICES * len(POLICIES) * len(RATIOS) + 1  # no new rows are tried once
    assert tried["name"].nunique() == N_CHOICES
    assert set(tried["ratio"]) == {0.0, *RATIOS}
    assert tried["kept"].sum() == 1
    scores = sampler.history_.set_index("name")["score"]
    first, *others = (name.removesuffix(" at step 0") for name in tried["name"].unique())
    assert first == "base(smote)"  # kept without a choice, because no other is significantly better
    assert scores[others].min() > scores.drop([first, *others]).max()
    assert f"Of {len(tried)} ways to draw" in sampler.report_.notes[0]
    (kept,) = tried[tried["kept"]].itertuples()
    assert sampler.sampling_strategy_ == {1: int(kept.ratio * 100) - 10}


def test_draw_options_as_rows_come_have_the_scores_of_their_candidates():
    sampler = GANOversampler(policy="oracle", **CHEAP).fit(*TABLE)
    tried = sampler.report_.draw_options
    plain = tried[(tried["spread"] == 1) & (tried["border"] == 0) & (tried["filter"] == 0)]
    assert len(plain) == N_CHOICES
    scores = sampler.history_.set_index("name")[["score", "standard_error"]]
    for line in plain.itertuples():
        expected = scores.loc[line.name.removesuffix(" at step 0")]
        assert [line.score, line.standard_error] == pytest.approx(expected.tolist(), abs=1e-12)


@pytest.fixture
def copying(monkeypatch):
    """A fit whose oracle likes copies, and may choose them."""
    monkeypatch.setattr("gan_oversampler.selection.draw_options.POLICIES", (Policy(), COPIES))

    def fit(**changes):
        options = {"policy": "oracle", "oracle": few_values, "baselines": ("smote",), **CHEAP, **changes}
        return GANOversampler(**options).fit(*TABLE)

    return fit


def test_what_the_oracle_chose_is_what_draws_and_what_gains_are_of(copying):
    sampler = copying()
    report = sampler.report_
    (kept,) = report.draw_options[report.draw_options["kept"]].itertuples()
    assert (report.choice, kept.spread) == (kept.name, 0.0)
    assert any(note.startswith(f"Rows are drawn under {COPIES}. By the oracle") for note in report.notes)
    smote = report.to_frame().set_index("name").loc["smote", "score"]
    assert report.gains["smote"].mean == pytest.approx(kept.score - smote)
    base = kept.name.removesuffix(" at step 0").removeprefix("base(").removesuffix(")")
    fixed = copying(policy=COPIES, gan=GAN(base=base, loss_weights={}))
    np.testing.assert_array_equal(*(each.sample(9, random_state=1) for each in (sampler, fixed)))
    assert fixed.report_.gains["smote"].mean == pytest.approx(kept.score - smote)  # of rows under the policy
    assert fixed.report_.draw_options is None  # there was nothing to choose


def test_a_baseline_that_draws_instead_leaves_no_draw_options_kept(copying):
    with pytest.warns(UserWarning, match="fallback='baseline'.* It fills classes up"):
        sampler = copying(baselines=("random",), policy=None, sampling_strategy="oracle", fallback="baseline")
    assert sampler.fallback_ == "random"
    assert not sampler.report_.draw_options["kept"].any()
    assert sampler.sampling_strategy_ == {1: 90}


def test_draw_options_are_chosen_before_rows_are_rejected_and_applied_after(copying):
    notes = copying(rejection=True, sampling_strategy="oracle").report_.notes
    chosen, rejected, drawn = (
        next(i for i, note in enumerate(notes) if start in note)
        for start in ("ways to draw", "with rejection", "Rows are drawn under")
    )
    assert chosen < rejected < drawn


def test_only_what_could_be_chosen_is_reported():
    notes = {
        name: GANOversampler(strategy, policy=policy, oracle="energy", **CHEAP).fit(*TABLE).report_.notes[0]
        for name, strategy, policy in (("ratio", "oracle", COPIES), ("policy", 0.5, "oracle"))
    }
    assert ("Policy" in notes["ratio"], "a ratio of" in notes["ratio"]) == (False, True)
    assert ("Policy" in notes["policy"], "a ratio of" in notes["policy"]) == (True, False)


def test_gans_that_draw_alike_are_tried_once():
    twins = [
        GAN(base=base, loss_weights={}, generator=Generator(widths=(width,)))
        for base, width in (("smote", 8), ("smote", 9), ("star", 8))
    ]
    tried = GANOversampler(policy="oracle", gan=twins, random_state=0).fit(*TABLE).report_.draw_options
    assert len(tried) == 2 * len(POLICIES)


def test_a_ratio_is_chosen_for_rows_under_the_policy_that_is_given():
    tried = GANOversampler("oracle", policy=Policy(spread=0.5), **CHEAP).fit(*TABLE).report_.draw_options
    assert set(tried["spread"]) == {0.5}
    assert len(tried) == N_CHOICES * len(RATIOS) + 1


# --- ratios


@pytest.mark.parametrize(("oracle", "expected"), [(many_rows, 100), (few_rows, 25)])
def test_the_oracle_chooses_the_ratio(oracle, expected):
    X, y = TABLE
    sampler = quick(oracle=oracle, baselines=(), sampling_strategy="oracle")
    _, y_new = sampler.fit_resample(X, y)
    assert np.bincount(y_new).tolist() == [100, expected]
    assert sampler.sampling_strategy_ == {1: expected - 10}
    assert len(sampler.is_synthetic_) == 100 + expected
    assert f"a ratio of {expected / 100:g} to the largest class" in sampler.report_.notes[-1]


@pytest.mark.parametrize("oracle", ["downstream", "energy", "average_precision"])
def test_classes_come_to_one_of_four_ratios(oracle):
    X, y = mixed()
    sampler = quick(oracle=oracle, sampling_strategy="oracle")
    X_new, y_new = sampler.fit_resample(X, y)
    counts = y_new.value_counts()
    allowed = [{name: max(n, int(r * 70)) for name, n in y.value_counts().items()} for r in RATIOS]
    assert counts.to_dict() in allowed
    assert sampler.sampling_strategy_ == {
        name: counts[name] - n for name, n in (("rare", 30), ("rarest", 20))
    }
    pd.testing.assert_frame_equal(X_new.iloc[:120], X)
    assert sampler.sample(3, y="rarest").shape == (3, X.shape[1])


def test_a_chosen_ratio_changes_no_row_that_is_drawn():
    chosen = quick(oracle=many_rows, baselines=(), sampling_strategy="oracle").fit_resample(*TABLE)
    given = quick(oracle=many_rows, baselines=()).fit_resample(*TABLE)
    np.testing.assert_array_equal(chosen[0], given[0])


@pytest.mark.parametrize(("n", "expected"), [(110, 25), (111, 25), (112, 25), (113, 25), (114, 26)])
def test_a_chosen_ratio_means_what_it_means_as_a_number(n, expected):
    X, y = numbers(n, 10)
    chosen = quick(oracle=few_rows, baselines=(), sampling_strategy="oracle").fit(X, y)
    given = quick(oracle=few_rows, baselines=(), sampling_strategy=0.25).fit(X, y)
    assert chosen.sampling_strategy_ == given.sampling_strategy_ == {1: expected - 10}


def test_distances_score_a_ratio_that_leaves_a_class_as_it_is():
    X, _ = numbers(130)
    y = np.repeat([0, 1, 2], [70, 40, 20])  # at one half class 1 needs no rows; nothing may warn of that
    sampler = quick(oracle="energy", baselines=(), sampling_strategy="oracle").fit(X, y)
    assert "nan" not in sampler.report_.notes[-1]


def test_an_oracle_that_cannot_score_a_ratio_is_noted():
    def picky(real, synthetic):
        if len(synthetic) < 10:
            raise RuntimeError("too few")
        return float(len(synthetic))

    sampler = quick(oracle=picky, baselines=(), sampling_strategy="oracle")
    with pytest.warns(RuntimeWarning, match="could not score .* ratio 0.25") as caught:
        sampler.fit(*TABLE)
    assert len([w for w in caught if issubclass(w.category, RuntimeWarning)]) == 1
    assert any("ratio 0.25" in note and "too few" in note for note in sampler.report_.notes)


@pytest.mark.parametrize("strategy", ["auto", 1.0, {1: 66}, {1: 1.0}, "minority"])
def test_all_other_strategies_are_kept_to_the_row(strategy):
    sampler = quick(gan=UNTRAINED, oracle=few_rows, baselines=(), sampling_strategy=strategy)
    assert np.bincount(sampler.fit_resample(*numbers())[1]).tolist() == [66, 66]
