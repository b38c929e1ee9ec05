"""How far new rows of a class are from real ones: as a cloud, cell by cell, at the edges.

Clouds are compared on encoded rows (numbers standardised, categories one-hot), cells as the table has them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pandas as pd
from scipy.spatial.distance import cdist
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import cross_val_predict

from benchmarks.preparation import Steps
from benchmarks.tables import Table

MAX_ROWS: Final = 1000  # of a kind, for distances
MAX_FOREST_ROWS: Final = 300  # of a kind, for the forest that tells new from real
MIN_FOREST_ROWS: Final = 10
MIN_DISTINCT: Final = 20  # values; a column with fewer has states, no range
SPIKE: Final = 0.05  # share of rows from which on a value is a state of its column
TELLING: Final = 0.1  # a share that differs so much between classes says something about the class


def energy_distance(rows: np.ndarray, others: np.ndarray) -> float:
    """Energy distance of two samples (Székely & Rizzo 2013), 0 for equal ones.

    >>> energy_distance(np.zeros((3, 2)), np.ones((5, 2)) * [0.6, 0.8])
    2.0
    """
    across, own = cdist(rows, others).mean(), cdist(rows, rows).mean() + cdist(others, others).mean()
    return float(2 * across - own)


def told_apart(new: np.ndarray, real: np.ndarray, rng: np.random.Generator) -> float:
    """Cross-validated ROC AUC of a forest that tells new from equally many real rows; 0.5 is ideal.

    New rows between real ones, such as SMOTE's, give less than 0.5: neighbours are of the other kind.
    """
    n = min(len(new), len(real), MAX_FOREST_ROWS)
    if n < MIN_FOREST_ROWS:
        return float("nan")
    rows = np.concatenate([_at_most(new, n, rng), _at_most(real, n, rng)])
    labels = np.repeat([1, 0], n)
    forest = RandomForestClassifier(100, random_state=0)
    found = cross_val_predict(forest, rows, labels, cv=5, method="predict_proba")[:, 1]
    return float(roc_auc_score(labels, found))


def cloud(
    new: np.ndarray, seen: np.ndarray, held_out: np.ndarray, rng: np.random.Generator
) -> dict[str, float]:
    """Compare new encoded rows with held-out ones by energy distance, and with seen ones by a forest.

    ``distance`` is what is left of ``energy`` after subtracting ``energy_real``, that between seen and
    held-out real rows: 0 if new rows are as near to unseen ones as the training rows are.
    """
    far, near, unseen = (_at_most(rows, MAX_ROWS, rng) for rows in (new, seen, held_out))
    energy, energy_real = energy_distance(far, unseen), energy_distance(near, unseen)
    distances = {"energy": energy, "energy_real": energy_real, "distance": energy - energy_real}
    return distances | {"c2st": told_apart(new, seen, rng)}


def _at_most(rows: np.ndarray, n: int, rng: np.random.Generator) -> np.ndarray:
    return rows if len(rows) <= n else rows[rng.choice(len(rows), n, replace=False)]


def as_cells(steps: Steps, table: Table, rows: pd.DataFrame) -> pd.DataFrame:
    """Write rows that a sampler drew as rows of the table: undo scaling and codes, if it got such."""
    if not hasattr(steps.before, "named_transformers_"):
        return rows.reset_index(drop=True)
    values, n = rows.to_numpy(), len(table.numeric)
    known = steps.before.named_transformers_
    parts = {"numbers": (table.numeric, values[:, :n]), "categories": (table.categorical, values[:, n:])}
    frames = [
        pd.DataFrame(known[name][-1].inverse_transform(part), columns=list(columns))
        for name, (columns, part) in parts.items()
        if columns
    ]
    return pd.concat(frames, axis=1)[list(table.X.columns)]


def shares(new: pd.DataFrame, train: Table) -> dict[str, float]:
    """Compare the shares of categories, missing cells and zeros with those of the real rows of the class.

    Of a categorical column it is the total variation, a missing cell being one more level; of a number the
    difference of the shares of missing cells, and of zeros where they are a spike. ``share_error`` is the
    mean over all of these, ``share_error_telling`` over those that differ between the classes.
    """
    is_rare = train.y == 1
    real, rest = states(train.X[is_rare], train), states(train.X[~is_rare], train)
    drawn = states(new, train)
    errors = pd.Series(
        {what: _total_variation(drawn[what], part) for what, part in real.items()}, dtype=float
    )
    contrast = pd.Series(
        {what: _total_variation(rest[what], part) for what, part in real.items()}, dtype=float
    )
    kinds = pd.Series({what: what[1] for what in real}, dtype=str)
    by_kind = {f"{kind}_error": errors[kinds == kind].mean() for kind in ("category", "missing", "zero")}
    telling = errors[contrast > TELLING].mean()
    return {"share_error": errors.mean(), "share_error_telling": telling, **by_kind}


def states(rows: pd.DataFrame, train: Table) -> dict[tuple[str, str], Mapping[Any, float]]:
    """Compute the shares of the states of each column: levels, missing or not, zero or not."""
    found: dict[tuple[str, str], Mapping[Any, float]] = {}
    for column in train.categorical:
        cells = rows[column].astype(object)
        levels = cells.where(cells.notna(), "missing").astype(str)
        found[column, "category"] = levels.value_counts(normalize=True).to_dict()
    for column in train.numeric:
        if train.X[column].isna().any():
            found[column, "missing"] = _share(rows[column].isna())
        if (train.X[column] == 0).mean() > SPIKE:
            found[column, "zero"] = _share(np.isclose(rows[column].astype(float), 0, atol=1e-9))
    return found


def _share(hits: Any) -> dict[bool, float]:
    share = float(np.mean(hits))
    return {True: share, False: 1 - share}


def _total_variation(shares: Mapping[Any, float], others: Mapping[Any, float]) -> float:
    levels = {*shares, *others}
    return sum(abs(shares.get(level, 0.0) - others.get(level, 0.0)) for level in levels) / 2


def extremes(new: pd.DataFrame, train: Table) -> dict[str, float]:
    """Compute the shares of new and of real rare rows with a cell at a column's smallest or largest value.

    Columns of few values, and ends at which many rows lie, are left out: these are states.
    """
    real = train.X[train.y == 1]
    hits, hits_real = np.zeros(len(new), bool), np.zeros(len(real), bool)
    for column in train.numeric:
        values = train.X[column]
        if values.nunique() < MIN_DISTINCT:
            continue
        for end, beyond in ((values.min(), np.less_equal), (values.max(), np.greater_equal)):
            if (values == end).mean() <= SPIKE:
                slack = 1e-9 * max(abs(end), 1.0) * (1 if beyond is np.less_equal else -1)
                hits |= beyond(new[column].to_numpy(float), end + slack)
                hits_real |= beyond(real[column].to_numpy(float), end + slack)
    return {"extreme": float(hits.mean()), "extreme_real": float(hits_real.mean())}
