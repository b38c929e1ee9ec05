"""Published numbers stand beside ours."""

import pandas as pd
import pytest

from benchmarks.reporting import autogan, statistics
from tests.benchmarks.reporting.made_rows import made


def test_autogan_is_compared_on_the_cells_that_both_have(tmp_path):
    rows = made({"none": 0.0, "ours": 0.1}, ["tor/100_0.1", "tor/100_0.2", "new/100_0.1"])
    rows = pd.concat([rows, rows[rows["classifier"] == "tree"].assign(classifier="mlp20", block="paper")])
    published = {"root": "tor", "n_majority": 100, "ratio": [0.1, 0.4], "method": "cas_real"}
    scores = {"minority_f1": [0.7, 0.1], "majority_f1": [0.9, 0.1]}
    frame, cells = autogan.comparison(statistics.prepare(rows), pd.DataFrame(published | scores))
    assert cells == 1
    assert frame.loc[("published", "cas_real"), ("f1", "mlp20")] == 0.7
    mine = rows.query("method == 'ours' and classifier == 'tree' and table == 'tor/100_0.1'")
    assert frame.loc[("run here", "ours"), ("f1", "mlp20")] == pytest.approx(mine["f1"].mean())
    assert "not on this machine" in autogan.section(rows, tmp_path, "ours")
