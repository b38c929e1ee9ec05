"""The study of probabilities compares table by table."""

import pandas as pd
import pytest
from imblearn.over_sampling import SMOTE

from benchmarks.studies import calibration as study


def test_the_study_compares_with_no_resampling_table_by_table():
    facts = {"fold": 0, "classifier": "logistic", "average_precision": 0.5}
    rows = pd.DataFrame(
        [
            {"table": table, "sampler": sampler, "probabilities": name, "brier": brier, **facts}
            for table, better in (("a", 0.10), ("b", 0.20))
            for sampler, name, brier in (("", study.NONE, better), ("SMOTE", "prior", 1.05 * better - 0.004))
        ]
    )
    line = study.summary(rows).set_index("probabilities").loc["prior"]
    assert line["against none"] == pytest.approx((0.001 + 0.006) / 2)
    assert line["worst table"] == pytest.approx(0.006)
    assert line[f"tables at most {study.NEAR} worse"] == 1


def test_a_cell_of_the_study_holds_every_kind_of_probabilities_once(monkeypatch):
    monkeypatch.setattr(study, "MODELS", ("logistic",))
    monkeypatch.setattr(study, "SAMPLERS", {"SMOTE": SMOTE()})
    rows = pd.DataFrame(study.cell(study.load("diabetes-worst-tenth", None), 0))
    assert rows["probabilities"].tolist() == [study.NONE, study.AS_IT_COMES, *study.CORRECTIONS]
    assert rows["brier"].between(0, 0.2).all()
    assert "against none" in study.report(rows)
