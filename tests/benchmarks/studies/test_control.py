"""The study of untrained generators counts where training is seen."""

import numpy as np
import pandas as pd

from benchmarks.studies import control
from benchmarks.tables import load_table


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
