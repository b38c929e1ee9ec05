"""What is missing is said, not guessed; differences are those of the rows."""

import json

import pandas as pd
import pytest

from benchmarks.claims import keel, suites
from benchmarks.claims.__main__ import main
from benchmarks.claims.evidence import Comparison, Evidence, MissingRowsError


def test_a_file_that_is_not_there_ends_the_command(tmp_path):
    with pytest.raises(SystemExit, match=r"There is no .*; run what writes it"):
        main(["--results", str(tmp_path)])


def test_a_file_without_rows_of_ours_is_no_evidence(tmp_path):
    pd.DataFrame({"method": ["smote", "none"], "classifier": "tree", "macro_f1": 0.5}).to_csv(
        tmp_path / "multiclass.csv", index=False
    )
    with pytest.raises(MissingRowsError, match=r"no rows of ours \(column 'method'\); measure these"):
        Evidence(tmp_path)._multiclass()


def test_tables_where_ours_was_not_run_are_no_gap():
    evidence = Evidence()
    key = ("keel", "weak", "f1")
    scores = pd.DataFrame({"ours": [0.5, None], "smote": [0.4, 0.3], "none": [0.2, 0.2]})
    scores.index = pd.MultiIndex.from_tuples(
        [(*key, "a"), (*key, "b")], names=["suite", "block", "score", "table"]
    )
    evidence.__dict__["scores"] = scores
    with pytest.raises(MissingRowsError, match="f1 of ours is not there for every cell"):
        evidence.comparison(*key)


def test_a_comparison_knows_who_is_ahead():
    tables = pd.DataFrame({"ours": [0.5, 0.3, 0.4], "smote": [0.4, 0.3, 0.6], "none": [0.1, 0.1, 0.1]})
    pair = Comparison("keel", "weak", "f1", tables)
    assert pair.best == "smote"
    assert pair.against("smote") == "-0.033 ± 0.088 (1 : 1)"


def test_a_loss_that_is_made_is_listed():
    """The committed scores with ours lowered: every mean is behind, and is listed."""
    evidence = Evidence()
    lowered = evidence.scores.assign(ours=evidence.scores[["ours", "smote", "none"]].min(axis=1) - 0.1)
    evidence.__dict__["scores"] = lowered
    n = sum(1 for _ in evidence.comparisons())
    told = suites.behind(evidence)
    assert told.startswith(f"In {n} of {n} means")
    assert told.count("\n|") == n + 2
    assert "100%" in suites.harm(evidence)


def test_the_day_is_that_of_the_last_run_of_a_method(tmp_path):
    days = {"2026-01-02T10": ["ours"], "2026-01-03T10": ["ours", "smote"], "2026-01-04T10": ["ours_x5"]}
    runs = [{"date": date, "methods": methods} for date, methods in days.items()]
    (tmp_path / "keel_meta.json").write_text(json.dumps({"runs": runs}))
    assert Evidence(tmp_path).day("keel") == "2026-01-03"
    with pytest.raises(MissingRowsError, match="names no run of tvae"):
        Evidence(tmp_path).day("keel", "tvae")


def test_rare_rows_are_those_of_whole_tables():
    rare = keel.rare_rows(Evidence()).droplevel("family")
    assert rare["glass-0-4_vs_5"] == 9
    assert (rare == rare.round()).all()
