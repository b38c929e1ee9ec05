"""Numbers become text."""

import numpy as np
import pandas as pd

from benchmarks.reporting import markdown


def test_the_best_is_bold_after_rounding():
    column = pd.Series([0.8996, 0.9, 0.1, np.nan])
    assert markdown.numbers(column, 3, markdown.HIGHEST).tolist() == ["**0.900**", "**0.900**", "0.100", "–"]
    assert markdown.numbers(column, 1, 0.5).tolist() == ["**0.9**", "**0.9**", "**0.1**", "–"]
