"""Learn a table, encode its rows, decode new ones, and stack these below the originals."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from numbers import Integral
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import _num_samples

from gan_oversampler._utils import Streams
from gan_oversampler.encoding.categorical import Categorical
from gan_oversampler.encoding.cell_conditions import Condition, conditions_of
from gan_oversampler.encoding.cells import NO_CLASSES, Cells, ClassRows, replaced
from gan_oversampler.encoding.coding import decode_columns, encode_columns
from gan_oversampler.encoding.columns import Column, learn_column
from gan_oversampler.encoding.containers import Container, read_table, rows_at
from gan_oversampler.encoding.dataset import Frame, Redraw, Revise
from gan_oversampler.encoding.layout import EncodedRows, Layout
from gan_oversampler.encoding.real_rows import RealRows
from gan_oversampler.encoding.relation_rules import learn_relations
from gan_oversampler.encoding.relations import Relations

Names = tuple[Hashable, ...]
MAX_ATTEMPTS: Final = 100  # to replace rows that break a constraint
SCORED_ATTEMPTS: Final = 10  # the same of rows to score, where none must be perfect
AT_ONCE: Final = 50_000  # rows of a table that are encoded at once; of more, those that are needed


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
    relations: Relations = field(default_factory=Relations)
    conditions: tuple[Condition, ...] = ()  # that decoded rows must fit, besides the relations
    real: RealRows | None = None  # which rows the table holds; None: new ones may equal any

    @classmethod
    def learn(
        cls,
        X: Any,
        *,
        categorical_features: Any = "auto",
        drawn: ClassRows = NO_CLASSES,
        constraints: Any = None,
    ) -> TableEncoder:
        """Learn the container of a table, the kind and range of each column, and the layout of its rows.

        Parameters
        ----------
        X : table
            pandas, polars or other eager frame, 2-D array, list of rows, or sparse matrix.
        categorical_features : "auto", None, or array-like of names, positions or bool
            Columns that are categorical although they hold numbers or times; text, booleans and
            columns of two values are so anyway.
        drawn : mapping of int to ndarray, default=no classes
            Positions of the rows of each class that new rows are drawn of, by class code: what matters in
            these classes is kept best. Empty: no classes are known.
        constraints : "auto", None, or list of these, of constraints and of functions
            Relations that every row keeps, see `learn_relations`.

        Raises
        ------
        ValueError
            If ``X`` is no table with rows and columns, has duplicate names, infinite values or texts that
            look like identifiers, if ``categorical_features`` names no column, or if rows break a constraint.
            A lazy frame is a ``TypeError``.
        """
        container, cells = read_table(X)
        categorical = _categorical_names(categorical_features, container.names)
        relations = learn_relations(constraints, container.names, cells, categorical, X)
        columns = tuple(
            learn_column(name, part.at(slice(None)), categorical=name in categorical, drawn=drawn)
            for name, part in zip(container.names, relations.reduce(cells), strict=True)
        )
        # Constant columns have blocks of width 0, which the layout leaves out.
        starts = np.cumsum([0, *(column.block(0).width for column in columns)]).tolist()
        blocks = [column.block(start) for column, start in zip(columns, starts, strict=False)]
        return cls(
            container, columns, Layout(tuple(b for b in blocks if b.width), container.names), relations
        )

    @property
    def non_numeric(self) -> Names:
        """Names of the columns that hold something else than numbers and truth values."""
        named = zip(self.container.names, self.columns, strict=True)
        return tuple(name for name, column in named if not column.numeric)

    @property
    def is_constrained(self) -> bool:
        """Whether there is anything that decoded rows have to be checked for."""
        return bool(self.relations.constraints or self.conditions)

    def encode(self, X: Any) -> EncodedRows:
        """Return the ``n`` rows of a table as valid encoded rows of shape ``(n, layout.width)``.

        Raises ``ValueError`` if ``X`` has other columns than the learned table or another order of them,
        or holds infinity, unknown levels, or missing cells in a column that had none.
        """
        return self.encode_cells(self.cells_of(X))

    def encode_on_demand(self, cells: Sequence[Cells]) -> Any:
        """Return what `Rows` take as the encoded rows of a table: few at once, many when somebody asks.

        Raises ``ValueError`` as `encode` does; of many rows, only when they are asked for.
        """
        return self.encode_cells(cells) if len(cells[0]) <= AT_ONCE else OnDemand(self, tuple(cells))

    def cells_of(self, X: Any) -> list[Cells]:
        """Return the cells of a table, whose columns must be those that were learned, else ``ValueError``."""
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
        return cells

    def encode_cells(self, cells: Sequence[Cells]) -> EncodedRows:
        """Return ``n`` rows, given as the cells of all columns, encoded as by `encode`."""
        reduced = self.relations.reduce(cells)
        return encode_columns(self.columns, reduced)

    def decode(
        self,
        rows: NDArray[np.floating[Any]],
        rng: np.random.Generator,
        codes: NDArray[np.intp] | None = None,
        *,
        redraw: Redraw | None = None,
        revise: Revise | None = None,
    ) -> Any:
        """Return ``n`` encoded rows as a table of ``n`` rows in the learned container and dtypes.

        Rows may hold any finite numbers: the largest state of a group counts, and values beyond the learned
        range are reflected at its ends. The direction of rounding, and which of several rare levels a state
        becomes, are drawn from ``rng``; the latter from the levels of the row's own class, if ``codes`` holds
        the class code of each row. Relations that are built in hold in all rows. With ``redraw``, which is
        called with the positions of broken rows and the number of the attempt and returns as many other
        encoded rows, all other constraints hold, too, and totals stay in their range if 100 attempts suffice.
        ``revise`` may replace decoded cells by others that keep the constraints, too.

        Raises ``ValueError`` for rows of another width, for NaN and infinity, and if a given constraint is
        still broken after 100 attempts; one that was found is a warning then.
        """
        cells, unmet = self._kept_cells(rows, rng, codes, redraw, self.broken, MAX_ATTEMPTS)
        table = self.container.build(cells if revise is None else revise(cells))
        if not len(unmet):
            return table
        read = read_table(table)[1]
        self.relations.refuse_broken(read, table, MAX_ATTEMPTS)
        if n_broken := int((~self._keeps(read).all(axis=1)).sum()):
            raise ValueError(
                f"{n_broken} of {len(rows)} new rows do not fit 'given' after {MAX_ATTEMPTS} attempts each:"
                " hardly any row fits it and keeps the constraints of the table. Give wider conditions."
            )
        return table

    def recode(
        self,
        rows: NDArray[np.floating[Any]],
        rng: np.random.Generator,
        codes: NDArray[np.intp] | None = None,
        redraw: Redraw | None = None,
    ) -> EncodedRows:
        """Return encoded rows decoded as by `decode` and encoded anew.

        These are the rows that the user gets: rounded, in the learned range, with their levels, and drawn
        again where they break a constraint. Oracles score them, so that what decoding ruins lowers the score.
        Parameters are those of `decode`; rows that still break a constraint after 10 attempts stay.
        """
        how = redraw, self._probably_broken, SCORED_ATTEMPTS
        return self.encode_cells(self._kept_cells(rows, rng, codes, *how)[0])

    def _kept_cells(
        self,
        rows: NDArray[np.floating[Any]],
        rng: np.random.Generator,
        codes: NDArray[np.intp] | None,
        redraw: Redraw | None,
        broken: Callable[[list[Cells]], NDArray[np.intp]],
        n_attempts: int,
    ) -> tuple[list[Cells], NDArray[np.intp]]:
        """Decoded cells, in which rows that break a constraint are replaced as often as is allowed.

        Also returned are the positions of rows that break one nevertheless.
        """
        cells = self.decode_cells(rows, rng, codes)
        if redraw is None or not len(rows) or not self.is_constrained:
            return cells, np.arange(0)
        at = broken(cells)
        for attempt in range(n_attempts):
            if not len(at):
                break
            other = self.decode_cells(redraw(at, attempt), rng, None if codes is None else codes[at])
            cells = replaced(cells, other, at)
            at = at[broken(other)]  # the other rows are known to keep them
        return cells, at

    def broken(self, cells: list[Cells]) -> NDArray[np.intp]:
        """Return the positions of rows that break a constraint or a condition in the user's container."""
        table = self.container.build(cells)
        read = read_table(table)[1]
        allowed = self.relations.holds(read, table) & self.relations.in_range(read)
        return np.flatnonzero(~(allowed & self._keeps(read).all(axis=1)))

    def _probably_broken(self, cells: list[Cells]) -> NDArray[np.intp]:
        """The same up to the rounding of the container, in a fraction of the time."""
        rules = self.relations.not_built_in
        table = self.container.build(cells) if rules.need_table else None
        return np.flatnonzero(~(rules.holds(cells, table) & rules.in_range(cells)))

    def decode_cells(
        self, rows: NDArray[np.floating[Any]], rng: np.random.Generator, codes: NDArray[np.intp] | None
    ) -> list[Cells]:
        """Return encoded rows as the cells of all columns, which may break constraints; see `decode`."""
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
        cells = self.relations.restore(decode_columns(self.columns, rows, rng, codes), rng)
        for condition in self.conditions:
            cells[condition.position] = condition.snapped(cells[condition.position])
        return cells

    def given(self, conditions: Mapping[Hashable, Any]) -> TableEncoder:
        """Return the encoder of the same table that decodes to rows under conditions, by column name.

        See `condition_of` for what a condition is. Raises ``ValueError`` for an unknown column, and for what
        a column cannot hold.
        """
        columns, computed = list(self.columns), {rule.target for rule in self.relations.derived}
        example = self.decode_cells(np.zeros((1, self.layout.width)), np.random.default_rng(0), None)
        cells = read_table(self.container.build(example))[1]  # tells what kind of cells each column has
        found = conditions_of(conditions, self.container.names, cells, self.container.zones)
        for condition in found:
            i = condition.position
            column = columns[i]
            if isinstance(column, Categorical) and i not in computed:
                condition.refuse_unknown(column.levels)
                unmarked = np.zeros(len(column.levels), dtype=bool)
                levels = replace(cells[i], values=column.levels, missing=unmarked)
                columns[i] = column.narrowed(condition.fits(levels))
        return replace(self, columns=tuple(columns), conditions=found)

    def keeps(
        self, rows: NDArray[np.floating[Any]], codes: NDArray[np.intp] | None, rng: np.random.Generator
    ) -> NDArray[np.bool_]:
        """Tell which conditions ``n`` encoded rows fit once they are decoded, as ``(n, n_conditions)``."""
        table = self.container.build(self.decode_cells(rows, rng, codes))
        return self._keeps(read_table(table)[1])

    def _keeps(self, cells: list[Cells]) -> NDArray[np.bool_]:
        kept = [condition.fits(cells[condition.position]) for condition in self.conditions]
        return np.array(kept, dtype=bool).reshape(len(kept), len(cells[0])).T

    def deciding_columns(self, conditions: Iterable[int]) -> NDArray[np.intp]:
        """Return the positions of the encoded columns that decide whether rows fit some of the conditions."""
        wanted = self.relations.depending(self.conditions[k].position for k in conditions)
        widths = [column.block(0).width for column in self.columns]
        return np.flatnonzero(np.isin(np.repeat(np.arange(len(widths)), widths), list(wanted)))

    def stack(self, X: Any, *new: Any) -> Any:
        """Return the rows of ``X``, unchanged, followed by new rows from `decode`, in the same container.

        The oversampler guarantees this order, so that users find the original rows where they were.
        """
        return self.join([X, *new], sum(map(_num_samples, (X, *new))))

    def join(self, parts: Iterable[Any], n: int) -> Any:
        """Return the rows of tables of this container, one after the other, as one table of ``n`` rows."""
        return self.container.join(parts, n)


@dataclass(frozen=True, slots=True, eq=False)
class OnDemand:
    """Rows of a table that are encoded when somebody asks for them, called with their positions.

    Examples
    --------
    >>> X = [[31, "Bonn"], [45, "Kiel"], [28, "Bonn"]]
    >>> encoder = TableEncoder.learn(X)
    >>> rows = OnDemand(encoder, tuple(read_table(X)[1]))
    >>> bool((rows(np.array([2, 0])) == encoder.encode(X)[[2, 0]]).all())
    True
    """

    encoder: TableEncoder
    cells: tuple[Cells, ...]  # of all rows; views of the user's table where that is possible

    def __call__(self, at: NDArray[np.intp]) -> EncodedRows:
        """Encode the rows at these positions ``(n,)``, also none of them."""
        return self.encoder.encode_cells([cells.at(at) for cells in self.cells])


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
    encoder: TableEncoder,
    X: Frame,
    streams: Streams,
    values: NDArray[Any],
    codes: NDArray[np.intp],
    origin: NDArray[np.intp],
) -> Frame:
    """Write encoded rows in the user's container, for oracles that look at the user's own columns.

    Rows with a position in the table (``origin >= 0``) come back as they are in ``X``; synthetic rows, which
    follow them, are decoded. The same rows always decode alike.
    """
    real = origin >= 0
    known = rows_at(X, origin[real])
    if real.all():
        return known
    new = encoder.decode(values[~real], streams.numpy("decode"), codes[~real])
    return encoder.stack(known, new) if real.any() else new
