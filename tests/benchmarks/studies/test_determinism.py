"""Equal outputs have equal digests."""

import numpy as np
import pandas as pd

from benchmarks.studies import determinism


def test_digests_ignore_the_container():
    X = np.eye(2)
    assert determinism.digest(X, [0, 1]) == determinism.digest(pd.DataFrame(X), pd.Series([0, 1]))
    assert determinism.digest(X, [0, 1]) != determinism.digest(X, [1, 0])
