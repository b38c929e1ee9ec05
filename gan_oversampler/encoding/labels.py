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
from sklearn.utils.multiclass import check_classification_targets


@dataclass(frozen=True)
class Target:
    """The class labels of a table, coded by rarity: code 0 is the most frequent class, the last the rarest.

    ``classes`` holds the label of each code; equally frequent classes are sorted by label. ``codes`` holds
    the code of each row, ``counts`` the number of rows of each code in descending order; ``one_hot`` says
    whether the labels came as a matrix of one column per class.

    Examples
    --------
    >>> target = Target.of(["yes", "no", "no"])
    >>> target.classes.tolist(), target.codes.tolist()
    (['no', 'yes'], [1, 0, 0])
    """

    classes: NDArray[Any]
    codes: NDArray[np.intp]
    one_hot: bool
    counts: NDArray[np.intp]

    @classmethod
    def of(cls, y: Any) -> Target:
        """Read labels: a list, array, column vector, one-hot matrix, series, or frame of one column.

        Raises ``ValueError`` if labels are missing, if texts are mixed with other types, or if the labels
        are not classes but continuous or of several outputs.
        """
        missing = int(np.sum(pd.isna(np.asarray(y, dtype=object)))) if y is not None else 0
        if missing:
            raise ValueError(
                f"The target holds {missing} missing labels (NaN). Drop those rows, or give them a label of"
                " their own."
            )
        # NumPy would turn all labels of such a list into texts.
        texts = [isinstance(label, str) for label in y] if isinstance(y, list) else []
        if any(texts) and not all(texts):
            raise ValueError("The target mixes texts with other labels. Give all labels as texts.")
        if isinstance(y, pd.DataFrame) and y.shape[1] == 1:
            y = y.iloc[:, 0]
        if isinstance(y, pd.Series) and hasattr(y.dtype, "numpy_dtype") and y.dtype.kind in "biu":
            y = y.to_numpy(dtype=y.dtype.numpy_dtype)  # nullable, but nothing is missing
        elif np.ndim(y) == 2 and np.shape(y)[1] > 1:
            y = np.asarray(y)
        check_classification_targets(y)
        labels, one_hot = check_target_type(y, indicate_one_vs_all=True)
        classes, codes, counts = np.unique(labels, return_inverse=True, return_counts=True)
        order = np.argsort(-counts, kind="stable")
        return cls(classes[order], np.argsort(order)[codes], bool(one_hot), counts[order])

    def without_rows(self) -> Target:
        """Copy the target without the codes of its rows: classes and counts are all that drawing needs."""
        return replace(self, codes=self.codes[:0])

    @property
    def names(self) -> list[Any]:
        """The label of each code as a plain Python object, for messages and keys."""
        return list(pd.Series(self.classes).tolist())

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
            # imbalanced-learn takes no ratios in a dict, so they become total numbers of rows.
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
            requested = totals
        strategy = check_sampling_strategy(requested, self.codes, "over-sampling")
        by_label = np.argsort(self.classes, kind="stable").tolist()
        return {self.names[code]: int(strategy[code]) for code in by_label if code in strategy}

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
            series = nw.from_native(y, series_only=True)
            tail = nw.new_series(series.name, new.tolist(), series.dtype, backend=series.implementation)
            return nw.concat([series.to_frame(), tail.to_frame()])[series.name].to_native()
        y = np.asarray(y)
        return np.concatenate([y, new.reshape(-1, *y.shape[1:]).astype(y.dtype)])
