"""The target column: labels in, codes inside, labels out in the container they came in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd
from imblearn.utils import check_sampling_strategy, check_target_type
from numpy.typing import NDArray
from sklearn.utils.multiclass import check_classification_targets


@dataclass(frozen=True)
class Target:
    """Labels of a table, coded by rarity: code 0 is the most frequent class, the last the rarest.

    Examples
    --------
    >>> target = Target.of(["yes", "no", "no"])
    >>> target.classes.tolist(), target.codes.tolist()
    (['no', 'yes'], [1, 0, 0])
    """

    classes: NDArray[Any]
    codes: NDArray[np.intp]
    one_hot: bool

    @classmethod
    def of(cls, y: Any) -> Target:
        """Read a list, array, column vector, one-hot matrix, series or data frame of one column.

        Raises
        ------
        ValueError
            If labels are missing, or the target is not one of classes.
        """
        _refuse_missing(y)
        _refuse_mixed(y)
        y = _as_array(y)
        check_classification_targets(y)
        labels, one_hot = check_target_type(y, indicate_one_vs_all=True)
        classes, codes, counts = np.unique(labels, return_inverse=True, return_counts=True)
        order = np.argsort(-counts, kind="stable")
        return cls(classes[order], np.argsort(order)[codes], bool(one_hot))

    @property
    def names(self) -> list[Any]:
        """The labels by code, as Python writes them."""
        names: list[Any] = pd.Series(self.classes).tolist()
        return names

    @property
    def labels(self) -> NDArray[Any]:
        return np.asarray(self.classes[self.codes])

    @property
    def counts(self) -> NDArray[np.intp]:
        """Rows per code."""
        return np.bincount(self.codes, minlength=len(self.classes))

    def code_of(self, label: Any) -> int:
        """Code of a label.

        Raises
        ------
        ValueError
            If there is no such class.
        """
        if label not in self.names:
            known = ", ".join(map(repr, self.names))
            raise ValueError(f"Unknown class {label!r}. Known are: {known}.")
        return self.names.index(label)

    def strategy(self, asked: Any) -> dict[Any, int]:
        """New rows per class label, from any form of ``sampling_strategy``.

        Beyond imbalanced-learn's forms, a float may be used with more than two classes, and a mapping
        may hold ratios: floats in (0, 1] are shares of the largest class.
        """
        strategy = check_sampling_strategy(self._coded(asked), self.codes, "over-sampling")
        by_label = np.argsort(self.classes, kind="stable").tolist()
        return {self.names[code]: int(strategy[code]) for code in by_label if code in strategy}

    def _coded(self, asked: Any) -> Any:
        """The same wish in codes and totals."""
        if callable(asked):
            asked = asked(self.labels)
        if isinstance(asked, Mapping):
            return {self.code_of(label): self._total(label, value) for label, value in asked.items()}
        if isinstance(asked, Real) and len(self.classes) > 2 and 0 < float(asked) <= 1:
            return {code: self._total(self.names[code], float(asked)) for code in range(1, len(self.classes))}
        return asked

    def _total(self, label: Any, value: float) -> int:
        if isinstance(value, Integral):
            return int(value)
        if not 0 < value <= 1:
            raise ValueError(
                f"The ratio of class {label!r} in 'sampling_strategy' must be in (0, 1]. Got {value!r}"
                " instead. Give an integer for a total number of rows."
            )
        count = int(self.counts[self.code_of(label)])
        # Rounded as imbalanced-learn does, so that a ratio means the same in all its forms.
        return count + max(int(self.counts[0] * value - count), 0)

    def refuse_single_rows(self, codes: Iterable[int]) -> None:
        """Raise if one of these classes has a single row."""
        for code in codes:
            if self.counts[code] == 1:
                raise ValueError(
                    f"Class {self.names[code]!r} has 1 row; oversampling needs at least 2 to see"
                    " how rows of the class vary. Leave it out of 'sampling_strategy' (give a dict of the"
                    " other classes), merge it with another class, or collect more rows."
                )

    def stack(self, y: Any, codes: NDArray[np.intp]) -> Any:
        """The labels as they came, followed by those of new rows."""
        new = self.classes[codes]
        if self.one_hot:
            new = (new[:, None] == np.arange(np.shape(y)[1])).astype(np.asarray(y).dtype)
        if isinstance(y, pd.Series):
            return pd.concat([y, pd.Series(new, dtype=y.dtype, name=y.name)], ignore_index=True)
        if isinstance(y, pd.DataFrame):
            frame = pd.DataFrame(new, columns=y.columns).astype(y.dtypes)
            return pd.concat([y, frame], ignore_index=True)
        if isinstance(y, Sequence):
            return [*y, *new.tolist()]
        if nw.dependencies.is_into_series(y):
            return _stack_series(y, new)
        y = np.asarray(y)
        return np.concatenate([y, new.reshape(-1, *y.shape[1:]).astype(y.dtype)])


def _stack_series(y: Any, new: NDArray[Any]) -> Any:
    """Series of other libraries, through narwhals."""
    series = nw.from_native(y, series_only=True)
    tail = nw.new_series(series.name, new.tolist(), series.dtype, backend=nw.get_native_namespace(y))
    return nw.concat([series.to_frame(), tail.to_frame()])[series.name].to_native()


def _refuse_missing(y: Any) -> None:
    missing = int(np.sum(pd.isna(np.asarray(y, dtype=object)))) if y is not None else 0
    if missing:
        raise ValueError(
            f"The target holds {missing} missing labels (NaN). Drop those rows, or give them a label of"
            " their own."
        )


def _refuse_mixed(y: Any) -> None:
    texts = [isinstance(label, str) for label in y] if isinstance(y, list) else []
    if any(texts) and not all(texts):
        raise ValueError("The target mixes texts with other labels. Give all labels as texts.")


def _as_array(y: Any) -> Any:
    """Matrices of lists or frames as arrays; nullable integers and booleans as plain ones."""
    if isinstance(y, pd.DataFrame) and y.shape[1] == 1:
        y = y.iloc[:, 0]
    if isinstance(y, pd.Series) and hasattr(y.dtype, "numpy_dtype") and y.dtype.kind in "biu":
        return y.to_numpy(dtype=y.dtype.numpy_dtype)
    return np.asarray(y) if np.ndim(y) == 2 and np.shape(y)[1] > 1 else y
