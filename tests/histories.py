"""Histories and entries of a report in little, for tests of displays of scores."""

import pandas as pd


def history_of(*scores):
    """One specification, scored at three steps."""
    frame = pd.DataFrame({"specification": 0, "name": "guided", "step": [0, 10, 20], "score": scores})
    return frame.assign(standard_error=0.1)


def entries_of(**kept):
    """A baseline, and kept candidates by step and score."""
    rows = [
        ("smote", None, 0.4, 0.1, False),
        *(("guided", step, score, 0.1, True) for step, score in kept.values()),
    ]
    columns = ["name", "step", "score", "standard_error", "kept"]
    return pd.DataFrame(rows, columns=columns).astype({"step": "Int64"})
