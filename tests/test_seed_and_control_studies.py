"""The studies of seeds, of untrained generators and of devices say what their rows say."""

import numpy as np
import pandas as pd
import pytest

from benchmarks import control, devices, spread
from benchmarks.tables import load_table
from gan_oversampler import GAN


def test_spread_is_that_over_seeds_within_tables():
    """Differences between tables are no spread."""
    swing = {"smote": 0.1, "smoothed_bootstrap": 0.2, "ours": 0.05}
    rows = pd.DataFrame(
        {
            "table": table,
            "method": method,
            "average_precision": level + sign * swing[method],
            "f1": level + sign * swing[method] / 2,
        }
        for table, level in (("a", 0.2), ("b", 0.9))
        for method in spread.METHODS
        for sign in (-1, 0, 1)
    )
    told = spread.summary(rows).set_index("method")
    assert told["SD of AP"].tolist() == pytest.approx([0.1, 0.2, 0.05])
    assert told["F1, of SMOTE's"].tolist() == pytest.approx([1.0, 2.0, 0.5])


def test_a_cell_of_the_spread_is_a_mean_of_classifiers():
    table = load_table("diabetes-worst-tenth", None)
    same, again, other = (spread.cell(table, "smote", seed) for seed in (0, 0, 1))
    assert same == again
    assert same["average_precision"] != other["average_precision"]
    assert 0 < same["f1"] < 1


def test_the_control_counts_where_training_is_seen():
    rows = pd.DataFrame(
        {
            "root": ["r", "s"] * 2,
            "oracle": ["energy", "energy", "privacy", "privacy"],
            "untrained": [2.0, 1.0, 1.0, 1.0],
            "trained": [1.0, 0.5, 0.8, 1.0],
            "better": [True, True, False, False],
        }
    )
    told = control.summary(rows).set_index("oracle")
    assert told["trained is better"].tolist() == ["2 of 2", "0 of 2"]
    assert told.loc["energy", "r"] == "2.000 → 1.000"


def test_the_control_has_every_oracle_before_and_after(monkeypatch):
    monkeypatch.setattr(control, "STEPS", 10)
    monkeypatch.setattr(control, "ORACLES", ("energy", "cas_syn"))
    rows = pd.DataFrame(control.cell(load_table("diabetes-worst-tenth", None), 0))
    assert rows["oracle"].tolist() == ["energy", "cas_syn"]
    assert np.isfinite(rows[["untrained", "trained"]]).all(axis=None)
    energy, cas = rows["trained"] - rows["untrained"]
    assert rows["better"].tolist() == [energy < 0, cas > 0]


def test_the_study_of_devices_times_every_case_on_every_device(monkeypatch, tmp_path, capsys):
    case = devices.Case(GAN("guided", widths=(8,)), 120, 8, 4)
    monkeypatch.setattr(devices, "CASES", {"small": case})
    monkeypatch.setattr(devices.torch.cuda, "is_available", lambda: False)
    devices.main(["--out", str(tmp_path / "devices.csv")])
    rows = pd.read_csv(tmp_path / "devices.csv")
    assert rows["GAN"].tolist() == ["small"]
    assert (rows["seconds on cpu"] > 0).all()
    assert "CPU / GPU" not in rows
    assert "GPU: none" in (tmp_path / "devices.md").read_text("utf-8")


def test_cases_of_devices_are_tables_with_a_rare_class():
    for case in devices.CASES.values():
        X, y = case.table()
        assert X.shape == (case.n_rows, case.n_columns)
        assert 0.05 < y.mean() < 0.15
