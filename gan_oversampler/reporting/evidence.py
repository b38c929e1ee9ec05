"""What a fit is judged by: held-out real rows, and rows of generators that never saw them."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from types import MappingProxyType
from typing import Any, Final

import narwhals as nw
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse
from sklearn.base import clone

from gan_oversampler._utils import single_threaded
from gan_oversampler.encoding.dataset import Frame, Rows
from gan_oversampler.oracles.base import Oracle
from gan_oversampler.oracles.distances import EnergyOracle
from gan_oversampler.oracles.manifold import PRDCOracle
from gan_oversampler.oracles.privacy import closest_record, copy_rate
from gan_oversampler.oracles.two_sample import C2STOracle

MOST_DRAWN: Final = 500  # new rows per class and fold
FEWEST_DRAWN: Final = 100
MOST_REAL: Final = 1000  # rows kept of a class
MOST_CELLS: Final = 4_000_000  # of all real rows kept together, in wide tables
WIDEST_TEST: Final = 400  # encoded columns

Index = NDArray[np.intp]
Fold = tuple[Index, Index]


def n_drawn(n_real: int) -> int:
    """New rows of a class to draw in a fold for pictures and figures.

    >>> n_drawn(20), n_drawn(300), n_drawn(9000)
    (100, 300, 500)
    """
    return int(np.clip(n_real, FEWEST_DRAWN, MOST_DRAWN))


Measure = Callable[[Sequence[int], Rows, Rows, Rows], float]
"""``(targets, seen, unseen, new)`` to a figure."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A measure of what came out.

    Attributes
    ----------
    measure : callable
        ``(targets, seen, unseen, new) -> float``.
    best : str
        The best value.
    meaning : str
        What it says, in a line.
    fidelity : bool
        Whether real rows of the other folds, in the place of new ones, say what is attainable.
    """

    measure: Measure
    best: str
    meaning: str
    fidelity: bool = True


def by(oracle: Oracle) -> Measure:
    """An oracle's score as a figure."""
    return lambda targets, seen, unseen, new: clone(oracle).fit(seen, targets=targets).score(unseen, new)


def _told_apart(targets: Sequence[int], seen: Rows, unseen: Rows, new: Rows) -> float:
    """The classifier two-sample test; of very wide tables it would take minutes."""
    wide = new.values.shape[1] > WIDEST_TEST
    return np.nan if wide else by(C2STOracle())(targets, seen, unseen, new)


def _away(rows: Rows, seen: Rows, code: int) -> NDArray[np.float64]:
    return closest_record(rows.of(code).values, seen.values)


def _distance_ratio(targets: Sequence[int], seen: Rows, unseen: Rows, new: Rows) -> float:
    """Median distance to the closest seen row, of new rows over that of unseen real ones."""
    pairs = [(_away(new, seen, code), _away(unseen, seen, code)) for code in _in_all(targets, unseen, new)]
    ratios = [np.median(ours) / np.median(theirs) for ours, theirs in pairs if np.median(theirs) > 0]
    return float(np.mean(ratios)) if ratios else np.nan


def _copies(targets: Sequence[int], seen: Rows, unseen: Rows, new: Rows) -> float:
    """Share of new rows that copy a seen one."""
    shares = [copy_rate(_away(new, seen, code)) for code in _in_all(targets, new)]
    return float(np.mean(shares)) if shares else np.nan


def _in_all(targets: Sequence[int], *samples: Rows) -> list[int]:
    return [code for code in targets if all((rows.codes == code).any() for rows in samples)]


FIGURES: Final[Mapping[str, Figure]] = MappingProxyType(
    {
        "precision": Figure(by(PRDCOracle("precision")), "1", "share of new rows that lie among real ones"),
        "recall": Figure(by(PRDCOracle("recall")), "1", "share of real rows that lie among new ones"),
        "density": Figure(
            by(PRDCOracle("density")), "1 or more", "how densely real rows surround the new ones"
        ),
        "coverage": Figure(
            by(PRDCOracle("coverage")), "1", "share of real rows that have a new one in their neighbourhood"
        ),
        "classifier two-sample test": Figure(
            _told_apart, "0", "|AUC − ½| of a classifier that tells new rows from real ones"
        ),
        "energy distance": Figure(
            by(EnergyOracle()),
            "0",
            "how much farther real and new rows lie from each other than among themselves",
        ),
        "distance to closest record": Figure(
            _distance_ratio,
            "1 or more",
            "of new rows to the rows that generators saw, over the same of unseen real rows; far below 1"
            " means that rows are nearly copied",
            fidelity=False,
        ),
        "copies": Figure(
            _copies, "0", "share of new rows that equal a row that generators saw", fidelity=False
        ),
    }
)


@dataclass(frozen=True, eq=False)
class Exhibit:
    """One fold: positions of real rows that its generators saw and did not see, and what they drew.

    Attributes
    ----------
    seen, unseen : ndarray of int
        Positions among the real rows of the evidence.
    synthetic : Rows
        New rows of generators that were trained on the seen rows only.
    table : DataFrame
        The same new rows, decoded.
    """

    seen: Index
    unseen: Index
    synthetic: Rows
    table: Any


@dataclass(frozen=True, eq=False)
class Evidence:
    """Real rows and, per fold, new rows of the kept generators that never saw some of them.

    Attributes
    ----------
    real : Rows
        Real rows of all classes, a bounded sample, encoded.
    table : DataFrame
        The same real rows as they came.
    exhibits : tuple of Exhibit
        One per fold; a single one without unseen rows where nothing was held out.
    targets : tuple of int
        Codes of the classes that are oversampled, the rarest first.
    """

    real: Rows
    table: Any
    exhibits: tuple[Exhibit, ...]
    targets: tuple[int, ...]

    @classmethod
    def gather(
        cls, rows: Rows, folds: Sequence[Fold], drawn: Sequence[Rows], targets: Sequence[int]
    ) -> Evidence:
        """Keep a bounded sample of what a fit had before it; nothing of it refers to the user's table.

        Parameters
        ----------
        rows : Rows
            All real rows.
        folds : sequence of (ndarray, ndarray)
            Positions that generators of a fold saw, and those they did not see. Without folds, one pair
            of all rows and none.
        drawn : sequence of Rows
            New rows per fold.
        targets : sequence of int
            Codes of the classes that are oversampled.
        """
        kept = _kept(rows)
        place = np.full(len(rows), -1)
        place[kept] = np.arange(len(kept))
        real = rows.at(kept)
        exhibits = tuple(
            Exhibit(_known(place[seen]), _known(place[unseen]), _alone(new), _decoded(new))
            for (seen, unseen), new in zip(folds, drawn, strict=True)
        )
        return cls(_alone(real), _decoded(real), exhibits, tuple(sorted(targets, reverse=True)))

    @property
    def held_out(self) -> bool:
        """Whether there are rows that generators did not see."""
        return all(len(exhibit.unseen) for exhibit in self.exhibits)

    @property
    def labels(self) -> list[Any]:
        """Classes that are oversampled, the rarest first."""
        return [self.real.classes.tolist()[code] for code in self.targets]

    def real_table(self, label: Any, *, others: bool = False) -> Any:
        """Real rows of a class, or of all others; held-out ones only where there are any."""
        mask = (self.real.codes == self._code(label)) ^ others
        if self.held_out:
            unseen = np.zeros(len(self.real), bool)
            unseen[np.concatenate([exhibit.unseen for exhibit in self.exhibits])] = True
            mask &= unseen
        return self.table[mask].reset_index(drop=True)

    def new_table(self, label: Any) -> Any:
        """New rows of a class, of all folds."""
        code = self._code(label)
        parts = [exhibit.table[exhibit.synthetic.codes == code] for exhibit in self.exhibits]
        return pd.concat(parts, ignore_index=True)

    def folds(self) -> list[tuple[Rows, Rows, Rows]]:
        """Per fold: rows that its generators saw, rows they did not see, rows they drew."""
        return [(self.real.at(e.seen), self.real.at(e.unseen), e.synthetic) for e in self.exhibits]

    @cached_property
    def figures(self) -> Any:
        """Fidelity and privacy as a table: name, value, standard_error, real, best, meaning.

        Means over the folds, and standard errors of these means; ``real`` is what as many real rows of the
        other folds reach in the place of new ones. Empty where nothing was held out.
        """
        columns = ["name", "value", "standard_error", "real", "best", "meaning"]
        if not self.held_out:
            return pd.DataFrame(columns=columns)
        with single_threaded():
            told = [[name, *self._figure(figure), *_words(figure)] for name, figure in FIGURES.items()]
        return pd.DataFrame(told, columns=columns)

    def _figure(self, figure: Figure) -> tuple[float, float, float]:
        values = pd.Series([figure.measure(self.targets, *fold) for fold in self.folds()], dtype=float)
        real = np.nan
        if figure.fidelity:
            asked = [(s, u, s.at(np.isin(s.codes, self.targets))) for s, u, _ in self.folds()]
            real = pd.Series([figure.measure(self.targets, *fold) for fold in asked], dtype=float).mean()
        return float(values.mean()), float(values.sem()), float(real)

    def to_dict(self) -> dict[str, Any]:
        """Figures, and how many rows they rest on."""
        return {
            "held_out": self.held_out,
            "classes": self.labels,
            "real_rows": len(self.real),
            "new_rows": sum(len(exhibit.synthetic) for exhibit in self.exhibits),
            "folds": len(self.exhibits),
            "figures": self.figures,
        }

    def _code(self, label: Any) -> int:
        known = dict(zip(self.labels, self.targets, strict=True))
        if label not in known:
            raise ValueError(f"No new rows of class {label!r} were drawn. Known are: {self.labels}.")
        return known[label]


def as_pandas(table: Any) -> Any:
    """Any table as a pandas frame with a fresh index.

    Parameters
    ----------
    table : dataframe, array, list of rows or sparse matrix

    Examples
    --------
    >>> as_pandas([[1, "a"], [2, "b"]]).columns.tolist(), str(as_pandas([[1, "a"]])[0].dtype)
    ([0, 1], 'int64')
    """
    if isinstance(table, pd.DataFrame):
        return table.reset_index(drop=True)
    if sparse.issparse(table):
        return pd.DataFrame(table.toarray())
    frame = nw.from_native(table, pass_through=True, eager_only=True)
    if isinstance(frame, nw.DataFrame):
        # Not ``to_pandas``: that asks for pyarrow, which users need not have.
        return pd.DataFrame({name: _series(frame[name].to_list()) for name in frame.columns})
    array = np.asarray(table, dtype=object if isinstance(table, (list, tuple)) else None)
    return pd.DataFrame({j: _series(array[:, j]) for j in range(array.shape[1])})


def _series(cells: Any) -> Any:
    return pd.Series(list(cells), dtype=object).infer_objects()


def _kept(rows: Rows) -> Index:
    """Positions of the rows to keep: of each class so many, evenly over the table."""
    width = max(rows.values.shape[1], 1)
    counts = np.bincount(rows.codes, minlength=1)
    most = min(MOST_REAL, max(50, MOST_CELLS // (width * max(int((counts > 0).sum()), 1))))
    parts = [_evenly(np.flatnonzero(rows.codes == code), most) for code in range(len(counts))]
    return np.sort(np.concatenate(parts))


def _evenly(index: Index, most: int) -> Index:
    if len(index) <= most:
        return index
    return index[np.linspace(0, len(index) - 1, most).round().astype(int)]


def _known(places: Index) -> Index:
    return places[places >= 0]


def _alone(rows: Rows) -> Rows:
    """Rows that no longer lead to the user's table."""
    return replace(rows, frames=_values)


def _decoded(rows: Rows) -> Any:
    """Rows as a pandas frame."""
    with warnings.catch_warnings():  # of formats that are slow to build; these are a few rows only
        warnings.simplefilter("ignore", sparse.SparseEfficiencyWarning)
        return as_pandas(rows.frame)


def _values(values: NDArray[Any], origin: Index) -> Frame:
    return values


def _words(figure: Figure) -> tuple[str, str]:
    return figure.best, figure.meaning
