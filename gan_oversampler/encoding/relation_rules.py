"""From what a user gives as ``constraints`` to relations of a table: found, checked, built in."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence, Set
from dataclasses import replace
from itertools import islice
from numbers import Integral, Real
from typing import Any, Final

import numpy as np
import pandas as pd

from gan_oversampler.constraints import Between, Constraint, OneOf, Order, Relation, Sum, described
from gan_oversampler.encoding.cells import Cells
from gan_oversampler.encoding.identifiers import ID_MIN_DISTINCT
from gan_oversampler.encoding.relation_search import Found
from gan_oversampler.encoding.relations import Columns, Relations

AUTO: Final = "auto"  # entry of a list, or the whole parameter: relations that are found
MAX_NEAR: Final = 3  # relations that nearly hold, of which users are told
MAX_DISTINCT_SHARE: Final = 0.9  # of combinations among the rows that hold them


def learn_relations(
    given: Any, names: Sequence[Hashable], columns: Columns, categorical: Set[Hashable], table: Any
) -> Relations:
    """Check what a user gave as ``constraints`` against a table, and build it in.

    ``"auto"``, alone or in the list, adds the relations that are found, except those of columns that a given
    constraint computes, and notes up to three that nearly hold. Raises ``ValueError`` if an entry is no
    constraint, names no column or one of the wrong kind, if rows of the table break a constraint, or if two
    of them cannot be met together.
    """
    listed = [given] if isinstance(given, str) else list(given or [])
    rules = [_checked(rule, names, columns, categorical) for rule in listed if not _is_auto(rule)]
    check_training_rows(rules, names, columns, table)
    if len(rules) == len(listed):
        return Relations.learn(rules, names, columns)
    found = Found.search(names, columns, categorical)
    built_in, checked, near = (
        _compatible(part, rules) for part in (found.built_in, found.checked, found.near)
    )
    # Beside given relations of the same columns an order could close a circle: it is checked instead.
    given_columns = [set(rule.columns) for rule in rules if isinstance(rule, Relation)]
    checked += [
        rule
        for rule in found.built_in
        if isinstance(rule, Order) and rule not in built_in and set(rule.columns) not in given_columns
    ]
    n_found = len(built_in) + len(checked)
    relations = Relations.learn([*rules, *built_in], names, columns, checked=checked, n_found=n_found)
    texts = list(islice(_near_texts(near, names, columns, table), MAX_NEAR))
    return replace(relations, near=tuple(texts))


def _is_auto(rule: Any) -> bool:
    if isinstance(rule, str) and rule != AUTO:
        raise ValueError(
            f"`constraints` holds {rule!r}, which is no constraint. Entries are {AUTO!r}, Order, Sum, OneOf,"
            " Between and functions of rows."
        )
    return isinstance(rule, str)


def _checked(
    rule: Any, names: Sequence[Hashable], columns: Columns, categorical: Set[Hashable]
) -> Constraint:
    """The constraint with names of columns; raises ``ValueError`` if it has no meaning for this table."""
    if not isinstance(rule, Relation):
        if not callable(rule):
            raise ValueError(
                f"`constraints` holds {rule!r}, which is no constraint. Entries are Order, Sum, OneOf,"
                f" Between, functions of rows, or {AUTO!r}."
            )
        return rule
    if isinstance(rule, Sum) and len(rule.factors) != len(rule.parts):
        raise ValueError(
            f"{rule!r} needs one weight per part, got {len(rule.factors)} for {len(rule.parts)}."
        )
    places = [_position(name, names, rule) for name in rule.columns]
    if len(set(places)) < len(places) or len(places) < (1 if isinstance(rule, Between) else 2):
        needed = "one column" if isinstance(rule, Between) else "at least two different columns"
        raise ValueError(f"The constraint {rule!r} needs {needed}.")
    parts, own = [columns[i] for i in places], [names[i] for i in places]
    if not isinstance(rule, OneOf):
        _check_kinds(rule, own, parts, categorical)
    if not (~np.any([part.missing for part in parts], axis=0)).any():
        raise ValueError(f"No row of X holds all cells of the constraint {rule}. Leave it out.")
    if isinstance(rule, OneOf):
        _check_combinations(rule, parts)
    return rule.on(own)


def _position(name: Hashable, names: Sequence[Hashable], rule: Constraint) -> int:
    # As in `categorical_features`, an integer is a position, even where names are integers.
    if isinstance(name, Integral) and not isinstance(name, bool):
        if 0 <= name < len(names):
            return int(name)
    elif name in names:
        return list(names).index(name)
    shown = ", ".join(map(repr, names[:8])) + (", ..." if len(names) > 8 else "")
    raise ValueError(
        f"The constraint {rule!r} names {name!r}, which is no column; X has {shown}."
        f" Name existing columns, or give positions from 0 to {len(names) - 1}."
    )


def _check_combinations(rule: OneOf, parts: Sequence[Cells]) -> None:
    known = ~np.any([part.missing for part in parts], axis=0)
    codes = {j: pd.factorize(part.values[known])[0] for j, part in enumerate(parts)}
    n_rows, n_distinct = int(known.sum()), len(pd.DataFrame(codes).drop_duplicates())
    if n_distinct > max(ID_MIN_DISTINCT, MAX_DISTINCT_SHARE * n_rows):
        raise ValueError(
            f"The constraint {rule!r} would only allow copies of real rows: they hold {n_distinct} distinct"
            f" combinations in {n_rows} complete rows, at most {MAX_DISTINCT_SHARE:.0%} are accepted. Name"
            " fewer columns, or leave out those of many values."
        )


def _check_kinds(
    rule: Order | Sum | Between, own: Sequence[Hashable], parts: Sequence[Cells], categorical: Set[Hashable]
) -> None:
    kinds = [_kind(cells, name in categorical) for name, cells in zip(own, parts, strict=True)]
    allowed = {"numbers", "durations"} if isinstance(rule, Sum) else {"numbers", "dates", "durations"}
    if len(set(kinds)) > 1 or not set(kinds) <= allowed:
        came = ", ".join(f"{name!r} holds {kind}" for name, kind in zip(own, kinds, strict=True))
        raise ValueError(
            f"The constraint {rule!r} needs columns of one kind, {' or '.join(sorted(allowed))}: {came}."
            " Name other columns, or convert these."
        )
    if isinstance(rule, Between):
        bounds = [bound for bound in (rule.low, rule.high) if bound is not None]
        try:
            rule.holds(parts[0].present[:1])
        except (TypeError, ValueError) as error:
            raise ValueError(f"The bounds of {rule!r} do not fit a column of {kinds[0]}: {error}.") from None
        if kinds[0] == "numbers" and not all(isinstance(b, Real) and b == b for b in bounds):
            raise ValueError(f"The bounds of {rule!r} must be numbers, or None.")
        if rule.allows_nothing(parts[0].present[:1]):
            raise ValueError(f"The bounds of {rule!r} leave nothing between them. Swap them.")


def _kind(cells: Cells, is_category: bool) -> str:
    if cells.is_label or is_category:
        return "categories"
    return {"M": "dates", "m": "durations"}.get(cells.values.dtype.kind, "numbers")


def check_training_rows(
    rules: Sequence[Constraint], names: Sequence[Hashable], columns: Columns, table: Any
) -> None:
    """Raise ``ValueError`` if rows of the training table break a constraint: how many, and the first."""
    for rule, broken in Relations.stated(rules, names, columns).broken(columns, table):
        if broken.any():
            raise ValueError(
                f"{int(broken.sum())} of {len(broken)} rows of X break the constraint {described(rule)},"
                f" the first of them is row {int(broken.argmax())} (counted from 0). Constraints must hold"
                " for all training rows: mend these rows, drop them, or leave the constraint out."
            )


def _near_texts(
    rules: Sequence[Constraint], names: Sequence[Hashable], columns: Columns, table: Any
) -> Iterator[str]:
    """What users should know of relations that are not kept: how many rows break them, or why else."""
    for rule, broken in Relations.stated(rules, names, columns).broken(columns, table):
        n, text = int(broken.sum()), f"{described(rule)} holds in all"
        if not n:
            doubt = "may do so by correlation alone"
            if isinstance(rule, Sum):
                doubt = "would change the values that one of these columns takes"
            yield (
                f"{text} {len(broken)} rows, but {doubt}. Pass it in `constraints` if new rows must keep it."
            )
        else:
            yield (
                f"{text} but {n} of {len(broken)} rows, of which row {int(broken.argmax())} (counted from 0)"
                " is the first. New rows keep it once such rows are mended or dropped."
            )


def _compatible(found: Sequence[Constraint], rules: Sequence[Constraint]) -> list[Constraint]:
    """Relations that were found, of columns that no given order, sum or combination is about."""
    given = [rule for rule in rules if isinstance(rule, Order | Sum | OneOf)]
    taken = {name for rule in given for name in rule.columns}
    return [rule for rule in found if not isinstance(rule, Relation) or taken.isdisjoint(rule.columns)]
