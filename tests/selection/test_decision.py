"""What an oracle decides: generators, a baseline, a base, or an error; and why."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gan_oversampler import GAN, Policy
from gan_oversampler.oracles.alternatives import ALTERNATIVES
from gan_oversampler.reporting.gain import Gain
from gan_oversampler.selection.choice import Choice, choose
from gan_oversampler.selection.decision import (
    NO_NEW_ROWS,
    ONLY_NOISE,
    OTHER_DRAW_OPTIONS,
    decide,
    decide_without_oracle,
    reason_for,
)
from tests.scored import alone, noise, options, scored

GANS = [GAN(base="smote"), GAN("guided"), GAN("classic", base="border")]
START, LATER = scored(0, 0, 1.0, 1.0), scored(0, 50, 5.0, 5.0)


def _decided(*baselines, entries=(START, LATER), tried=None, fallback="warn", sign=1.0):
    """A decision about the last entry, or about draw options, against baselines: (name, utilities)."""
    tried = [[options(entries[-1])]] if tried is None else tried
    utilities = {name: np.array(values, float) for name, values in baselines}
    return decide(entries, tried, utilities, GANS, fallback=fallback, sign=sign)


# --- generators


@pytest.mark.parametrize("fallback", ["warn", "baseline", "error"])
@pytest.mark.parametrize("baseline", [(5, 5), (4, 4), (5, 6), (math.nan, math.nan)])
def test_where_no_baseline_is_better_the_generators_draw_and_nobody_is_warned(fallback, baseline):
    # (5, 6) leads by (0, 1): mean 0.5, standard error 0.5.
    decision = _decided(("smote", baseline), fallback=fallback)
    assert decision.name == "residual(smote) at step 50"
    assert decision.candidates == (LATER.candidate,)
    assert (decision.notes, decision.warnings, decision.error) == ((), (), "")
    assert (decision.base, decision.fallback) == ("", None)
    assert decision.kept.choice.best is LATER
    assert decision.draw_options == ()


def test_all_of_a_mixture_draw():
    other = scored(0, 100, 5.0, 5.0)
    decision = _decided(entries=(START, LATER, other), tried=[[options(Choice(LATER, (LATER, other)))]])
    assert decision.candidates == (LATER.candidate, other.candidate)
    assert decision.name == "residual(smote) at step 50 mixed with 1 like it"


def test_gains_are_those_of_the_draw_options_that_are_kept():
    tried = [[options(LATER, (6.0, 8.0), policy=Policy(spread=0.5))]]
    decision = _decided(("none", (1, 1)), ("smote", (9, 9)), tried=tried)
    error = pytest.approx(math.sqrt(3))  # of (5, 7) and (-3, -1), over two folds that share all rows but one
    assert decision.gains == {"none": Gain(6.0, error), "smote": Gain(-2.0, error)}
    assert str(decision.policy) == "Policy(spread=0.5)"


# --- a baseline is better


def test_by_default_a_better_baseline_is_a_warning_and_a_note():
    decision = _decided(("none", (5, 5)), ("smote", (9, 9)))
    assert decision.candidates == (LATER.candidate,)
    assert decision.notes == decision.warnings
    (note,) = decision.notes
    assert note.startswith(
        "By the oracle the baseline 'smote' scores higher than the kept GAN: gain -4.0000 ± 0.0000."
    )
    assert note.endswith("Rows come from the best GAN. fallback='baseline' takes a baseline instead.")
    assert (decision.fallback, decision.error) == (None, "")


@pytest.mark.parametrize(
    ("name", "base"), [("smote", "smote"), ("random", "bootstrap"), ("border", "border")]
)
def test_a_better_baseline_may_draw_instead(name, base):
    decision = _decided(("translation", (6, 6)), (name, (9, 9)), fallback="baseline")
    assert (decision.name, decision.fallback, decision.base) == (f"baseline {name}", name, base)
    assert decision.candidates == ()
    assert decision.kept is None
    assert (str(decision.policy), decision.ratio) == ("Policy()", 1.0)
    assert decision.notes == decision.warnings
    assert f"Rows come from the baseline '{name}', because fallback='baseline'." in decision.notes[0]
    assert "fills classes up" not in decision.notes[0]


def test_a_baseline_that_draws_instead_fills_classes_up():
    tried = [[options(LATER, ratio=0.5, policy=Policy(spread=0.5)), options(LATER, (1, 1))]]
    decision = _decided(("smote", (9, 9)), tried=tried, fallback="baseline")
    assert (str(decision.policy), decision.ratio, decision.kept) == ("Policy()", 1.0, None)
    assert decision.notes[-1].endswith("It fills classes up, because the ratio was chosen for the GAN.")
    assert decision.draw_options is tried


def test_where_doing_nothing_is_best_the_table_may_stay_as_it_is():
    decision = _decided(("none", (9, 9)), ("smote", (8, 8)), fallback="baseline")
    assert (decision.name, decision.fallback, decision.ratio) == (NO_NEW_ROWS, "none", 0.0)
    assert decision.kept is None
    assert decision.candidates == (LATER.candidate,)  # draws for ``sample``
    assert decision.notes == decision.warnings
    assert decision.notes[0].endswith("The table stays as it is, because fallback='baseline'.")
    assert decision.utilities.tolist() == [5, 5]  # of the rows that were refused


@pytest.mark.parametrize("fallback", ["warn", "baseline", "error"])
@pytest.mark.parametrize("name", ALTERNATIVES)
def test_what_only_a_classifier_can_do_is_never_fallen_back_to_but_told(name, fallback):
    decision = _decided(("none", (5, 5)), (name, (9, 9)), ("smote", (5, 5)), fallback=fallback)
    assert (decision.fallback, decision.base, decision.ratio) == (None, "", 1.0)
    assert decision.candidates == (LATER.candidate,)
    assert decision.notes == decision.warnings
    (note,) = decision.notes
    assert note.startswith(f"By the oracle the baseline '{name}' scores higher than the kept GAN: gain -4.0")
    setting = {"class_weight": 'class_weight="balanced"', "threshold": "TunedThresholdClassifierCV"}[name]
    assert setting in note
    assert decision.error.startswith(note if fallback == "error" else "")
    assert bool(decision.error) == (fallback == "error")


@pytest.mark.parametrize(("best", "name"), [("none", NO_NEW_ROWS), ("smote", "baseline smote")])
def test_beside_it_the_best_baseline_that_a_sampler_can_deliver_is_taken(best, name):
    others = [("threshold", (9, 9)), (best, (8, 8)), ("random", (6, 6))]
    decision = _decided(*others, fallback="baseline")
    assert (decision.name, decision.fallback) == (name, best)
    assert decision.notes == decision.warnings
    assert ["'threshold'" in note for note in decision.notes] == [True, False]
    assert len(_decided(*others).notes) == 1


def test_by_default_rows_are_drawn_where_doing_nothing_is_better_and_the_warning_says_so():
    decision = _decided(("none", (9, 9)), ("random", (4, 4)))
    assert (decision.fallback, decision.ratio) == (None, 1.0)
    assert decision.notes[0].endswith("Rows come from the best GAN. fallback='baseline' adds none.")


def test_the_oracle_may_choose_no_rows():
    tried = [[options(LATER, (5, 5), ratio=0.0), options(LATER, (5, 7), ratio=0.5), options(LATER, (4, 4))]]
    decision = _decided(("none", (5, 5)), tried=tried)
    assert (decision.name, decision.ratio, decision.kept) == (NO_NEW_ROWS, 0.0, tried[0][0])
    assert "chose no new rows: 5.0000 ± 0.0000, 4.0000 ± 0.0000 without a choice" in decision.notes[0]
    assert decision.utilities.tolist() == [5, 7]  # the best rows, for the advice
    assert decision.warnings == ()


def test_class_weights_may_be_better_than_the_table_as_it_is():
    tried = [[options(LATER, (5, 5), ratio=0.0), options(LATER, (4, 4))]]
    decision = _decided(("class_weight", (6, 6)), tried=tried)
    (warning,) = decision.warnings
    assert warning.startswith(
        "By the oracle the baseline 'class_weight' scores higher than the table as it is"
    )
    assert 'class_weight="balanced"' in warning


def test_a_better_baseline_may_be_an_error_that_says_what_to_do():
    decision = _decided(("smote", (9, 9)), fallback="error")
    assert decision.error == (
        "By the oracle the baseline 'smote' scores higher than the kept GAN: gain -4.0000 ± 0.0000."
        " Give other GANs, another oracle, or fallback='warn' or 'baseline'."
    )
    assert decision.candidates == (LATER.candidate,)  # for oracles that decide nothing


# --- nothing but noise


@pytest.mark.parametrize("fallback", ["warn", "baseline", "error"])
def test_where_only_noise_is_left_its_base_draws(fallback):
    entry = noise(2, 3.0, 3.0)
    decision = _decided(("smote", (9, 9)), entries=(entry,), fallback=fallback)
    assert (decision.name, decision.base) == ("base border, untrained", "border")
    assert decision.candidates == ()
    assert decision.kept is None
    assert (decision.fallback, decision.error) == (None, "")
    assert decision.notes == decision.warnings
    assert "No trained generator of 'classic' could be kept" in decision.notes[0]
    assert "rows come from its base 'border'" in decision.notes[0]
    assert decision.reason == ONLY_NOISE
    assert decision.gains == {}  # rows of the base were not scored


# --- draw options


def test_draw_options_are_reported_with_their_scores_in_the_oracles_own_unit():
    first, other = alone(LATER), alone(scored(1, 50, 2.0, 2.0))
    tried = [
        [options(first, (-4.0, -4.0))],
        [options(other, (-1.0, -3.0), policy=Policy(spread=0.5))],
    ]
    decision = _decided(tried=tried, sign=-1.0)
    assert decision.name == "guided at step 50"
    assert decision.reason == OTHER_DRAW_OPTIONS
    assert decision.kept is tried[1][0]
    assert decision.draw_options is tried
    assert decision.warnings == ()
    (note,) = decision.notes
    assert note.startswith("Of 2 ways to draw the oracle chose guided at step 50, Policy(spread=0.5): ")
    assert "2.0000 ± 1.7321, 4.0000 ± 0.0000 without a choice" in note


def test_a_ratio_is_part_of_the_decision():
    tried = [[options(LATER, (5, 5), ratio=0.25), options(LATER, (5, 5), ratio=1.0)]]
    decision = _decided(tried=tried)
    assert decision.ratio == 0.25
    assert decision.reason == "best held-out score of all GANs"
    assert "a ratio of 0.25 to the largest class" in decision.notes[0]


def test_what_a_user_should_know_of_draw_options_comes_before_what_of_baselines():
    tried = [[options(LATER, ratio=0.25), options(LATER, ratio=1.0)]]
    decision = _decided(("smote", (9, 9)), tried=tried)
    assert [note.split()[0] for note in decision.notes] == ["Of", "By"]
    assert decision.warnings == decision.notes[1:]


# --- reasons


@pytest.mark.parametrize(
    ("entries", "reason"),
    [
        ([scored(0, 50, 1, 1), scored(1, 0, 0, 0)], "best held-out score of all GANs"),
        ([scored(0, 50, 1, 1), scored(1, 0, 1, 1)], "best held-out score of all GANs"),
        (
            [scored(0, 50, 1, 1), scored(1, 0, 0, 4)],
            "the first GAN: those that score higher gain too little, over it or over their own start",
        ),
        (
            [scored(1, 50, 1, 1), scored(2, 0, 0, 4), scored(0, 50, 9, 9, is_collapsed=True)],
            "the first GAN that can be kept: those that score higher gain too little, over it or over"
            " their own start",
        ),
        (
            [scored(1, 0, 5, 5), scored(0, 0, 1, 1), scored(2, 0, 1, 1), scored(2, 50, 4, 9)],
            "better than the first GAN by more than noise; higher scores gained too little over their start",
        ),
        ([scored(0, 50, 1, 1), noise(2, 9, 9)], "best held-out score of all GANs that can be kept"),
        (
            [scored(0, 50, 1, 1), scored(1, 50, 9, 9, is_collapsed=True)],
            "best held-out score of all GANs that can be kept",
        ),
        (
            [scored(0, 0, 1, 1), scored(0, 50, 0, 4)],
            "no other GAN scores higher; its training did not gain enough to count",
        ),
        (
            [scored(0, 50, 1, 1), scored(0, 0, 0, 4)],
            "no other GAN scores higher;"
            " untrained it scores higher, by no more than its 'min_gain_in_se' allows",
        ),
        ([scored(0, 50, 1, 1), scored(0, 0, math.nan, 1)], "best held-out score of all GANs"),
        (
            [scored(0, 0, 1, 1), scored(0, 50, 0, 0)],
            "best held-out score of all GANs; its training did not gain enough to count",
        ),
    ],
)
def test_the_reason_says_whether_the_kept_one_has_the_best_score(entries, reason):
    assert reason_for(entries, options(entries[0]), {}) == reason


LISTS = st.lists(st.lists(st.integers(0, 9), min_size=1, max_size=3), min_size=1, max_size=4)


@given(st.data(), LISTS)
def test_the_best_score_is_claimed_for_nothing_else(data, lists):
    """Whatever the rules choose: only what has the best score of all is said to have it."""
    draw = st.lists(st.integers(0, 9), min_size=2, max_size=2)
    steps = [(number, 50 * i) for number, steps in enumerate(lists) for i in range(len(steps))]
    entries = [scored(*step, *data.draw(draw)) for step in steps]
    choice = choose(entries, data.draw(st.sampled_from([[2.0] * 4, [-1.0, 2.0, 2.0, 2.0]])))
    reason = reason_for(entries, options(choice), {})
    best = max(entry.mean for entry in entries)
    assert reason.startswith("best held-out score") is (choice.best.mean == best)
    assert reason.startswith("the first GAN") <= (choice.best.candidate.specification == 0)
    assert reason.startswith("better than the first GAN") <= (choice.best.candidate.specification > 0)


def test_the_reason_names_mixtures_and_baselines_that_score_higher():
    best, other = scored(0, 50, 4, 4), scored(0, 100, 4, 4)
    baselines = {"none": np.array([4.0, 4.0]), "smote": np.array([4.0, 5.0]), "random": np.array([9.0, 0.0])}
    reason = reason_for([best, other], options(Choice(best, (best, other))), baselines)
    assert reason.split("; ") == [
        "best held-out score of all GANs",
        "mixed with the trained ones whose scores differ from its own by no more than noise",
        "baselines that score higher: 'smote', 'random'",
    ]


def test_baselines_are_compared_with_the_draw_options_that_are_kept():
    reason = reason_for([LATER], options(LATER, (9, 9)), {"smote": np.array([7.0, 7.0])}, "it is so")
    assert reason == "it is so"


# --- without an oracle


def test_without_an_oracle_the_last_sound_generator_draws():
    entries = [
        scored(0, 0, 0),
        scored(0, 2, 2),
        scored(0, 4, 4, is_finite=False),
        scored(0, 6, 6, is_collapsed=True),
    ]
    decision = decide_without_oracle(entries, GANS[0], Policy(filter=0.5))
    assert decision.candidates == (entries[1].candidate,)
    assert decision.name == "residual(smote) at step 2"
    assert decision.reason == "the last finite generator, because there is no oracle"
    assert str(decision.policy) == "Policy(filter=0.5)"
    assert (decision.notes, decision.gains) == ((), {})


def test_without_an_oracle_noise_gives_way_to_its_base():
    decision = decide_without_oracle(
        [noise(0, 0.0), scored(0, 5, 5, is_collapsed=True)], GANS[2], Policy(filter=0.5)
    )
    assert (decision.name, decision.base, decision.candidates) == ("base border, untrained", "border", ())
    assert decision.reason == ONLY_NOISE
    assert decision.notes == decision.warnings
    assert "No trained generator of 'classic'" in decision.notes[0]
    assert str(decision.policy) == "Policy()"
