"""Small tables that tests share."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.datasets import load_breast_cancer

from gan_oversampler.encoding.layout import Block, Layout
from gan_oversampler.encoding.row_space import RowSpace

# Rows of a value, three states, a guarded value and another value.
MIXED = RowSpace(
    Layout(
        (
            Block("age", 0, 0, ()),
            Block("city", 1, 3, None),
            Block("income", 4, 2, (0.0, -0.7)),
            Block("score", 7, 0, ()),
        )
    )
)


def numbers(n: int = 90, minority: int = 24, columns: int = 4) -> tuple[NDArray, NDArray]:
    """Two overlapping Gaussian classes; 1 is the minority."""
    rng = np.random.default_rng(0)
    y = np.r_[np.zeros(n - minority, int), np.ones(minority, int)]
    return rng.normal(size=(n, columns)) + y[:, None], y


def mixed(n: int = 120) -> tuple[pd.DataFrame, pd.Series]:
    """A column of every kind, with missing cells; three classes of 70, 30 and 20 rows."""
    rng = np.random.default_rng(1)
    y = pd.Series(np.repeat(["common", "rare", "rarest"], [70, 30, 20]), name="kind")
    day = pd.Timestamp("2024-01-01", tz="Europe/Paris")
    frame = pd.DataFrame(
        {
            "amount": rng.normal(size=n) + (y == "rare"),
            "price": np.round(rng.gamma(2, 10, size=n), 2),
            "rain": np.where(rng.random(n) < 0.6, 0.0, rng.gamma(2, size=n)),
            "visits": pd.array(rng.poisson(9, size=n), dtype="Int64"),
            "member": rng.random(n) < 0.3,
            "city": pd.Categorical(rng.choice(["Rome", "Oslo", "Lima"], size=n)),
            "note": rng.choice(["ok", "late", "lost"], size=n),
            "when": day + pd.to_timedelta(rng.integers(0, 300, size=n), unit="D"),
            "wait": pd.to_timedelta(rng.integers(0, 900, size=n), unit="s"),
            "constant": 7,
        }
    )
    frame.loc[::9, "price"] = np.nan
    frame.loc[::7, "visits"] = pd.NA
    frame.loc[::11, "note"] = None
    return frame, y


def cancer(minority: int = 40) -> tuple[pd.DataFrame, pd.Series]:
    """Breast cancer with few malignant rows and six columns, text labels."""
    X, y = load_breast_cancer(as_frame=True, return_X_y=True)
    keep = np.r_[np.flatnonzero(y == 1)[:150], np.flatnonzero(y == 0)[:minority]]
    labels = y.iloc[keep].map({0: "malignant", 1: "benign"})
    return X.iloc[keep, :6].reset_index(drop=True), labels.reset_index(drop=True)


def many_levels(n: int = 3000, seed: int = 0, n_levels: int = 300) -> tuple[pd.DataFrame, NDArray]:
    """A column of many levels, each with log-odds of its own that no seed changes, and a number; 5 % rare."""
    effects, rng = np.random.default_rng(99).normal(0, 2, n_levels), np.random.default_rng(seed)
    level, value = rng.integers(0, n_levels, n), rng.normal(size=n)
    latent = effects[level] + 0.7 * value + rng.logistic(size=n)
    frame = pd.DataFrame({"level": [f"l{i:03}" for i in level], "value": value})
    return frame, (latent > np.quantile(latent, 0.95)).astype(int)
