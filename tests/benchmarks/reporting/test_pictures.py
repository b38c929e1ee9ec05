"""The front of quick and good methods."""

import pandas as pd

from benchmarks.reporting import pictures


def test_the_front_keeps_what_no_quicker_method_equals():
    points = pd.DataFrame({"x": [1.0, 2.0, 2.0, 3.0], "f1": [0.5, 0.4, 0.7, 0.7]})
    assert pictures.pareto(points, "f1").index.tolist() == [0, 2]
