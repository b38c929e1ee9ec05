"""Ways to draw that the oracle chooses among: generators, policy and ratio together."""

import math

import numpy as np
import pandas as pd
import pytest

from gan_oversampler import GAN, DownstreamOracle, GANOversampler, Policy
from gan_oversampler.reporting.html import MAX_DRAW_OPTIONS
from gan_oversampler.sampling.policy import POLICIES
from gan_oversampler.selection.choice import choose_way
from gan_oversampler.selection.draw_options import RATIOS, SHORTLIST
from tests.tables import mixed, numbers
from tests.test_estimator import quick

BASES = ("smote", "star", "border", "local_gaussian")
CHEAP = {"gan": [GAN(base=base, forces={}) for base in BASES], "random_state": 0}


# --- the rule, in numbers small enough to check by hand


def _taken(*utilities):
    """Number of the way that is taken, of ways at one ratio."""
    return choose_way([{1.0: np.array(u, float)} for u in utilities])[0]


def test_another_way_must_gain_more_than_a_standard_error():
    assert _taken([1, 1], [2, 4]) == 1  # gains 2, standard error 1
    assert _taken([1, 1], [1, 3]) == 0  # gains 1, standard error 1
    assert _taken([1, 1], [2, 2], [3, 3]) == 2
    assert _taken([0, 100], [1, 101]) == 1  # paired over the folds


def test_the_best_of_many_must_gain_more_than_chance_gives():
    # Every other way gains with a standard error of 1; the best of six has to gain sqrt(2 ln 6) = 1.893.
    noise = [[9, 11]] * 5
    assert _taken([10, 10], *noise, [10.9, 12.9]) == 6
    assert _taken([10, 10], *noise, [10.8, 12.8]) == 0
    assert _taken([10, 10], [10.8, 12.8]) == 1


def test_a_way_counts_at_its_best_ratio_and_gets_the_smallest_good_one():
    plain = {0.5: np.array([4.0, 4.0]), 1.0: np.array([5.0, 5.0])}
    better = {0.25: np.array([0.0, 0.0]), 0.5: np.array([6.0, 8.0]), 1.0: np.array([7.0, 9.0])}
    assert choose_way([plain, better]) == (1, 1.0)
    assert choose_way([plain, {**better, 0.5: np.array([7.0, 9.0])}]) == (1, 0.5)
    assert choose_way([plain, {0.25: np.array([0.0, 0.0])}]) == (0, 1.0)


def test_a_small_ratio_may_not_cost_the_gain_for_which_a_way_was_taken():
    assert choose_way(
        [{1.0: np.array([10.0, 10.0])}, {0.25: np.array([2.0, 14.0]), 1.0: np.array([11.0, 12.0])}]
    ) == (1, 1.0)


def test_scores_that_are_not_finite_do_not_count():
    assert _taken([1, 1], [math.nan, 9]) == 0
    assert _taken([1, 1], [9, math.inf]) == 0
    assert _taken([math.nan, 1], [2, 2]) == 0
    assert choose_way([{1.0: np.array([math.nan, 1.0])}]) == (0, 1.0)


# --- generators, policy and ratio


def test_the_best_specifications_are_tried_in_every_way():
    X, y = numbers(110, 10)
    sampler = GANOversampler("oracle", policy="oracle", **CHEAP).fit(X, y)
    tried = sampler.report_.draw_options
    assert len(tried) == SHORTLIST * len(POLICIES) * len(RATIOS)
    assert tried["name"].nunique() == SHORTLIST
    assert set(tried["ratio"]) == set(RATIOS)
    assert tried["kept"].sum() == 1
    scores = sampler.history_.set_index("name")["score"]
    first, *rivals = (name.removesuffix(" at step 0") for name in tried["name"].unique())
    assert first == "base(smote)"  # kept without a choice, because no other is surely better
    assert scores[rivals].min() > scores.drop([first, *rivals]).max()
    assert f"Of {len(tried)} ways to draw" in sampler.report_.notes[0]


def test_as_they_come_recipes_have_the_scores_of_their_candidates():
    X, y = numbers(110, 10)
    sampler = GANOversampler(policy="oracle", **CHEAP).fit(X, y)
    tried = sampler.report_.draw_options
    plain = tried[(tried["spread"] == 1) & (tried["border"] == 0) & (tried["filter"] == 0)]
    scores = sampler.history_.set_index("name")[["score", "standard_error"]]
    for line in plain.itertuples():
        expected = scores.loc[line.name.removesuffix(" at step 0")]
        assert [line.score, line.standard_error] == pytest.approx(expected.tolist(), abs=1e-12)


def _alike(real, synthetic):
    """The fewer different rows, the better."""
    return -float(len(np.unique(np.asarray(synthetic).round(4), axis=0)))


COPIES = Policy(spread=0.0)


@pytest.fixture
def copying(monkeypatch):
    """A fit whose oracle likes copies, and may choose them."""
    monkeypatch.setattr("gan_oversampler.selection.outcome.POLICIES", (Policy(), COPIES))

    def fit(**changes):
        options = {"policy": "oracle", "oracle": _alike, "baselines": ("smote",), **CHEAP, **changes}
        return GANOversampler(**options).fit(*numbers(110, 10))

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
    asked = copying(policy=COPIES, gan=GAN(base=base, forces={}))
    np.testing.assert_array_equal(*(each.sample(9, random_state=1) for each in (sampler, asked)))
    assert asked.report_.gains["smote"].mean == pytest.approx(kept.score - smote)  # of rows under the policy


def test_a_baseline_that_takes_over_leaves_no_recipe_kept(copying):
    with pytest.warns(UserWarning, match="fallback='baseline'"):
        sampler = copying(baselines=("random",), policy=None, sampling_strategy="oracle", fallback="baseline")
    assert sampler.fallback_ == "random"
    assert not sampler.report_.draw_options["kept"].any()
    assert sampler.sampling_strategy_ == {1: 90}


def test_recipes_are_chosen_before_rows_are_rejected_and_told_after(copying):
    notes = copying(rejection=True, sampling_strategy="oracle").report_.notes
    chosen, polished, drawn = (
        next(i for i, note in enumerate(notes) if start in note)
        for start in ("ways to draw", "with rejection and refinement", "Rows are drawn under")
    )
    assert chosen < polished < drawn


def test_only_what_was_free_is_told():
    X, y = numbers(110, 10)
    told = {
        name: GANOversampler(strategy, policy=policy, **CHEAP).fit(X, y).report_.notes[0]
        for name, strategy, policy in (("ratio", "oracle", COPIES), ("policy", 0.5, "oracle"))
    }
    assert ("Policy" in told["ratio"], "a ratio of" in told["ratio"]) == (False, True)
    assert ("Policy" in told["policy"], "a ratio of" in told["policy"]) == (True, False)


def test_specifications_that_draw_alike_are_tried_once():
    X, y = numbers(110, 10)
    twins = [
        GAN(base=base, forces={}, widths=(width,))
        for base, width in (("smote", 8), ("smote", 9), ("star", 8))
    ]
    tried = GANOversampler(policy="oracle", gan=twins, random_state=0).fit(X, y).report_.draw_options
    assert len(tried) == 2 * len(POLICIES)


def test_the_seconds_of_a_choice_are_counted(monkeypatch):
    now = [0.0]
    monkeypatch.setattr("gan_oversampler.workflow.time.perf_counter", lambda: now[0])

    def slow(real, synthetic):
        now[0] += 1.0  # a second per scoring
        return 0.0

    options = {**CHEAP, "gan": CHEAP["gan"][0], "oracle": slow}
    seconds = [
        GANOversampler(policy=policy, **options).fit(*numbers(110, 10)).report_.seconds["choice"]
        for policy in (None, "oracle")
    ]
    assert seconds == [0.0, 3.0 * len(POLICIES)]  # three folds


def test_the_page_shows_the_best_recipes_and_the_kept_one():
    X, y = numbers(110, 10)
    report = GANOversampler("oracle", policy="oracle", oracle=_few, **CHEAP).fit(X, y).report_
    table = report.to_html().split('aria-label="Draw options"')[1].split("</table>")[0]
    kept = report.draw_options.index[report.draw_options["kept"]][0]
    places = report.draw_options["score"].sort_values(ascending=False, kind="stable").index
    n_shown = MAX_DRAW_OPTIONS + (places.get_loc(kept) >= MAX_DRAW_OPTIONS)
    assert table.count("<tr") == 1 + n_shown
    assert table.count('class="marked"') == 1
    assert len(report.to_dict()["draw_options"]) == len(report.draw_options)


def test_one_way_is_no_choice():
    X, y = numbers(110, 10)
    assert GANOversampler(policy=Policy(spread=0.5), **CHEAP).fit(X, y).report_.draw_options is None


def test_a_ratio_is_chosen_for_rows_under_the_policy_that_is_asked_for():
    X, y = numbers(110, 10)
    tried = GANOversampler("oracle", policy=Policy(spread=0.5), **CHEAP).fit(X, y).report_.draw_options
    assert set(tried["spread"]) == {0.5}
    assert len(tried) == SHORTLIST * len(RATIOS)


def test_every_candidate_is_in_the_report():
    X, y = numbers()
    sampler = quick(oracle=DownstreamOracle()).fit(X, y)
    frame, history = sampler.report_.to_frame(), sampler.history_
    candidates = frame[frame["step"].notna()]
    assert candidates["step"].tolist() == history["step"].tolist()
    np.testing.assert_array_equal(candidates["score"], history["score"])
    np.testing.assert_array_equal(candidates["standard_error"], history["standard_error"])


# --- ratios that the oracle chooses


def _many(real, synthetic):
    return float(len(synthetic))


def _few(real, synthetic):
    return -float(len(synthetic))


@pytest.mark.parametrize(("oracle", "expected"), [(_many, 100), (_few, 25)])
def test_the_oracle_chooses_the_ratio(oracle, expected):
    X, y = numbers(110, 10)
    sampler = quick(oracle=oracle, baselines=(), cv=2, sampling_strategy="oracle")
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
    allowed = [{name: max(n, round(r * 70)) for name, n in y.value_counts().items()} for r in RATIOS]
    assert counts.to_dict() in allowed
    assert sampler.sampling_strategy_ == {
        name: counts[name] - n for name, n in (("rare", 30), ("rarest", 20))
    }
    pd.testing.assert_frame_equal(X_new.iloc[:120], X)
    assert sampler.sample(3, y="rarest").shape == (3, X.shape[1])


def test_a_chosen_ratio_changes_no_row_that_is_drawn():
    X, y = numbers(110, 10)
    chosen = quick(oracle=_many, baselines=(), sampling_strategy="oracle").fit_resample(X, y)
    asked = quick(oracle=_many, baselines=()).fit_resample(X, y)
    np.testing.assert_array_equal(chosen[0], asked[0])


@pytest.mark.parametrize(("n", "expected"), [(110, 25), (111, 25), (112, 25), (113, 25), (114, 26)])
def test_a_chosen_ratio_means_what_it_means_as_a_number(n, expected):
    X, y = numbers(n, 10)
    chosen = quick(oracle=_few, baselines=(), sampling_strategy="oracle").fit(X, y)
    asked = quick(oracle=_few, baselines=(), sampling_strategy=0.25).fit(X, y)
    assert chosen.sampling_strategy_ == asked.sampling_strategy_ == {1: expected - 10}


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

    X, y = numbers(110, 10)
    sampler = quick(oracle=picky, baselines=(), sampling_strategy="oracle")
    with pytest.warns(RuntimeWarning, match="could not score .* ratio 0.25") as caught:
        sampler.fit(X, y)
    assert len([w for w in caught if issubclass(w.category, RuntimeWarning)]) == 1
    assert any("ratio 0.25" in note and "too few" in note for note in sampler.report_.notes)


def test_a_ratio_needs_an_oracle():
    X, y = numbers()
    with pytest.raises(ValueError, match="sampling_strategy='oracle' needs an oracle"):
        quick(oracle=None, sampling_strategy="oracle").fit(X, y)


@pytest.mark.parametrize("strategy", ["auto", 1.0, {1: 66}, {1: 1.0}, "minority"])
def test_all_other_strategies_are_obeyed_whatever_the_oracle_would_like(strategy):
    X, y = numbers()
    sampler = quick(oracle=_few, baselines=(), sampling_strategy=strategy)
    assert np.bincount(sampler.fit_resample(X, y)[1]).tolist() == [66, 66]
