"""The façade: learn a table, encode its rows, decode new ones, stack them below the originals."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.utils import _safe_indexing

from gan_oversampler._utils import Streams
from gan_oversampler.encoding.columns import Column, learn_column
from gan_oversampler.encoding.containers import Container, container_of
from gan_oversampler.encoding.dataset import Frame
from gan_oversampler.encoding.layout import Block, Layout

Names = tuple[Hashable, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Codec:
    """Everything learned of a table that is needed to encode its rows and to write new ones.

    Parameters
    ----------
    container : Container
        Container, names and dtypes of the table.
    columns : tuple of Column
        What was learned of each column.
    layout : Layout
        Blocks of the encoded rows; constant columns have none.

    Examples
    --------
    >>> X = [[31, "Bonn"], [45, "Kiel"], [28, "Bonn"]]
    >>> codec = Codec.learn(X)
    >>> codec.decode(codec.encode(X), np.random.default_rng(0))
    [[31, 'Bonn'], [45, 'Kiel'], [28, 'Bonn']]
    """

    container: Container
    columns: tuple[Column, ...]
    layout: Layout

    @classmethod
    def learn(cls, X: Any, *, categorical_features: Any = "auto") -> Codec:
        """Learn a table.

        Parameters
        ----------
        X : table
            pandas, polars or other eager frame, 2-D array, list of rows, or sparse matrix.
        categorical_features : "auto", None, or array-like of names, positions or bool
            Columns that are categories whatever they hold; text, booleans and columns of two
            values are so anyway.
        """
        container = container_of(X)
        categorical = _categorical(categorical_features, container.names)
        columns = tuple(
            learn_column(name, cells, categorical=name in categorical)
            for name, cells in zip(container.names, container.columns(X), strict=True)
        )
        return cls(container, columns, Layout(_blocks(columns), tuple(container.names)))

    @property
    def wordy(self) -> Names:
        """Columns that hold something else than numbers and truth values."""
        named = zip(self.container.names, self.columns, strict=True)
        return tuple(name for name, column in named if not column.numeric)

    def encode(self, X: Any) -> NDArray[np.float32]:
        """Rows of a table like the learned one as ``(n, layout.width)`` floats."""
        container = container_of(X)
        _refuse_other_columns(self.container.names, container.names)
        parts = [
            column.encode(cells) for column, cells in zip(self.columns, container.columns(X), strict=True)
        ]
        return np.concatenate(parts, axis=1, dtype=np.float32)

    def decode(self, rows: NDArray[np.floating[Any]], rng: np.random.Generator) -> Any:
        """Encoded rows as a table of the learned container and dtypes."""
        rows = self._checked(np.asarray(rows, dtype=np.float32))
        # Column by column is how rows are read now; contiguous columns halve the time.
        rows = np.asfortranarray(rows)
        starts = np.cumsum([0, *map(_width, self.columns)])
        return self.container.build(
            [
                column.decode(rows[:, start:stop], rng)
                for column, start, stop in zip(self.columns, starts, starts[1:], strict=False)
            ]
        )

    def stack(self, X: Any, new: Any) -> Any:
        """The rows of ``X``, unchanged, followed by new ones from `decode`."""
        return self.container.stack(X, new)

    def _checked(self, rows: NDArray[np.float32]) -> NDArray[np.float32]:
        if rows.ndim != 2 or rows.shape[1] != self.layout.width:
            raise ValueError(
                f"Encoded rows must have shape (n, {self.layout.width}), got {rows.shape}."
                " Pass rows laid out by the same codec."
            )
        if not np.isfinite(rows).all():
            raise ValueError(
                "Encoded rows must be finite, got NaN or infinity."
                " The generator that drew them has diverged; use an earlier snapshot."
            )
        return rows


def _width(column: Column) -> int:
    block = column.block(0)
    return block.width if block else 0


def _blocks(columns: Iterable[Column]) -> tuple[Block, ...]:
    blocks: list[Block] = []
    start = 0
    for column in columns:
        if block := column.block(start):
            blocks.append(block)
            start += block.width
    return tuple(blocks)


def _categorical(asked: Any, names: Names) -> frozenset[Hashable]:
    """Names of the columns that `categorical_features` asks for."""
    if asked is None or (isinstance(asked, str) and asked == "auto"):
        return frozenset()
    if isinstance(asked, str):
        raise ValueError(
            "`categorical_features` must be 'auto', None, or a list of names, positions or bool,"
            f" got {asked!r}. Pass [{asked!r}] to name one column."
        )
    entries = list(asked)
    if entries and all(isinstance(entry, (bool, np.bool_)) for entry in entries):
        return _by_mask(entries, names)
    return frozenset(_by_name_or_position(entry, names) for entry in entries)


def _by_mask(mask: Sequence[Any], names: Names) -> frozenset[Hashable]:
    if len(mask) != len(names):
        raise ValueError(
            f"A mask as `categorical_features` needs {len(names)} entries, one per column, got {len(mask)}."
        )
    return frozenset(name for name, chosen in zip(names, mask, strict=True) if chosen)


def _by_name_or_position(entry: Any, names: Names) -> Hashable:
    """As in scikit-learn, an integer is a position, even where names are integers."""
    if isinstance(entry, Integral):
        if int(entry) in range(len(names)):
            return names[int(entry)]
    elif entry in names:
        return entry
    raise ValueError(
        f"`categorical_features` holds {entry!r}, which is no column; X has {len(names)}:"
        f" {_short(names)}. Name existing columns, or give positions from 0 to {len(names) - 1}."
    )


def _refuse_other_columns(learned: Names, came: Names) -> None:
    if learned == came:
        return
    raise ValueError(
        f"X must have the {len(learned)} columns that were learned, in order, got {len(came)}."
        f" Missing: {_short(tuple(n for n in learned if n not in came))};"
        f" new: {_short(tuple(n for n in came if n not in learned))}."
    )


def _short(names: Names) -> str:
    shown = ", ".join(map(repr, names[:8]))
    return f"{shown}, ..." if len(names) > 8 else shown or "none"


def frames_of(
    codec: Codec, X: Frame, streams: Streams, values: NDArray[Any], origin: NDArray[np.intp]
) -> Frame:
    """Rows for oracles in the user's container; the same rows always decode alike."""
    real = origin >= 0
    if real.all():
        return _taken(X, origin)
    new = codec.decode(values[~real], streams.numpy("decode"))
    return codec.stack(_taken(X, origin[real]), new) if real.any() else new


def _taken(X: Frame, index: NDArray[np.intp]) -> Frame:
    """Rows of a table, also of sparse formats that cannot be indexed."""
    fixed = sparse.issparse(X) and X.format not in ("csr", "csc", "lil")
    return _safe_indexing(X.tocsr() if fixed else X, index)
