"""What happens to rows before and after a sampler: imputing, scaling, encoding.

The treatment is kept fair by these rules:

* Everything is fitted on training rows only.
* Samplers that measure distances get rows that are imputed, standardised and one-hot encoded.
* Samplers that know categories get them: SMOTENC and SMOTEN as ordinal codes beside standardised
  numbers, those that read tables (ours, CTGAN, forests) as the raw frame. The encoding then follows,
  fitted on the training rows before sampling.
* Tables whose authors publish scaled rows (AutoGAN's) are used as they come.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, OrdinalEncoder, StandardScaler

from benchmarks.tables import Table


@dataclass(frozen=True, slots=True)
class Setting:
    """What a sampler may know beforehand: a seed, the columns, the size of the minority."""

    random_state: int
    numeric: tuple[str, ...]
    categorical: tuple[str, ...]
    n_minority: int  # in the training fold
    n_levels: tuple[int, ...] = ()  # categories seen in training, per categorical column
    scaled: bool = False  # whether numbers come scaled and are left alone

    @classmethod
    def of(cls, train: Table, random_state: int) -> Setting:
        """Describe a training table."""
        n_levels = tuple(int(train.X[column].nunique()) for column in train.categorical)
        return cls(random_state, train.numeric, train.categorical, train.n_minority, n_levels, train.scaled)

    @property
    def k_neighbors(self) -> int:
        """SMOTE's default of 5, or as many as the minority has."""
        return max(min(5, self.n_minority - 1), 1)

    @property
    def one_hot_groups(self) -> tuple[tuple[int, ...], ...]:
        """Positions of each categorical column among the encoded ones."""
        ends = len(self.numeric) + np.cumsum((0, *self.n_levels))
        return tuple(tuple(range(a, b)) for a, b in zip(ends[:-1].tolist(), ends[1:].tolist()))


@dataclass(frozen=True, slots=True)
class Steps:
    """The steps around a sampler: what prepares its rows, and what encodes them for the classifier."""

    before: Any
    sampler: Any  # None draws nothing
    after: Any
    weighted: bool = False  # whether the classifier weighs classes by inverse frequency, where it can
    # makes of a classifier an ensemble that is fitted on the rows before sampling and resamples them itself
    ensemble: Callable[[Any], Any] | None = None


def encoder(setting: Setting, codes: Any = None) -> ColumnTransformer:
    """Make a transformer that imputes missing cells, standardises numbers and encodes categories.

    Numbers come first. ``codes`` is the encoder of the categories, one-hot by default.
    """
    one_hot = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    scaler = FunctionTransformer() if setting.scaled else StandardScaler()
    numbers = make_pipeline(SimpleImputer(strategy="median"), scaler)
    categories = make_pipeline(SimpleImputer(strategy="most_frequent"), codes or one_hot)
    columns = list(setting.numeric), list(setting.categorical)
    return ColumnTransformer([("numbers", numbers, columns[0]), ("categories", categories, columns[1])])


def on_raw(setting: Setting, sampler: Any) -> Steps:
    """Sample the frame as it is, encode afterwards."""
    return Steps(FunctionTransformer(), sampler, encoder(setting))


def on_encoded(setting: Setting, sampler: Any, *, weighted: bool = False) -> Steps:
    """Encode, then sample."""
    return Steps(encoder(setting), sampler, FunctionTransformer(), weighted)


def on_codes(setting: Setting, sampler: Any) -> Steps:
    """Sample standardised numbers and ordinal codes, make the codes one-hot afterwards."""
    codes = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    one_hot = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    after = ColumnTransformer(
        [("categories", one_hot, slice(len(setting.numeric), None))], remainder="passthrough"
    )
    return Steps(encoder(setting, codes), sampler, after)
