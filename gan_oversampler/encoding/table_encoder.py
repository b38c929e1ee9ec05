"""Learn a table, encode its rows, decode new ones, and stack these below the originals."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.utils import _safe_indexing

from gan_oversampler._utils import Streams
from gan_oversampler.encoding.columns import Column, learn_column
from gan_oversampler.encoding.containers import Container, read_table
from gan_oversampler.encoding.dataset import Frame
from gan_oversampler.encoding.layout import EncodedRows, Layout

Names = tuple[Hashable, ...]


@dataclass(frozen=True, slots=True, eq=False)
class TableEncoder:
    """Everything learned of a table that is needed to encode its rows and to write new ones.

    ``container`` knows how the table is stored, ``columns`` what each of its columns holds, and ``layout``
    where these are in encoded rows.

    Examples
    --------
    >>> X = [[31, "Bonn"], [45, "Kiel"], [28, "Bonn"]]
    >>> encoder = TableEncoder.learn(X)
    >>> encoder.decode(encoder.encode(X), np.random.default_rng(0))
    [[31, 'Bonn'], [45, 'Kiel'], [28, 'Bonn']]
    """

    container: Container
    columns: tuple[Column, ...]
    layout: Layout

    @classmethod
    def learn(cls, X: Any, *, categorical_features: Any = "auto") -> TableEncoder:
        """Learn the container of a table, the kind and range of each column, and the layout of its rows.

        Parameters
        ----------
        X : table
            pandas, polars or other eager frame, 2-D array, list of rows, or sparse matrix.
        categorical_features : "auto", None, or array-like of names, positions or bool
            Columns that are categorical although they hold numbers or times; text, booleans and
            columns of two values are so anyway.

        Raises
        ------
        ValueError
            If ``X`` is no table with rows and columns, has duplicate names, infinite values or texts that
            look like identifiers, or if ``categorical_features`` names no column. A lazy frame is a
            ``TypeError``.
        """
        container, cells = read_table(X)
        categorical = _categorical_names(categorical_features, container.names)
        columns = tuple(
            learn_column(name, part, categorical=name in categorical)
            for name, part in zip(container.names, cells, strict=True)
        )
        # Constant columns have blocks of width 0, which the layout leaves out.
        starts = np.cumsum([0, *(column.block(0).width for column in columns)]).tolist()
        blocks = [column.block(start) for column, start in zip(columns, starts, strict=False)]
        return cls(container, columns, Layout(tuple(b for b in blocks if b.width), container.names))

    @property
    def non_numeric(self) -> Names:
        """Names of the columns that hold something else than numbers and truth values."""
        named = zip(self.container.names, self.columns, strict=True)
        return tuple(name for name, column in named if not column.numeric)

    def encode(self, X: Any) -> EncodedRows:
        """Return the ``n`` rows of a table as valid encoded rows of shape ``(n, layout.width)``.

        Raises ``ValueError`` if ``X`` has other columns than the learned table or another order of them,
        or holds infinity, unknown levels, or missing cells in a column that had none.
        """
        container, cells = read_table(X)
        learned, came = self.container.names, container.names
        if learned != came and set(learned) == set(came):
            place = next(i for i, name in enumerate(learned) if name != came[i])
            raise ValueError(
                f"X has the {len(learned)} columns that were learned, but in another order: at position"
                f" {place} is {came[place]!r} instead of {learned[place]!r}. Reorder them: {_short(learned)}."
            )
        if learned != came:
            raise ValueError(
                f"X must have the {len(learned)} columns that were learned, in order, got {len(came)}."
                f" Missing: {_short(tuple(n for n in learned if n not in came))};"
                f" new: {_short(tuple(n for n in came if n not in learned))}."
            )
        parts = [column.encode(part) for column, part in zip(self.columns, cells, strict=True)]
        return np.concatenate(parts, axis=1, dtype=np.float32)

    def decode(self, rows: NDArray[np.floating[Any]], rng: np.random.Generator) -> Any:
        """Return ``n`` encoded rows as a table of ``n`` rows in the learned container and dtypes.

        Rows may hold any finite numbers: the largest state of a group counts, and values are clipped to
        the learned range. The direction of rounding, and which of several rare levels a state becomes, are
        drawn from ``rng``. Raises ``ValueError`` for rows of another width, and for NaN and infinity.
        """
        rows = np.asarray(rows, dtype=np.float32)
        if rows.ndim != 2 or rows.shape[1] != self.layout.width:
            raise ValueError(
                f"Encoded rows must have shape (n, {self.layout.width}), got {rows.shape}."
                " Pass rows laid out by the same encoder."
            )
        if not np.isfinite(rows).all():
            raise ValueError(
                "Encoded rows must be finite, got NaN or infinity."
                " The generator that drew them has diverged; use an earlier snapshot."
            )
        # Column by column is how rows are read now; contiguous columns halve the time.
        rows = np.asfortranarray(rows)
        stops = np.cumsum([column.block(0).width for column in self.columns])
        parts = np.split(rows, stops[:-1], axis=1)
        cells = [column.decode(part, rng) for column, part in zip(self.columns, parts, strict=True)]
        return self.container.build(cells)

    def stack(self, X: Any, new: Any) -> Any:
        """Return the rows of ``X``, unchanged, followed by new rows from `decode`, in the same container.

        The oversampler guarantees this order, so that users find the original rows where they were.
        """
        return self.container.stack(X, new)


def _categorical_names(categorical_features: Any, names: Names) -> frozenset[Hashable]:
    """Names of the columns that ``categorical_features`` selects."""
    if isinstance(categorical_features, str) and categorical_features != "auto":
        raise ValueError(
            "`categorical_features` must be 'auto', None, or a list of names, positions or bool,"
            f" got {categorical_features!r}. Pass [{categorical_features!r}] to name one column."
        )
    if categorical_features is None or isinstance(categorical_features, str):
        return frozenset()
    entries = list(categorical_features)
    if entries and all(isinstance(entry, (bool, np.bool_)) for entry in entries):
        if len(entries) != len(names):
            raise ValueError(
                f"A mask as `categorical_features` needs {len(names)} entries, one per column, got"
                f" {len(entries)}."
            )
        entries = np.flatnonzero(entries).tolist()
    # As in scikit-learn, an integer is a position, even where names are integers.
    positions = range(len(names))
    for entry in entries:
        if entry not in (positions if isinstance(entry, Integral) else names):
            raise ValueError(
                f"`categorical_features` holds {entry!r}, which is no column; X has {len(names)}:"
                f" {_short(names)}. Name existing columns, or give positions from 0 to {len(names) - 1}."
            )
    return frozenset(names[entry] if isinstance(entry, Integral) else entry for entry in entries)


def _short(names: Names) -> str:
    shown = ", ".join(map(repr, names[:8]))
    return f"{shown}, ..." if len(names) > 8 else shown or "none"


def frames_of(
    encoder: TableEncoder, X: Frame, streams: Streams, values: NDArray[Any], origin: NDArray[np.intp]
) -> Frame:
    """Write encoded rows in the user's container, for oracles that look at the user's own columns.

    Rows with a position in the table (``origin >= 0``) come back as they are in ``X``; synthetic rows, which
    follow them, are decoded. The same rows always decode alike.
    """
    real = origin >= 0
    is_fixed = sparse.issparse(X) and X.format not in ("csr", "csc", "lil")  # cannot be indexed
    known = _safe_indexing(X.tocsr() if is_fixed else X, origin[real])
    if real.all():
        return known
    new = encoder.decode(values[~real], streams.numpy("decode"))
    return encoder.stack(known, new) if real.any() else new
