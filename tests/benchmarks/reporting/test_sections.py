"""The headline says where ours stands, good or bad."""

import numpy as np
import pandas as pd

from benchmarks.reporting import sections, significance, statistics
from tests.benchmarks.reporting.made_rows import N_TABLES, made


def headline(rows):
    """The first lines of the page."""
    rows = statistics.prepare(rows)
    return sections.headline(statistics.summary(rows), statistics.comparisons(rows, "ours"), "ours")


def test_the_headline_is_honest_when_ours_loses():
    page = headline(made({"none": 0.0, "smote": 0.1, "ours": 0.03}))
    assert "By F1 in the weak block, GANOversampler ranks 2nd of 4 (mean rank 2.0)" in page
    assert "the best is SMOTE 1.0" in page
    assert "Against SMOTE: -0.070 on average" in page
    assert f"0 tables won, 0 tied, {N_TABLES} lost" in page
    assert "worse than 1 of" in page


def test_the_headline_says_when_ours_was_not_run_everywhere():
    rows = made({"none": 0.0, "smote": 0.1, "ours": 0.3})
    kept = (rows["method"] != "ours") | (rows["table"] != "t0")
    assert "GANOversampler has no rank: it was not run on every cell" in headline(rows[kept])


def test_many_small_wins_do_not_hide_few_large_losses():
    ours = pd.Series([0.001 + i / 1e5 for i in range(6)] + [-0.5 - i / 100 for i in range(5)])
    ours.index = pd.MultiIndex.from_arrays([[f"f{i}" for i in range(11)]] * 2)
    pair = significance.compare(ours, 0 * ours)
    assert (pair["won"], pair["lost"], pair["direction"]) == (6, 5, -1)
    lines = pd.DataFrame([{**pair, "block": "weak", "metric": "f1", "opponent": "x"}])
    lines = lines.assign(holm=0.01, holm_families=0.01)
    assert "better than 0 and worse than 1 of 1" in sections.significant_differences(lines, "weak", "f1")


def test_families_have_a_direction_of_their_own():
    """One large family that gains outweighs fourteen small ones that lose, by tables but not by families."""
    gains = pd.Series(np.r_[np.linspace(0.04, 0.06, 30), np.linspace(-0.03, -0.01, 14)])
    gains.index = pd.MultiIndex.from_arrays([["big"] * 30 + list("abcdefghijklmn"), range(44)])
    pair = significance.compare(gains, 0 * gains)
    assert (pair["direction"], pair["direction_families"]) == (1, -1)
    lines = pd.DataFrame([{**pair, "block": "weak", "metric": "f1", "opponent": "x"}])
    told = sections.significant_differences(lines.assign(holm=0.01, holm_families=0.01), "weak", "f1")
    assert "better than 1 and worse than 0 of 1" in told
    assert "better than 0 and worse than 1 over means of families" in told
