"""The class labels of a table: coded by rarity, and written back in the container they came in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from numbers import Integral, Real
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd
from imblearn.utils import check_sampling_strategy, check_target_type
from numpy.typing import NDArray
from pandas.api.extensions import ExtensionArray
from sklearn.utils import column_or_1d
from sklearn.utils.multiclass import check_classification_targets

from gan_oversampler.encoding.dataframes import refuse_views


@dataclass(frozen=True)
class Target:
    """The class labels of a table, coded by rarity: code 0 is the most frequent class, the last the rarest.

    ``classes`` holds the label of each code; equally frequent classes are sorted by label. ``names`` holds
    the same labels as plain Python objects, for messages and keys. ``codes`` holds the code of each row,
    ``counts`` the number of rows of each code in descending order.

    Examples
    --------
    >>> target = Target.of(["yes", "no", "no"])
    >>> target.classes.tolist(), target.codes.tolist()
    (['no', 'yes'], [1, 0, 0])
    """

    classes: NDArray[Any]
    names: list[Any]
    codes: NDArray[np.intp]
    counts: NDArray[np.intp]

    @classmethod
    def of(cls, y: Any) -> Target:
        """Read labels: a list, array, column vector, one-hot matrix, series, or frame of one column.

        Raises ``ValueError`` if labels are missing, if texts are mixed with other types, or if the labels
        are not classes but continuous or of several outputs.
        """
        _refuse_containers(y)
        missing = int(np.sum(pd.isna(_objects(y)))) if y is not None else 0
        if missing:
            raise ValueError(
                f"The target holds {missing} missing labels (NaN). Drop those rows, or give them a label of"
                " their own."
            )
        labels, cells = _read(y)
        # NumPy would turn all labels of a list that mixes types into texts.
        texts = [isinstance(label, str) for label in cells]
        if any(texts) and not all(texts):
            raise ValueError("The target mixes texts with other labels. Give all labels as texts.")
        try:
            classes, first, codes, counts = np.unique(labels, True, True, True)
            order = np.argsort(-counts, kind="stable")
            plain = labels.dtype.kind in "biufU"  # numbers and texts; dates stay the user's own objects
            names = classes[order].tolist() if plain else [cells[row] for row in first[order]]
            dict.fromkeys(names)
        except TypeError as error:
            raise ValueError(
                f"Labels must be hashable and sortable, like numbers or texts: {error}."
            ) from None
        return cls(classes[order], names, np.argsort(order)[codes], counts[order])

    def without_rows(self) -> Target:
        """Copy the target without the codes of its rows: classes and counts are all that drawing needs."""
        return replace(self, codes=self.codes[:0])

    @property
    def labels(self) -> NDArray[Any]:
        """The label of each row, of shape ``(n,)``."""
        return np.asarray(self.classes[self.codes])

    def code_of(self, label: Any) -> int:
        """Return the code of a label; raises ``ValueError`` if the label is none of the classes."""
        if label not in self.names:
            known = ", ".join(map(repr, self.names))
            raise ValueError(f"Unknown class {label!r}. Known are: {known}.")
        return self.names.index(label)

    def strategy(self, sampling_strategy: Any) -> dict[Any, int]:
        """Return the number of new rows per class label, from any form of ``sampling_strategy``.

        Labels are sorted; classes without new rows are absent or have 0. Raises ``ValueError`` if a class
        is unknown, a ratio is outside (0, 1], or a total is less than the rows that there are.

        Parameters
        ----------
        sampling_strategy : str, float, dict or callable
            As in imbalanced-learn. In addition, a float may be used with more than two classes, and a dict
            may hold ratios: floats in (0, 1] that are multiplied by the size of the largest class.
        """
        requested = sampling_strategy(self.labels) if callable(sampling_strategy) else sampling_strategy
        if isinstance(requested, Real) and len(self.classes) > 2 and 0 < float(requested) <= 1:
            requested = dict.fromkeys(self.names[1:], float(requested))
        if isinstance(requested, Mapping):
            requested = self.totals(requested)
        strategy = check_sampling_strategy(requested, self.codes, "over-sampling")
        by_label = np.argsort(self.classes, kind="stable").tolist()
        return {self.names[code]: int(strategy[code]) for code in by_label if code in strategy}

    def totals(self, requested: Mapping[Any, Any]) -> dict[int, int]:
        """Return the rows of classes after resampling, by code, from totals and ratios by label.

        imbalanced-learn takes no ratios in a dict. Raises ``ValueError`` if a class is unknown, or a ratio is
        outside (0, 1].
        """
        totals = {}
        for label, value in requested.items():
            code = self.code_of(label)
            if not isinstance(value, Integral):
                if not 0 < value <= 1:
                    raise ValueError(
                        f"The ratio of class {label!r} in 'sampling_strategy' must be in (0, 1]. Got"
                        f" {value!r} instead. Give an integer for a total number of rows."
                    )
                count = int(self.counts[code])
                # Rounded as imbalanced-learn does, so that a ratio means the same in all its forms.
                value = count + max(int(self.counts[0] * value - count), 0)
            totals[code] = int(value)
        return totals

    def code_to_draw(self, label: Any, codes: Sequence[int]) -> int:
        """Return the code of a label among classes that were oversampled; None is the only one of these.

        ``codes`` are those of the classes. Raises ``ValueError`` for other labels, and for None if there are
        several.
        """
        labels = [self.names[code] for code in codes]
        choice = f"Give 'y' as one of: {', '.join(map(repr, labels))}." if labels else "None was."
        if label is None and not labels:
            raise ValueError(
                "No class was oversampled, so there are no new rows to draw. Fit with a 'sampling_strategy'"
                " that asks for some."
            )
        if label is None and len(labels) > 1:
            raise ValueError(f"{len(labels)} classes were oversampled; rows are drawn of one. {choice}")
        label = labels[0] if label is None else label
        if label not in labels:
            what = "not among those to oversample" if label in self.names else "not known"
            raise ValueError(f"Class {label!r} is {what}. {choice}")
        return self.code_of(label)

    def refuse_single_rows(self, codes: Iterable[int]) -> None:
        """Raise ``ValueError``, naming the class, if one of the classes with these codes has a single row.

        One row does not show how the rows of its class vary, so no new rows can be generated from it.
        """
        for code in codes:
            if self.counts[code] == 1:
                raise ValueError(
                    f"Class {self.names[code]!r} has 1 row; oversampling needs at least 2 to see"
                    " how rows of the class vary. Leave it out of 'sampling_strategy' (give a dict of the"
                    " other classes), merge it with another class, or collect more rows."
                )

    def stack(self, y: Any, codes: NDArray[np.intp]) -> Any:
        """Return the labels ``y`` followed by those of new rows, in the container and dtype of ``y``.

        ``y`` holds the labels as they were given to `of` and is not changed; ``codes`` has shape
        ``(n_new,)``. Series and frames of pandas are numbered anew, from 0 on.
        """
        # Labels are copied from rows of their class, so that they are of the same type, whatever it is.
        rows = np.unique(self.codes, return_index=True)[1][codes]
        if isinstance(y, (pd.Series, pd.DataFrame)):
            return pd.concat([y, y.iloc[rows]], ignore_index=True)
        if isinstance(y, pd.Index):
            return y.append(y.take(rows))
        if isinstance(y, ExtensionArray):
            return self.stack(pd.Series(y), codes).array
        if isinstance(y, Sequence):
            stacked = [*y, *(y[row] for row in rows)]
            return tuple(stacked) if isinstance(y, tuple) else stacked
        pyarrow = nw.dependencies.get_pyarrow()
        if pyarrow is not None and isinstance(y, (pyarrow.Table, pyarrow.Array, pyarrow.ChunkedArray)):
            from gan_oversampler.encoding.arrow import stack_arrow, take_arrow

            return stack_arrow(y, take_arrow(y, rows))
        if nw.dependencies.is_into_series(y):
            series = nw.from_native(y, series_only=True)
            return self.stack(series.to_frame().to_native(), codes)[series.name]
        if nw.dependencies.is_into_dataframe(y):
            frame = nw.from_native(y, eager_only=True)
            return nw.concat([frame, frame[rows.tolist()]]).to_native()
        y = np.asarray(y)
        return np.concatenate([y, y[rows]])


def _refuse_containers(y: Any) -> None:
    pyarrow = nw.dependencies.get_pyarrow()
    if pyarrow is not None and isinstance(y, pyarrow.RecordBatch):
        raise TypeError("The target must be no RecordBatch. Pass its column of labels, `y.column(0)`.")
    if isinstance(y, (pd.Series, pd.DataFrame)):
        for name, dtype in pd.DataFrame(y).dtypes.items():
            refuse_views(name, dtype)


def _objects(y: Any) -> NDArray[Any]:
    """Labels of any container as Python objects, also those that NumPy has no type for."""
    if nw.dependencies.is_polars_dataframe(y):
        y = y.rows()
    elif nw.dependencies.is_polars_series(y):
        y = y.to_list()
    return np.asarray(y, dtype=object)


def _read(y: Any) -> tuple[NDArray[Any], Sequence[Any]]:
    """Labels ``(n,)`` as an array that can be sorted, and the same labels as the user's own objects.

    Numbers, texts and times are arrays of their NumPy dtype; others, such as decimals, are objects. Raises
    ``ValueError`` if they are numbers that are no classes.
    """
    shape = getattr(y, "shape", None) or np.asarray(y).shape
    if len(shape) == 2 and shape[1] > 1:  # one-hot
        y = np.asarray(y)
        check_classification_targets(y)
        labels = check_target_type(y)
        return labels, labels
    column = _column(y)
    is_category = isinstance(column, pd.Series) and isinstance(column.dtype, pd.CategoricalDtype)
    if is_category:
        column = column.astype(column.dtype.categories.dtype)
    labels, cells = _array(column)
    if labels.dtype.kind in "TO":
        try:
            labels = pd.Series(labels, dtype=object).infer_objects().to_numpy()
        except UnicodeEncodeError as error:
            raise ValueError(
                f"Labels must be texts that UTF-8 holds, got {error.object!r}. Replace its lone surrogates."
            ) from error
    if labels.dtype.kind != "O" and not is_category:  # what is called a category may have fractions
        check_classification_targets(labels)
    return labels, cells


def _array(column: Any) -> tuple[NDArray[Any], Sequence[Any]]:
    """Labels of one column as an array, and as the user's own objects."""
    if isinstance(column, pd.Series):
        dtype = getattr(column.dtype, "numpy_dtype", np.dtype(object))  # of nullable numbers and truth values
        return column.to_numpy(dtype=dtype if dtype.kind in "biuf" else None), column.tolist()
    if isinstance(column, nw.Series):
        cells = column.to_list()
        is_wide = column.dtype in (nw.Int128, nw.UInt128)  # NumPy has no such integers
        is_plain = column.dtype == nw.Boolean or (column.dtype.is_numeric() and not is_wide)
        return column.to_numpy() if is_plain else np.fromiter(cells, dtype=object), cells
    labels = np.asarray(column)
    if labels.dtype.kind in "mM" and isinstance(column, np.ndarray):
        # Only pandas has objects for nanoseconds, and only NumPy for days.
        in_nanoseconds = np.datetime_data(labels.dtype)[0] == "ns"
        return labels, (pd.Series(labels) if in_nanoseconds else labels).tolist()
    return labels, column


def _column(y: Any) -> Any:
    """Labels of one column: a pandas series, a series of narwhals, a NumPy array, or a sequence."""
    if isinstance(y, pd.DataFrame):
        return y.iloc[:, 0]
    if isinstance(y, (pd.Series, pd.Index, ExtensionArray)):
        return pd.Series(y)
    if nw.dependencies.is_into_dataframe(y):
        frame = nw.from_native(y, eager_only=True)
        return frame[frame.columns[0]]
    if nw.dependencies.is_into_series(y):
        return nw.from_native(y, series_only=True)
    pyarrow = nw.dependencies.get_pyarrow()
    if pyarrow is not None and isinstance(y, pyarrow.Array):
        return _column(pyarrow.chunked_array([y]))
    return y if isinstance(y, Sequence) and np.ndim(y) == 1 else column_or_1d(y)
