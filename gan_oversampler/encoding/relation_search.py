"""Which relations hold for every row of a table, by rules that chance and correlation do not pass.

Three kinds are sought: sums, columns that another one determines, and orders. Every rule asks for a
*surprise*: that the relation were broken somewhere if it did not hold by law, whatever the number of pairs
that are looked at. Relations that need no enforcing, such as an order of ranges that do not overlap, are not
reported; nor are those that new rows could keep only by chance, or at the cost of a column's own law.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence, Set
from typing import Final, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from gan_oversampler.constraints import OneOf, Order, Sum
from gan_oversampler.encoding.cells import Cells, Values
from gan_oversampler.encoding.derived import TakenValues, as_numbers
from gan_oversampler.encoding.number_format import decimals_of

Columns = Sequence[Cells]

MIN_ROWS: Final = 50  # that hold all cells of a relation
ALPHA: Final = 1e-4  # probability that chance alone makes one relation of a kind hold in a whole table
MAX_COLUMNS: Final = 200  # of one kind that are compared
MAX_KEY_LEVELS: Final = 64  # of a column of numbers or times that determines another one
PREDICTABLE: Final = 0.9  # share of cells that a column may share with others without being determined
MIN_OVERLAP: Final = 0.05  # share of random pairs of cells that would break an order
EDGE: Final = 0.1  # the smallest gap of an order, at most, as a share of the median one
N_TAIL: Final = 40  # at least, of the smallest gaps
MIN_DISTINCT: Final = 4  # gaps; fewer have no shape
MAX_SHAPE_ROWS: Final = 2000  # whose gaps are looked at; the order itself is checked in all rows
# Variance of a computed column, at least, as a share of the sum of those of its parts: it is 1 if these are
# independent, and small if they make up for each other, as only rows drawn perfectly would.
MIN_SPREAD: Final = 0.5
COARSE: Final = 8  # distinct gaps up to the median one; a shape of so few is hard to tell


def find_relations(
    names: Sequence[Hashable], columns: Columns, categorical: Set[Hashable] = frozenset()
) -> list[Sum | OneOf | Order]:
    """Find the relations of a table: its sums, then determined columns, then orders.

    All of them can be built in together: a column that a sum computes stands in no order, and one that
    belongs to a determined column is neither computed nor the upper one of an order. ``categorical`` are
    columns that the user declared categories: their numbers are codes, which have no sums and no order.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> start = rng.integers(0, 300, size=200)
    >>> columns = [Cells(v, np.zeros(200, bool)) for v in (start, start + rng.geometric(0.3, size=200))]
    >>> [str(rule) for rule in find_relations(["start", "end"], columns)]
    ['start <= end']
    """
    usable = [i for i, cells in enumerate(columns) if _is_usable(cells)]
    amounts = [i for i in usable if columns[i].values.dtype.kind != "O" and names[i] not in categorical]
    numbers = [i for i in amounts if not columns[i].is_time][:MAX_COLUMNS]
    keyed = usable[:MAX_COLUMNS]
    labels = {i for i in keyed if columns[i].is_label or names[i] in categorical}
    dependencies = [[key, *others] for key, others in _dependencies(keyed, labels, columns)]
    combined = {i for group in dependencies for i in group}
    sums = list(_sums(numbers, columns, combined))
    totals = {total for total, _, _ in sums}
    related = {frozenset((total, part)) for total, parts, _ in sums for part in parts}
    found: list[Sum | OneOf | Order] = []
    for total, parts, weights in sums:
        plain = all(weight == 1 for weight in weights)
        found.append(Sum(names[total], [names[part] for part in parts], None if plain else weights))
    found += [OneOf([names[i] for i in group]) for group in dependencies]
    for kind in ("biuf", "M", "m"):
        alike = [i for i in amounts if columns[i].values.dtype.kind in kind and i not in totals]
        pairs = [p for p in _orders(alike[:MAX_COLUMNS], columns) if p[1] not in combined]
        pairs = [p for p in pairs if frozenset(p) not in related]
        found += [Order(names[low], names[high]) for low, high in _without_implied(pairs)]
    return found


def _is_usable(cells: Cells) -> bool:
    """Whether a column holds at least two distinct values, all of them finite and hashable."""
    present = cells.present
    if len(present) < MIN_ROWS or (present.dtype.kind == "f" and not np.isfinite(present).all()):
        return False
    try:
        return bool((pd.factorize(present[: 10 * MIN_ROWS])[0] > 0).any() or len(pd.unique(present)) > 1)
    except TypeError:
        return False


def _sums(
    places: Sequence[int], columns: Columns, combined: Set[int]
) -> Iterator[tuple[int, list[int], list[float]]]:
    """Columns to compute, with their parts and weights, from small columns to large ones.

    Each column is projected on the smaller ones. If nothing is left of it in any row, and the coefficients
    are 1 (or there is one part), it is a sum. No random column is: its rows would have to lie in a plane.
    Of its columns the first one is computed, the total before its parts, that keeps its own law so and is
    neither in an earlier sum nor ``combined`` with others; a sum without such a column is left out.
    """
    places = [i for i in places if columns[i].missing.mean() <= 0.5]
    if len(places) < 2:
        return
    complete = ~np.any([columns[i].missing for i in places], axis=0)
    if complete.sum() < max(MIN_ROWS, 2 * len(places)):
        places = [i for i in places if not columns[i].missing.any()]
        complete = np.ones(len(complete), dtype=bool)
    if len(places) < 2 or complete.sum() < max(MIN_ROWS, 2 * len(places)):
        return
    table = np.column_stack([columns[i].values[complete].astype(np.float64) for i in places])
    taken = set(combined)  # a column of an earlier sum could close a circle
    for plane in _planes(table):
        for solved, others, weights in _solutions(*plane):
            target, parts = places[solved], [places[j] for j in others]
            if target not in taken and _can_be_computed(target, parts, weights, columns):
                taken |= {target, *parts}
                yield target, parts, weights
                break


def _solutions(
    total: int, parts: list[int], weights: NDArray[np.float64]
) -> Iterator[tuple[int, list[int], list[float]]]:
    """A sum, solved for its total and then for each of its parts."""
    yield total, parts, weights.tolist()
    for part in parts if len(parts) > 1 else []:
        others = [j for j in parts if j != part]
        yield part, [total, *others], [1.0] + [-1.0] * len(others)


def _can_be_computed(target: int, parts: list[int], weights: list[float], columns: Columns) -> bool:
    """Whether a sum holds in all rows, and parts that are drawn nearly well leave the target its law.

    A target of few levels, or of fewer decimals than its parts, would take values that no real row has, and
    one whose parts make up for each other would spread far wider than it does.
    """
    involved = [columns[i] for i in (target, *parts)]
    known = ~np.any([cells.missing for cells in involved], axis=0)
    cells = [part.values[known] for part in involved]
    if not Sum(0, range(len(parts)), weights).holds(*cells).all():
        return False
    if len(parts) == 1:
        return True
    total, *terms = (values.astype(np.float64) for values in cells)
    precisions = [decimals_of(np.unique(values)) for values in (total, *terms)]
    own, *needed = (np.inf if decimals is None else decimals for decimals in precisions)
    if TakenValues.learn(total).levels is not None or own < max(needed):
        return False
    return bool(np.var(total) >= MIN_SPREAD * sum(np.var(term) for term in terms))


def _planes(table: NDArray[np.float64]) -> Iterator[tuple[int, list[int], NDArray[np.float64]]]:
    """Columns that are a sum of others, or a multiple of one: position, parts and weights."""
    with np.errstate(over="ignore"):
        size = np.linalg.norm(table, axis=0)
    sized = np.flatnonzero((size > 0) & np.isfinite(size))  # others have no direction
    basis: list[int] = []
    q = np.empty((len(table), 0))
    for j in sized[np.argsort(size[sized], kind="stable")]:
        unit = table[:, j] / size[j]
        remainder = unit - q @ (q.T @ unit)
        remainder -= q @ (q.T @ remainder)  # twice is enough
        if (length := np.linalg.norm(remainder)) > 1e-9:
            basis.append(int(j))
            q = np.column_stack([q, remainder / length])
            continue
        scaled = np.linalg.lstsq(table[:, basis] / size[basis], unit, rcond=None)[0]
        weights = scaled * size[j] / size[basis]
        used = np.abs(scaled) > 1e-6
        members, signs = [int(j), *np.array(basis)[used].tolist()], np.array([-1.0, *weights[used]])
        if len(members) == 2 and signs[1] > 0 and len(np.unique(table[:, members[1]])) > 2:
            weight = np.median(table[:, j][table[:, members[1]] != 0] / _nonzero(table[:, members[1]]))
            yield members[0], members[1:], np.array([round(float(weight), 12)])
        elif len(members) > 2 and np.allclose(np.abs(signs), 1, atol=1e-5):
            # With "profit = sales - costs" it is the sales that are a sum.
            alone = np.flatnonzero(np.sign(signs) == (1 if (signs > 0).sum() == 1 else -1))
            if len(alone) == 1 and len(np.unique(table[:, members[alone[0]]])) > 2:
                total = members.pop(int(alone[0]))
                yield total, sorted(members), np.ones(len(members))


def _nonzero(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return values[values != 0]


def _dependencies(
    places: Sequence[int], labels: Set[int], columns: Columns
) -> Iterator[tuple[int, list[int]]]:
    """Keys with the columns that they determine; no column is determined twice.

    Of n rows and k keys, n - k rows could break the relation. It is reported if chance would have
    predicted so many with a probability below ALPHA per pair, even if 90 % of the cells, or the share of the
    most frequent one, could be predicted. Rows that occur twice count once. Every row of an identifier is a
    key of its own, so it determines nothing; nor do numbers determine numbers.
    """
    if len(places) < 2 or not labels:
        return
    codes = {i: _codes(columns[i]) for i in places}
    distinct = ~pd.DataFrame(codes).duplicated().to_numpy()
    codes = {i: code[distinct] for i, code in codes.items()}
    keys = [i for i in places if _is_key(codes[i], columns[i].is_label or i in labels)]
    limit = np.log(ALPHA / max(1, len(keys) * (len(places) - 1)))
    determined: dict[int, list[int]] = {}
    for key in sorted(keys, key=lambda i: (-codes[i].max(), i not in labels)):
        for other in places if key in labels else sorted(labels):
            mutual = key in determined.get(other, [])
            if other != key and not mutual and _determines(codes[key], codes[other], limit):
                determined.setdefault(key, []).append(other)
    settled: set[int] = set()
    for key, others in determined.items():
        fresh = [i for i in others if i not in settled]
        if fresh and not (key in settled and len(fresh) < len(others)):
            settled |= {key, *fresh}
            yield key, fresh


def _codes(cells: Cells) -> NDArray[np.intp]:
    codes = np.full(len(cells), -1)
    codes[~cells.missing] = pd.factorize(cells.present)[0]
    return codes


def _is_key(codes: NDArray[np.intp], label: bool) -> bool:
    n_levels, n = int(codes.max()) + 1, int((codes >= 0).sum())
    return n_levels <= (n / 2 if label else min(MAX_KEY_LEVELS, n / 10))


def _determines(key: NDArray[np.intp], other: NDArray[np.intp], limit: float) -> bool:
    known = (key >= 0) & (other >= 0)
    key, other = key[known], other[known]
    if len(key) < MIN_ROWS or other.min() == other.max():
        return False
    first = np.full(key.max() + 1, -1)
    first[key[::-1]] = other[::-1]  # the first row of each key is written last
    if (first[key] != other).any():
        return False
    frequent = np.bincount(other).max() / len(other)
    return bool((len(key) - (first >= 0).sum()) * np.log(max(frequent, PREDICTABLE)) <= limit)


def _orders(places: Sequence[int], columns: Columns) -> list[tuple[int, int]]:
    """Pairs of columns of one kind, the lower one first, that are in order in all rows, and not by chance."""
    found = []
    n_pairs = max(1, len(places) * (len(places) - 1))
    for a in places:
        for b in places:
            if a == b:
                continue
            known = np.flatnonzero(~(columns[a].missing | columns[b].missing))
            if len(known) < MIN_ROWS or not _in_order(columns, a, b, known[:MIN_ROWS]):
                continue
            some = known[:: int(np.ceil(len(known) / MAX_SHAPE_ROWS))]
            cells = [Cells(columns[i].values[some], columns[i].missing[some]) for i in (a, b)]
            low, high = as_numbers(cells)
            if (low <= high).all() and _is_surprising(low, high, n_pairs, time=columns[a].is_time):
                found += [(a, b)] if _in_order(columns, a, b, known) else []
    return found


def _in_order(columns: Columns, a: int, b: int, rows: NDArray[np.intp]) -> bool:
    return bool((columns[a].values[rows] <= columns[b].values[rows]).all())


def _is_surprising(low: Values, high: Values, n_pairs: int, *, time: bool) -> bool:
    """Whether an order that holds in all rows is a law.

    Random pairs of cells must break it. Rows that could not break it, because the lower cell is below all
    higher ones or the reverse, prove nothing. In the others, of which some must differ, the gaps must begin
    with an edge at 0, and of positive numbers the logarithms of the ratios, too.
    """
    if np.searchsorted(np.sort(high), low).mean() / len(high) < MIN_OVERLAP:
        return False
    telling = (low > high.min()) & (high < low.max())
    pairs = np.column_stack([low[telling], high[telling]])
    if (~pd.DataFrame(pairs).duplicated()).sum() < MIN_ROWS:
        return False
    gaps = np.diff(pairs, axis=1)[:, 0].astype(np.float64)
    if pairs.dtype.kind == "f" and (decimals := decimals_of(np.unique(pairs))) is not None:
        gaps = np.round(gaps, decimals)
    distinct, counts = np.unique(gaps, return_counts=True)
    is_coarse = np.searchsorted(distinct, np.median(gaps)) < COARSE
    # Two rounded columns a fixed distance apart have few gaps, too, but not most often the smallest one.
    if len(distinct) < MIN_DISTINCT or (is_coarse and counts[0] < counts.max()):
        return False
    step = float(np.diff(distinct).min()) if len(distinct) <= len(gaps) / 2 else 0.0
    if step and gaps.min() <= 1.5 * step:  # strict orders on a grid begin at one step
        gaps -= gaps.min()
    positive = pairs[:, 0] > 0
    ratios = np.log1p(gaps[positive] / pairs[positive, 0])
    sized = not time and len(ratios) >= MIN_ROWS
    return has_edge(gaps, n_pairs, step) and (not sized or has_edge(ratios, n_pairs))


def has_edge(gaps: NDArray[np.float64], n_pairs: int, step: float = 0.0) -> bool:
    """Whether nonnegative gaps, of shape ``(n,)``, begin abruptly at 0 rather than fade out above it.

    If gaps were normal, and none of n is negative with probability ALPHA per pair or more, their mean is so
    many standard deviations above 0 that the density rises from 0 on, and the smallest gaps lie high between
    0 and the largest of them. Gaps with an edge lie lower, both the smallest half and the smallest eighth;
    and the very smallest is near 0. Gaps on a grid are taken as intervals of one ``step``.

    >>> rng = np.random.default_rng(0)
    >>> has_edge(rng.exponential(size=200), n_pairs=10), has_edge(rng.normal(4, 1, size=200), n_pairs=10)
    (True, False)
    """
    gaps, n = np.sort(gaps), len(gaps)
    if gaps[0] > EDGE * float(np.median(gaps)):
        return False
    z = float(ndtri((ALPHA / n_pairs) ** (1 / n)))
    for share in (1 / 2, max(1 / 8, min(N_TAIL / n, 1 / 2))):
        smallest = gaps[: int(np.ceil(share * n))]
        if smallest.mean() + step / 2 > (smallest[-1] + step) * _relative_mean(z, share):
            return False
    return True


def _relative_mean(z: float, share: float) -> float:
    """Mean of the smallest ``share`` of a normal law of mean z and variance 1, cut at 0, over its end."""
    largest = z + ndtri(ndtr(-z) + share * ndtr(z))
    density = np.exp(-(np.array([z, largest - z]) ** 2) / 2) / np.sqrt(2 * np.pi)
    return cast(float, (z + (density[0] - density[1]) / (share * ndtr(z))) / largest)


def _without_implied(pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Orders that do not follow from two others."""
    known = set(pairs)
    middle = {b for _, b in pairs}
    return [(a, c) for a, c in pairs if not any((a, b) in known and (b, c) in known for b in middle)]
