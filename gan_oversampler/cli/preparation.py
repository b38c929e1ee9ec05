"""What classifiers and SMOTE need of a table of mixed columns: numbers, codes, no missing cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
from imblearn.over_sampling import SMOTE, SMOTEN, SMOTENC
from numpy.typing import NDArray
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

MISSING: Final = ""  # the level of categories that are missing
MAX_LEVELS: Final = 250  # per column; rarer ones share one, as gradient boosting needs it


@dataclass(frozen=True, slots=True)
class Columns:
    """Which columns of a table are numbers, or dates, and which are categories."""

    numbers: tuple[str, ...]
    categories: tuple[str, ...]

    @classmethod
    def of(cls, X: pd.DataFrame, categorical: Sequence[str] = ()) -> Columns:
        """Numbers are columns of numbers, dates and durations that are not named as categories.

        >>> Columns.of(pd.DataFrame({"age": [31], "city": ["Rome"], "code": [7]}), ["code"])
        Columns(numbers=('age',), categories=('city', 'code'))
        """
        numbers = [
            name
            for name, dtype in X.dtypes.items()
            if name not in categorical and getattr(dtype, "kind", "O") in "iufmM" and dtype != "category"
        ]
        return cls(tuple(numbers), tuple(name for name in X.columns if name not in numbers))

    def plain(self, X: pd.DataFrame) -> pd.DataFrame:
        """The same table of floats, NaN where missing, and texts; numbers first."""
        numbers = {name: _as_floats(X[name]) for name in self.numbers}
        categories = {
            name: X[name].astype(object).where(X[name].notna(), MISSING).astype(str)
            for name in self.categories
        }
        return pd.DataFrame({**numbers, **categories})

    def scaled(self) -> ColumnTransformer:
        """A transformer for linear models: medians in missing cells, unit variance, one-hot categories."""
        numbers = make_pipeline(SimpleImputer(strategy="median", keep_empty_features=True), StandardScaler())
        levels = OneHotEncoder(handle_unknown="ignore", max_categories=MAX_LEVELS)
        return self._transformer(numbers, levels)

    def coded(self) -> ColumnTransformer:
        """A transformer for trees: numbers as they are, a number per category."""
        codes = OrdinalEncoder(
            handle_unknown="use_encoded_value", unknown_value=-1, max_categories=MAX_LEVELS
        )
        return self._transformer("passthrough", codes)

    @property
    def code_positions(self) -> list[int]:
        """Where ``coded`` puts the codes of categories."""
        return list(range(len(self.numbers), len(self.numbers) + len(self.categories)))

    def _transformer(self, numbers: Any, categories: Any) -> ColumnTransformer:
        return ColumnTransformer(
            [("numbers", numbers, list(self.numbers)), ("categories", categories, list(self.categories))]
        )


def frame_of(table: pa.Table) -> pd.DataFrame:
    """A pandas frame of an Arrow table, with dates and decimals as types that classifiers can be given."""
    schema = [
        field.with_type(pa.float64()) if pa.types.is_decimal(field.type) else field for field in table.schema
    ]
    return table.cast(pa.schema(schema)).to_pandas(date_as_object=False, ignore_metadata=True)


def _as_floats(column: pd.Series) -> pd.Series:
    """Numbers as floats, times as days."""
    if column.dtype.kind not in "mM":
        return column.astype("Float64").to_numpy(float, na_value=np.nan)
    zero = (
        pd.Timedelta(0) if column.dtype.kind == "m" else pd.Timestamp(0, tz=getattr(column.dtype, "tz", None))
    )
    return (column - zero) / pd.Timedelta(days=1)


def with_smote(
    X: pd.DataFrame, y: NDArray[np.intp], columns: Columns, seed: int
) -> tuple[pd.DataFrame, NDArray[np.intp]]:
    """Append rows of SMOTE, SMOTENC or SMOTEN to a plain table until all classes have equally many.

    Distances are of standardised numbers. For new rows, missing numbers are medians, as SMOTE knows no
    missing cells; the given rows stay as they are.
    """
    n, k = len(columns.numbers), max(min(5, int(np.bincount(y).min()) - 1), 1)
    if not columns.categories:
        smote: Any = SMOTE(k_neighbors=k, random_state=seed)
    elif not columns.numbers:
        smote = SMOTEN(k_neighbors=k, random_state=seed)
    else:
        smote = SMOTENC(columns.code_positions, k_neighbors=k, random_state=seed)
    names = list(columns.numbers), list(columns.categories)
    rows = np.empty(X.shape)
    if columns.numbers:
        imputed = SimpleImputer(strategy="median", keep_empty_features=True).fit_transform(X[names[0]])
        scaler = StandardScaler().fit(imputed)
        rows[:, :n] = scaler.transform(imputed)
    if columns.categories:
        coder = OrdinalEncoder().fit(X[names[1]])
        rows[:, n:] = coder.transform(X[names[1]])
    rows, y_all = smote.fit_resample(rows, y)
    new = pd.DataFrame(index=range(len(rows) - len(X)), columns=X.columns)
    if columns.numbers:
        new[names[0]] = scaler.inverse_transform(rows[len(X) :, :n])
    if columns.categories:
        new[names[1]] = coder.inverse_transform(rows[len(X) :, n:])
    return pd.concat([X, new.astype(X.dtypes)], ignore_index=True), y_all
