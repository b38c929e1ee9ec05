import numpy as np
import pandas as pd
import pytest

from gan_oversampler.cli import comparison as comparison_module
from gan_oversampler.cli.comparison import (
    F1,
    GROUP_OF,
    METHODS,
    METRICS,
    OURS,
    Comparison,
    classifiers,
    compare,
)
from gan_oversampler.cli.pictures import draw_scores
from gan_oversampler.cli.preparation import Columns, with_smote
from tests.samplers import UNTRAINED, quick
from tests.tables import mixed

N_FOLDS = 4


def comparison(**means):
    """Scores that differ over folds by the same in all methods: paired gains have no error."""
    noise = np.linspace(-0.1, 0.1, N_FOLDS)
    rows = [
        (fold, method, name, group, metric, means.get(metric[:2], {}).get(method, 0.5) + noise[fold])
        for fold in range(N_FOLDS)
        for method in METHODS
        for name, group in GROUP_OF.items()
        for metric in METRICS
    ]
    names = ["fold", "method", "classifier", "group", "metric", "score"]
    return Comparison(pd.DataFrame(rows, columns=names), {metric: metric for metric in METRICS}, N_FOLDS)


def test_the_simplest_of_the_best_is_supported():
    assert comparison().result.count("doing nothing") == 2
    assert comparison(F1={OURS: 0.6}).result.count("GANOversampler (F1 +0.100 ± 0.000 over nothing)") == 2
    assert "class weights" in comparison(F1={OURS: 0.6, "class weights": 0.6}).result
    assert comparison(F1={"nothing": 0.6}).result.count("doing nothing") == 2


def test_what_it_costs_is_said():
    lost = comparison(F1={OURS: 0.6}, av={OURS: 0.4})
    assert lost.result.count("at the cost of -0.100 ± 0.000 average precision") == 2


def test_a_gain_within_its_error_is_none():
    found = comparison(F1={OURS: 0.51})
    ours = (found.scores["method"] == OURS) & (found.scores["fold"] == 0)
    found.scores.loc[ours & (found.scores["metric"] == F1), "score"] += 0.2
    assert found.result.count("doing nothing (no method gains more than its error: GANOversampler") == 2


def test_tables_hold_means_with_standard_errors():
    text = comparison(F1={OURS: 0.7}).table(F1).loc[OURS, "tree"]
    noise = np.linspace(-0.1, 0.1, N_FOLDS)
    error = noise.std(ddof=1) * np.sqrt(1 / N_FOLDS + 1 / (N_FOLDS - 1))
    assert text == f"0.700 ± {error:.3f}"


def test_numbers_dates_and_categories_are_told_apart():
    X, _ = mixed()
    columns = Columns.of(X, categorical=["constant"])
    assert columns.categories == ("member", "city", "note", "constant")
    plain = columns.plain(X)
    assert plain.dtypes[list(columns.numbers)].eq(float).all()
    assert plain["when"].diff().abs().max() < 300
    assert not plain[list(columns.categories)].isna().any(axis=None)


@pytest.mark.parametrize("kinds", ["numbers", "categories", "both"])
def test_smote_balances_and_leaves_given_rows_as_they_are(kinds):
    X, y = mixed()
    columns = Columns.of(X)
    used = {"numbers": columns.numbers, "categories": columns.categories}.get(kinds, X.columns)
    columns = Columns.of(X[list(used)])
    plain, codes = columns.plain(X), pd.factorize(y)[0]
    rows, all_codes = with_smote(plain, codes, columns, seed=0)
    pd.testing.assert_frame_equal(rows.iloc[: len(X)], plain)
    assert np.bincount(all_codes).tolist() == [70, 70, 70]
    for name in columns.categories:
        assert set(rows[name]) == set(plain[name])
    for name in columns.numbers:
        assert (
            rows[name].between(plain[name].min(), plain[name].max()).sum() >= 210 - plain[name].isna().sum()
        )


def small(columns, seed, class_weight=None):
    """The classifiers with few trees, for speed."""
    found = classifiers(columns, seed, class_weight)
    found["forest"].set_params(randomforestclassifier__n_estimators=3)
    found["gradient boosting"].set_params(histgradientboostingclassifier__max_iter=3)
    return found


def test_a_mixed_table_of_three_classes_is_compared(tmp_path, monkeypatch):
    monkeypatch.setattr(comparison_module, "classifiers", small)
    X, y = mixed()
    found = compare(X, y, quick(gan=UNTRAINED, oracle=None), folds=2)
    assert len(found.scores) == 2 * len(METHODS) * len(GROUP_OF) * len(METRICS)
    assert found.scores["score"].between(0, 1).all()
    assert "mean over the classes" in str(found)
    draw_scores(found, tmp_path / "picture")
    assert (tmp_path / "picture").read_bytes().startswith(b"\x89PNG")


def test_labels_of_two_classes_are_named_and_too_few_rows_refused():
    X, y = mixed()
    few = y != "rarest"
    with pytest.raises(ValueError, match="--folds"):
        compare(X[few], y[few], quick(), folds=31)
    with pytest.raises(ValueError, match="Two classes"):
        compare(X, pd.Series(["a"] * len(X)), quick(), folds=2)
