"""The study of the advice counts what it flags of harmed tables and of others."""

import pandas as pd

from benchmarks.studies import advice as study


def _rows(*cells):
    names = ["table", "fold", "gain", "advised", "ranking"]
    return pd.DataFrame([dict(zip(names, cell, strict=True)) for cell in cells]).assign(standard_error=0.1)


def test_a_table_is_harmed_by_the_mean_of_its_folds_and_every_fit_is_flagged_or_not():
    rows = _rows(
        *[("bad", 0, -0.10, "threshold", -0.1), ("bad", 1, 0.04, "resample", 0.1)],
        *[("good", 0, -0.03, "none", 0.1), ("good", 1, 0.05, "resample", 0.1)],
        *[("same", 0, 0.00, "resample", 0.0), ("same", 1, 0.00, "resample", 0.0)],
    )
    found = study.flagged(rows).set_index("tables")
    assert found["number"].to_dict() == {"that lose more": 1, "others": 2}
    assert found["flagged: advice other than to resample"].to_dict() == {
        "that lose more": "50%",
        "others": "25%",
    }
    assert found["flagged: ranking falls by more than 0.3 SE"].to_dict() == {
        "that lose more": "50%",
        "others": "0%",
    }


def test_a_run_goes_on_where_it_stopped(tmp_path, monkeypatch):
    asked = []

    def cell(table, fold):
        asked.append((table.name, fold))
        facts = {"gain": 0.1, "advised": "resample", "ranking": 0.1, "standard_error": 0.0, "time_share": 0.1}
        return {"table": table.name, "fold": fold, **facts}

    monkeypatch.setattr(study, "cell", cell)
    options = ["--tables", "wine-third,diabetes-worst-tenth", "--out", str(tmp_path / "advice.csv")]
    study.main(options)
    study.main([*options, "--folds", "2"])
    names = ("wine-third", "diabetes-worst-tenth")
    assert asked == [*((name, 0) for name in names), *((name, 1) for name in names)]
    assert len(pd.read_csv(tmp_path / "advice.csv")) == 4
    assert "2 tables, 2 of five folds each" in (tmp_path / "advice.md").read_text("utf-8")


def test_a_cell_says_what_is_advised_and_what_rows_are_worth():
    row = study.cell(study.load("wine-third", None), 0)
    assert row["advised"] in {"resample", "threshold", "class_weight", "none"}
    assert abs(row["gain"]) < 0.2
    assert 0 < row["time_share"] < 1
