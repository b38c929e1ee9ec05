"""What generated rows are compared with: held-out real rows, fold by fold, and metrics of this comparison.

Every fold holds real rows that its generators never saw, and new rows that these generators drew. Pictures
and metrics of a report compare these two, because new rows look better beside rows that generators saw.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from types import MappingProxyType
from typing import Any, Final

import narwhals as nw
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse
from sklearn.base import clone

from gan_oversampler._utils import ignoring, single_threaded, standard_error
from gan_oversampler.encoding.dataset import Rows
from gan_oversampler.oracles.base import Oracle
from gan_oversampler.oracles.distances import EnergyOracle
from gan_oversampler.oracles.manifold import PRDCOracle
from gan_oversampler.oracles.membership import Scores, attack_auc, attack_hits, membership_scores
from gan_oversampler.oracles.privacy import closest_record, copy_rate, median
from gan_oversampler.oracles.samples import evenly
from gan_oversampler.oracles.two_sample import C2STOracle

MIN_DRAWN, MAX_DRAWN = 100, 500  # new rows per class and fold
MIN_REAL, MAX_REAL = 50, 1000  # real rows kept of a class
MAX_CELLS: Final = 4_000_000  # of all real rows kept together, in wide tables
MAX_TEST_COLUMNS: Final = 400  # encoded columns; with more, the two-sample test would take minutes
MAX_COMPARED: Final = 200  # rows of a class and kind, for the figures that every fit measures
FAR, VERY_FAR = 4.0, 20.0  # energy distances in units of SMOTE's, of which a user should know, or be warned
TOLD_APART: Final = 0.9  # AUC

CACHED: Final = ("held_out", "fidelity", "metrics")  # what evidence tells of its rows, once computed

Index = NDArray[np.intp]
Fold = tuple[Index, Index]
"""Positions of rows that generators of a fold saw, and of those they did not see."""

Measure = Callable[[Sequence[int], Rows, Rows, Rows], float]
"""Codes of the oversampled classes, real rows that generators of a fold saw and did not see, and the new rows
that they drew, to a number; NaN where it cannot be measured."""


def n_drawn(n_real: int) -> int:
    """How many new rows of a class to draw in a fold for pictures and metrics.

    As many as there are real ones, but at least 100 and at most 500.

    >>> n_drawn(20), n_drawn(300), n_drawn(9000)
    (100, 300, 500)
    """
    return int(np.clip(n_real, MIN_DRAWN, MAX_DRAWN))


@dataclass(frozen=True, slots=True)
class EvidenceMetric:
    """A metric of the fidelity or the privacy of new rows, with its best value and its meaning in a line.

    It measures encoded rows of one fold, see :data:`Measure`. ``fidelity`` says that real rows, put in the
    place of new ones, show what is attainable.
    """

    measure: Measure
    best: str
    meaning: str
    fidelity: bool = True


def _score_of(oracle: Oracle) -> Measure:
    return lambda targets, seen, unseen, new: clone(oracle).fit(seen, targets=targets).score(unseen, new)


def _two_sample_auc(targets: Sequence[int], seen: Rows, unseen: Rows, new: Rows) -> float:
    """Area under the ROC curve of a classifier that tells new rows from unseen real ones, class by class."""
    pairs = [(unseen.of(code), new.of(code)) for code in targets]
    pairs = [pair for pair in pairs if min(map(len, pair)) > 1]
    if not pairs or new.values.shape[1] > MAX_TEST_COLUMNS:
        return np.nan
    oracle = C2STOracle().fit(seen, targets=targets)
    return float(np.mean([oracle.auc(*pair) for pair in pairs]))


_energy_distance: Final = _score_of(EnergyOracle())


def _distance_ratio(targets: Sequence[int], seen: Rows, unseen: Rows, new: Rows) -> float:
    """Median distance to the closest seen row, of new rows over that of unseen real ones."""
    ratios = []
    for code in targets:
        samples = [rows.of(code) for rows in (new, unseen)]
        if all(map(len, samples)):
            ours, theirs = (median(closest_record(s.values, seen.values), s.weights) for s in samples)
            ratios += [ours / theirs] if theirs > 0 else []
    return float(np.mean(ratios)) if ratios else np.nan


def _copies(targets: Sequence[int], seen: Rows, unseen: Rows, new: Rows) -> float:
    samples = [new.of(code).values for code in targets]
    shares = [copy_rate(closest_record(rows, seen.values)) for rows in samples if len(rows)]
    return float(np.mean(shares)) if shares else np.nan


def _attack(figure: Callable[[Scores, Scores], float]) -> Measure:
    """Success of an attack that looks for seen rows near new ones, mean over the oversampled classes."""

    def measure(targets: Sequence[int], seen: Rows, unseen: Rows, new: Rows) -> float:
        samples = [[rows.of(code).values for rows in (seen, unseen, new)] for code in targets]
        usable = [its for its in samples if len(its[1]) > 1 and len(its[0]) and len(its[2])]
        found = [figure(*membership_scores(*its)) for its in usable]
        return float(np.mean(found)) if found else np.nan

    return measure


METRICS: Final[Mapping[str, EvidenceMetric]] = MappingProxyType(
    {
        **{
            measure: EvidenceMetric(_score_of(PRDCOracle(measure)), best, meaning)
            for measure, best, meaning in (
                ("precision", "1", "share of new rows that lie among real ones"),
                ("recall", "1", "share of real rows that lie among new ones"),
                ("density", "1 or more", "how densely real rows surround the new ones"),
                ("coverage", "1", "share of real rows that have a new one in their neighbourhood"),
            )
        },
        "classifier two-sample test": EvidenceMetric(
            _two_sample_auc,
            "½",
            "AUC of a classifier that tells new rows from real ones; 1: always",
        ),
        "energy distance": EvidenceMetric(
            _energy_distance,
            "0",
            "how much farther real and new rows lie from each other than among themselves",
        ),
        "distance to closest record": EvidenceMetric(
            _distance_ratio,
            "1 or more",
            "of new rows to the rows that generators saw, over the same of unseen real rows; far below 1"
            " means that rows are nearly copied",
            fidelity=False,
        ),
        "copies": EvidenceMetric(
            _copies,
            "0",
            "share of new rows that equal a row that generators saw, before copies are replaced",
            fidelity=False,
        ),
        "membership inference": EvidenceMetric(
            _attack(attack_auc),
            "½",
            "AUC of an attack that tells rows which generators saw from unseen ones by the distance to the"
            " closest new row, beside that to the closest other real one; a measurement of one attack, no"
            " guarantee such as differential privacy",
            fidelity=False,
        ),
        "members found": EvidenceMetric(
            _attack(attack_hits),
            "0.1",
            "share of seen rows that this attack finds where it takes a tenth of the unseen ones for seen",
            fidelity=False,
        ),
    }
)


@dataclass(frozen=True, slots=True)
class Fidelity:
    """How near new rows come to held-out rows of their class, beside rows that SMOTE draws.

    Parameters
    ----------
    energy_ratio : float
        Energy distance of new rows to held-out ones, over that of SMOTE's rows; 1 if they are as near.
    auc, smote_auc : float
        Area under the ROC curve of a classifier that tells new rows, or SMOTE's, from held-out real ones: 1/2
        if it cannot, 1 if it always does. NaN where it was not measured.

    Examples
    --------
    >>> fidelity = Fidelity(9.0, 0.8, 0.6)
    >>> fidelity.is_far, fidelity.is_very_far
    (True, False)
    """

    energy_ratio: float
    auc: float
    smote_auc: float

    @property
    def is_far(self) -> bool:
        """Whether new rows are so much farther from the class than SMOTE's that a user should know it."""
        return self.energy_ratio > FAR

    @property
    def is_very_far(self) -> bool:
        """Whether they are far and a classifier tells nearly all of them from real rows, but not SMOTE's."""
        return self.energy_ratio > VERY_FAR and self.auc > TOLD_APART > self.smote_auc

    def __str__(self) -> str:
        distance = f"new rows are {self.energy_ratio:.1f} times as far from held-out rows of their class"
        auc = f"a classifier tells them from real ones with AUC {self.auc:.2f}"
        by_smote = f"SMOTE's with {self.smote_auc:.2f}; 0.5 is chance"
        return f"{distance} as SMOTE's rows (energy distance); {auc} ({by_smote})"


@dataclass(frozen=True, eq=False)
class FoldEvidence:
    """Real rows that the generators of one fold saw and did not see, and what these generators drew.

    ``seen`` and ``unseen`` are positions among the real rows of the :class:`Evidence`; ``synthetic`` are new
    rows of generators that were trained on the seen ones only, and ``table`` the same new rows, decoded;
    ``smote`` are as many rows that SMOTE draws from the seen ones, or None where nothing was held out.
    """

    seen: Index
    unseen: Index
    synthetic: Rows
    table: pd.DataFrame
    smote: Rows | None = None


@dataclass(frozen=True, eq=False)
class Evidence:
    """Real rows and, per fold, new rows of the kept generators that never saw some of them."""

    real: Rows  # a bounded sample of the real rows of all classes, encoded
    table: pd.DataFrame  # the same real rows as the user gave them
    # one per fold; a single one without unseen rows where nothing was held out
    by_fold: tuple[FoldEvidence, ...]
    targets: tuple[int, ...]  # codes of the classes that are oversampled, the rarest first

    @classmethod
    def gather(
        cls,
        rows: Rows,
        folds: Sequence[Fold],
        drawn: Sequence[Rows],
        targets: Sequence[int],
        smote: Sequence[Rows] = (),
    ) -> Evidence:
        """Keep a bounded sample of the rows of a fit, none of which refers to the user's table.

        ``folds`` and ``drawn`` hold, per fold, positions of the rows that generators saw and did not see, and
        the rows that they drew; without folds, one pair of all positions and none. ``targets`` are the codes
        of the oversampled classes; ``smote`` holds, per fold, rows that SMOTE drew. At most 1000 real rows of
        a class are kept, evenly spaced over the table; fewer of wide tables, but at least 50.
        """
        counts = np.bincount(rows.codes, minlength=1)
        most = MAX_CELLS // max(rows.width * int(np.count_nonzero(counts)), 1)
        most = min(MAX_REAL, max(MIN_REAL, most))
        kept = []
        for code, n in enumerate(counts):
            every = np.flatnonzero(rows.codes == code)
            kept.append(every[np.linspace(0, n - 1, most).round().astype(int)] if n > most else every)
        index = np.sort(np.concatenate(kept))
        place = np.full(len(rows), -1)
        place[index] = np.arange(len(index))
        by_fold = []
        by_smote: Sequence[Rows | None] = smote or [None] * len(drawn)
        for (seen, unseen), new, other in zip(folds, drawn, by_smote, strict=True):
            seen, unseen = (places[places >= 0] for places in (place[seen], place[unseen]))
            other = other and _without_table(other)
            by_fold.append(FoldEvidence(seen, unseen, *_detached(new), other))
        return cls(*_detached(rows.at(index)), tuple(by_fold), tuple(sorted(targets, reverse=True)))

    def of_targets(self) -> Evidence:
        """Leave out real rows of other classes, but keep all figures, which are computed first.

        They rest on rows of all classes, by which distances are scaled.
        """
        mask = np.isin(self.real.codes, self.targets)
        place = np.cumsum(mask) - 1

        def kept(index: Index) -> Index:
            return place[index[mask[index]]]

        by_fold = tuple(replace(f, seen=kept(f.seen), unseen=kept(f.unseen)) for f in self.by_fold)
        table = self.table[mask].reset_index(drop=True)
        found = replace(self, real=self.real.at(mask), table=table, by_fold=by_fold)
        vars(found).update({name: getattr(self, name) for name in CACHED})
        return found

    @cached_property
    def held_out(self) -> bool:
        """Whether every fold has real rows that its generators did not see; else there are no metrics."""
        return all(len(fold.unseen) for fold in self.by_fold)

    @property
    def labels(self) -> list[Any]:
        """Labels, as the user gave them, of the classes that are oversampled, the rarest first."""
        return [self.real.classes.tolist()[code] for code in self.targets]

    def real_table(self, label: Any, *, others: bool = False) -> pd.DataFrame:
        """Real rows of a class, or of all others, as the user gave them; held-out ones if there are any.

        Raises ``ValueError`` if the class is not one of ``labels``.
        """
        mask = (self.real.codes == self._code(label)) ^ others
        if self.held_out:
            mask &= np.isin(np.arange(len(mask)), np.concatenate([fold.unseen for fold in self.by_fold]))
        return self.table[mask].reset_index(drop=True)

    def new_table(self, label: Any) -> pd.DataFrame:
        """New rows of a class from the generators of all folds, decoded to the columns of the user.

        Raises ``ValueError`` if the class is not one of ``labels``.
        """
        code = self._code(label)
        return pd.concat([f.table[f.synthetic.codes == code] for f in self.by_fold], ignore_index=True)

    def folds(self) -> list[tuple[Rows, Rows, Rows]]:
        """Encoded rows per fold: those that its generators saw, those they did not see, those they drew.

        Real rows have the user's weights, which count in all metrics; those that weigh nothing are left out.
        """
        real = self.real
        return [(real.at(f.seen).weighing, real.at(f.unseen).weighing, f.synthetic) for f in self.by_fold]

    @cached_property
    def energy_ratio(self) -> float | None:
        """Energy distance of new rows to held-out ones over that of SMOTE's; None if it cannot be said.

        That is so without held-out rows or SMOTE's, and where SMOTE's equal the held-out ones, as in a class
        of one value. It takes a tenth of the time of all of ``fidelity``.
        """
        with single_threaded():
            found = [
                [_energy_distance(self.targets, seen, unseen, new) for new in samples]
                for seen, unseen, *samples in self._compared()
            ]
        ours, theirs = np.mean(found, axis=0) if found else (np.nan, np.nan)
        return float(ours / theirs) if np.isfinite(ours) and theirs > 0 else None

    @property
    def is_far(self) -> bool:
        """Whether new rows are so much farther from their class than SMOTE's that a user should know it."""
        return (self.energy_ratio or 0.0) > FAR

    @cached_property
    def fidelity(self) -> Fidelity | None:
        """How near new rows come to held-out ones, beside SMOTE's; None if ``energy_ratio`` is.

        At most 200 rows of a class and kind are compared in a fold, evenly spaced, so it takes little time.
        """
        if self.energy_ratio is None:
            return None
        with single_threaded():
            aucs = [
                [_two_sample_auc(self.targets, seen, unseen, new) for new in samples]
                for seen, unseen, *samples in self._compared()
            ]
        return Fidelity(self.energy_ratio, *np.mean(aucs, axis=0).tolist())

    def _compared(self) -> list[list[Rows]]:
        """Per fold the seen, unseen, new and SMOTE's rows to compare; none if one of these is missing."""
        smote = [fold.smote for fold in self.by_fold if fold.smote is not None]
        if not self.held_out or not smote:
            return []
        folds = zip(*zip(*self.folds(), strict=True), smote, strict=True)
        return [list(map(self._thinned, fold)) for fold in folds]

    def _thinned(self, rows: Rows) -> Rows:
        """At most 200 rows of each oversampled class, and none of the others."""
        places = [evenly(np.flatnonzero(rows.codes == code), MAX_COMPARED) for code in self.targets]
        return rows.at(np.concatenate(places))

    @cached_property
    def metrics(self) -> pd.DataFrame:
        """Fidelity and privacy of the new rows, measured on held-out rows when first asked for.

        One row per entry of ``METRICS``: name, value (mean over the folds), standard_error, smote and real
        (what SMOTE's rows, and real rows of the other folds, reach in the place of new ones), best, meaning.
        Empty where nothing was held out.
        """
        columns = ["name", "value", "standard_error", "smote", "real", "best", "meaning"]
        if not self.held_out:
            return pd.DataFrame(columns=columns)
        new = self.folds()
        real = [(seen, unseen, seen.at(np.isin(seen.codes, self.targets))) for seen, unseen, _ in new]
        smote = [(*its[:2], f.smote) for its, f in zip(new, self.by_fold) if f.smote is not None]
        heldout_ratio = float(np.mean([len(fold.unseen) / len(fold.seen) for fold in self.by_fold]))
        lines = []
        with single_threaded():
            for name, metric in METRICS.items():
                values, by_smote, attainable = (
                    pd.Series([metric.measure(self.targets, *fold) for fold in folds], dtype=float)
                    for folds in (new, smote, real if metric.fidelity else [])
                )
                known = values.dropna().to_numpy()
                error = standard_error(known, heldout_ratio) if len(known) else np.nan
                numbers = (float(values.mean()), error, float(by_smote.mean()), float(attainable.mean()))
                lines.append([name, *numbers, metric.best, metric.meaning])
        return pd.DataFrame(lines, columns=columns)

    def to_dict(self) -> dict[str, Any]:
        """The metrics, and how many classes, rows and folds they rest on, for the JSON form of a report."""
        return {
            "held_out": self.held_out,
            "classes": self.labels,
            "real_rows": len(self.real),
            "new_rows": sum(len(fold.synthetic) for fold in self.by_fold),
            "folds": len(self.by_fold),
            "fidelity": None if self.fidelity is None else asdict(self.fidelity),
            "metrics": self.metrics,
        }

    def _code(self, label: Any) -> int:
        known = dict(zip(self.labels, self.targets, strict=True))
        if label not in known:
            raise ValueError(f"No new rows of class {label!r} were drawn. Known are: {self.labels}.")
        return known[label]


def _detached(rows: Rows) -> tuple[Rows, pd.DataFrame]:
    """Rows that no longer lead to the user's table, and the same rows as a pandas frame."""
    with ignoring(sparse.SparseEfficiencyWarning):  # formats that are slow to build; these are few rows
        return _without_table(rows), as_pandas(rows.frame)


def _without_table(rows: Rows) -> Rows:
    return Rows(rows.values, rows.codes, rows.classes, origin=rows.origin, weights=rows.weights)


def as_pandas(table: Any) -> pd.DataFrame:
    """A dataframe of any library, an array, a list of rows or a sparse matrix as a pandas frame.

    Its index is fresh. Frames of other libraries keep their column names, all others get positions. pyarrow,
    which pandas asks for when it converts frames of polars, is not needed.

    >>> as_pandas([[1, "a"], [2, "b"]]).columns.tolist(), str(as_pandas([[1, "a"]])[0].dtype)
    ([0, 1], 'int64')
    """
    if isinstance(table, pd.DataFrame):
        return table.reset_index(drop=True)
    if sparse.issparse(table):
        return pd.DataFrame(table.toarray())
    frame = nw.from_native(table, pass_through=True, eager_only=True)
    if isinstance(frame, nw.DataFrame):
        return pd.DataFrame({name: _cells_of(frame[name]) for name in frame.columns})
    rows = list(table) if isinstance(table, list | tuple) else np.asarray(table)
    return pd.DataFrame(rows).infer_objects()


def _cells_of(column: nw.Series[Any]) -> Any:
    try:
        return column.to_list()
    except OverflowError:  # Python has no objects for times beyond the year 9999
        return column.to_numpy()
