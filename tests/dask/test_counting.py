"""Plans from numbers of rows: as for labels in memory, and within bounds."""

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("dask.dataframe")
from hypothesis import given
from hypothesis import strategies as st

from gan_oversampler.dask.counting import MIN_GATHERED, Counts
from gan_oversampler.encoding.labels import Target

NUMBERS = st.lists(st.integers(1, 30), min_size=2, max_size=5)
BY_LABEL = NUMBERS.map(lambda numbers: dict(zip("dbaec", numbers)))
WORDS = st.sampled_from(["auto", "all", "minority", "not minority", "not majority"])
RATIOS = st.floats(0.01, 1)
STRATEGIES = st.one_of(
    WORDS, RATIOS, st.dictionaries(st.sampled_from("dbx"), st.one_of(RATIOS, st.integers(1, 50)), min_size=1)
)


def counts_of(by_label, lengths=None):
    return Counts.of(pd.Series(by_label), lengths or [sum(by_label.values())])


def outcome(function):
    try:
        return function()
    except ValueError:
        return ValueError


@given(BY_LABEL, STRATEGIES)
def test_numbers_of_new_rows_are_those_of_labels_in_memory(by_label, strategy):
    labels = np.repeat(list(by_label), list(by_label.values()))
    counts, target = counts_of(by_label), Target.of(labels)
    assert counts.target.names == target.names
    assert counts.target.counts.tolist() == target.counts.tolist()
    assert outcome(lambda: counts.n_new(strategy)) == outcome(lambda: target.strategy(strategy))


def test_a_function_of_all_labels_is_refused():
    with pytest.raises(ValueError, match="function as 'sampling_strategy'"):
        counts_of({"a": 3, "b": 2}).n_new(lambda y: {"b": 3})


@pytest.mark.parametrize("strategy", ["auto", 0.5, {"no": 3}])
def test_one_class_is_refused(strategy):
    with pytest.raises(ValueError, match=r"more than (1|one) class"):
        counts_of({"no": 3}).n_new(strategy)


def test_missing_labels_and_no_rows_are_refused():
    with pytest.raises(ValueError, match="holds 4 missing labels"):
        Counts.of(pd.Series([3, 4], index=["a", None]), [7])
    with pytest.raises(ValueError, match="at least one row"):
        Counts.of(pd.Series([0], index=["a"]), [0])


TOTALS = st.lists(st.integers(1, 10**9), min_size=2, max_size=8)
LIMITS = st.integers(10_000, 1_000_000)


@given(TOTALS, LIMITS)
def test_what_is_gathered_is_bounded_and_rare_classes_come_whole(totals, limit):
    counts = counts_of(dict(enumerate(totals)))
    n_classes = len(totals)
    gathered = {label: n * counts.shares(limit)[label] for label, n in counts.by_label.items()}
    assert sum(gathered.values()) <= 1.5 * limit + n_classes * MIN_GATHERED + 1
    if sum(totals) <= limit:
        assert gathered == counts.by_label
    for label, n in counts.by_label.items():
        assert gathered[label] >= min(n, limit / (2 * n_classes), n) - 1e-6
    by_size = [gathered[label] for label in counts.by_label]
    assert by_size == sorted(by_size, reverse=True) or np.allclose(by_size, sorted(by_size, reverse=True))


@given(TOTALS, LIMITS, WORDS)
def test_training_gets_no_more_new_rows_than_the_table_and_never_many(totals, limit, strategy):
    counts = counts_of(dict(enumerate(totals)))
    n_new, shares = counts.n_new(strategy), counts.shares(limit)
    gathered = Target(
        counts.target.classes,
        counts.target.names,
        counts.target.codes,
        np.array([max(1, round(n * shares[label])) for label, n in counts.by_label.items()]),
    )
    found = counts.n_new_of(gathered, n_new)
    assert {label for label, n in found.items() if n} == {label for label, n in n_new.items() if n}
    assert all(found[label] <= n for label, n in n_new.items())
    assert max(found.values()) <= gathered.counts[0] + 1
    if sum(totals) <= limit:
        assert found == n_new
