"""Search spaces: which GANs may be tried, as a plain value."""

from __future__ import annotations

import hashlib
import itertools
import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final, Self

from gan_oversampler._utils import did_you_mean
from gan_oversampler.search.dimensions import (
    CELL,
    CELL_CHOICES,
    GRID_CHOICES,
    NAMES,
    SKIP,
    cell_choices,
    read,
    usual_choices,
    write,
)
from gan_oversampler.search.rules import OF_CELLS, OF_CRITICS, Choice, settle, settled_choice

if TYPE_CHECKING:
    from gan_oversampler.gans.gan import GAN
    from gan_oversampler.search.outcome import SearchedGAN

Choices = Mapping[str, Sequence[Choice]]
MAX_DEPTH: Final = 20  # cells of a generator, layers of a critic
_DIGITS: Final = re.compile(r"\d+")


@dataclass(frozen=True)
class SearchSpace:
    """GANs that a search may try: a finite list of choices along every dimension.

    A GAN differs from a template, the sampler's own GAN, in these choices only. Choices that contradict each
    other are settled by rule: see :func:`gan_oversampler.search.rules.settle`.

    Parameters
    ----------
    dimensions : mapping of str to sequence
        Choices by name: ``cells`` (their number; 0 takes the template's ``widths``); of every cell ``k``,
        from 1, ``cell k width``, ``order``, ``norm``, ``activation``, ``shortcut`` and, on grids, ``kernel``
        and ``upsampling``, see :class:`Cell`, and ``cell k skip from j``; ``conditioning``; ``latent``;
        ``critic width``, ``critic depth`` (layers; 0 takes the template's), ``critic dropout``,
        ``critic norm``, ``critic rate``; ``loss``; ``penalty``; ``optimizer``; ``generator rate``; the loss
        weights ``utility``, ``adversarial``, ``fidelity``; ``policy``, the ``repr`` of a :class:`Policy`.

    Raises
    ------
    ValueError
        If a dimension is unknown or has no choices, or belongs to a cell that no choice of ``cells`` has.

    Examples
    --------
    >>> space = SearchSpace({"cells": (1, 2), "cell 1 width": (16, 32), "cell 2 width": (16, 32)})
    >>> space.n_architectures
    6
    >>> space.narrow({"cell * width": (32,)}).widen({"latent": (4, 8)}).n_architectures
    4
    """

    dimensions: Choices

    def __post_init__(self) -> None:
        given = {name: _checked(name, choices) for name, choices in _named(self.dimensions)}
        if not given:
            raise ValueError("A search space needs at least one dimension. Got none.")
        _check_cells(given)
        object.__setattr__(self, "dimensions", given)

    @classmethod
    def of(cls, template: GAN) -> Self:
        """Return the default space of GANs like the template; its own choices are among the others.

        ``loss``, ``penalty`` and ``adversarial`` are left out where the template evolves, is saturating or
        has controllers, which need its own.

        Parameters
        ----------
        template : GAN
            Its family and grid say which dimensions there are.
        """
        from gan_oversampler.gans.gan import GAN

        if not isinstance(template, GAN):
            raise ValueError(f"A search space is made for a GAN. Got {template!r} instead.")
        return cls(usual_choices(template))

    def narrow(self, changes: Choices) -> Self:
        """Keep some of the choices only; ``"cell * width"`` stands for all cells.

        Cells beyond the largest number left are dropped. Raises ValueError if a dimension is not in the
        space, or a choice is not among its choices.
        """
        changed = dict(self.dimensions)
        for pattern, choices in _named(changes):
            for name in self._matching(pattern):
                _checked(name, choices)
                strange = [choice for choice in choices if choice not in self.dimensions[name]]
                if strange:
                    raise ValueError(
                        f"{name!r} has the choices {_listed(self.dimensions[name])}, of which a narrower"
                        f" space keeps some. Got {strange[0]!r}. `widen` adds choices."
                    )
                changed[name] = tuple(choices)
        return type(self)(_without_absent_cells(changed))

    def widen(self, changes: Choices) -> Self:
        """Add choices, or dimensions; further cells get the choices of the last one, with skips.

        Raises ValueError if a dimension is unknown.
        """
        changed = dict(self.dimensions)
        for pattern, choices in _named(changes):
            names = self._matching(pattern) if "*" in pattern else [pattern]
            for name in names:
                changed[name] = tuple(dict.fromkeys((*changed.get(name, ()), *_checked(name, choices))))
        _check_counts(changed)
        return type(self)(_with_new_cells(changed))

    def without(self, *patterns: str) -> Self:
        """Fix dimensions to the template's value by taking them out; ``"cells"`` takes all cells out.

        Raises ValueError if a dimension is not in the space, or none is left.
        """
        dropped = {name for pattern in patterns for name in self._matching(pattern)}
        if "cells" in dropped:
            dropped |= {name for name in self.dimensions if CELL.fullmatch(name)}
        return type(self)({name: its for name, its in self.dimensions.items() if name not in dropped})

    @property
    def n_architectures(self) -> int:
        """Number of different GANs in the space, an exact integer.

        Choices without effect do not count, nor do those that stand for another one. Dimensions that are not
        in the space are taken to be there where others depend on them.
        """
        cells = {name: its for name, its in self.dimensions.items() if _of_cells(name)}
        others = {name: its for name, its in self.dimensions.items() if not _of_cells(name)}
        return _count(cells, OF_CELLS) * _count(others, OF_CRITICS)

    @property
    def fingerprint(self) -> str:
        """Text that differs between spaces of different dimensions or choices."""
        return hashlib.sha256(json.dumps(list(self.dimensions.items())).encode()).hexdigest()[:16]

    def params_of(self, gan: GAN) -> dict[str, Choice]:
        """Return the choices that a GAN has made, without dimensions where its own is not among them."""
        point = read(gan)
        return {
            name: point[name] for name, its in self.dimensions.items() if name in point and point[name] in its
        }

    def start(self, template: GAN) -> dict[str, Choice]:
        """Return the template's own point, with the first choice wherever its own is not in the space."""
        return {name: its[0] for name, its in self.dimensions.items()} | self.params_of(template)

    def trial_of(self, params: Mapping[str, Choice], template: GAN) -> SearchedGAN:
        """Build what stands at a point of the space: a GAN like the template, and a policy.

        Parameters
        ----------
        params : mapping of str to choice
            Dimensions that are missing stay as in the template.
        template : GAN
            Neither changed nor shared.
        """
        from gan_oversampler.sampling.policy import POLICIES
        from gan_oversampler.search.outcome import SearchedGAN

        for name, choice in params.items():
            if choice not in self.dimensions[self._matching(name)[0]]:
                raise ValueError(
                    f"{name!r} has the choices {_listed(self.dimensions[name])}. Got {choice!r} instead."
                )
        policies = {repr(policy): policy for policy in POLICIES}
        policy = params.get("policy")
        return SearchedGAN(write(template, params), None if policy is None else policies[str(policy)])

    def key(self, params: Mapping[str, Choice], template: GAN) -> str:
        """Text that is equal for two points if, and only if, they stand for the same GAN and policy."""
        settled = settle(read(template) | dict(params))
        return json.dumps({name: settled[name] for name in sorted(settled)})

    def check(self, template: GAN) -> None:
        """Try every choice in a GAN like the template; raise ValueError at the first that is not valid."""
        from gan_oversampler.gans.validation import validated
        from gan_oversampler.sampling.policy import POLICIES

        start = self.start(template)
        for name, choices in self.dimensions.items():
            at = start | ({"cells": _most_cells(self.dimensions)} if CELL.fullmatch(name) else {})
            for choice in choices:
                try:
                    if name == "policy" and choice not in (None, *map(repr, POLICIES)):
                        raise ValueError(f"Known are: {_listed(map(repr, POLICIES))}.")
                    validated(write(template, at | {name: choice}))
                except ValueError as error:
                    raise ValueError(
                        f"The choice {choice!r} of {name!r} is not possible in this search: {error}"
                    ) from error

    def __str__(self) -> str:
        """Table of the dimensions, alike cells in one line, and the number of GANs."""
        lines: dict[tuple[str, tuple[Choice, ...]], list[str]] = {}
        for name, choices in self.dimensions.items():
            title = _DIGITS.sub("*", name)
            lines.setdefault((title, tuple(choices)), []).append(name)
        rows = [(its[0] if len(its) == 1 else title, choices) for (title, choices), its in lines.items()]
        width = max(len(title) for title, _ in rows)
        table = [f"{title:<{width}}  {_listed(choices)}" for title, choices in rows]
        return "\n".join([*table, f"{self.n_architectures:,} different GANs"])

    def _matching(self, pattern: str) -> list[str]:
        """Names of the dimensions that a pattern stands for, at least one."""
        if not isinstance(pattern, str):
            raise ValueError(f"Dimensions are named by texts, such as 'cell * width'. Got {pattern!r}.")
        names = [name for name in self.dimensions if fnmatchcase(name, pattern)]
        if not names:
            titles = dict.fromkeys(_DIGITS.sub("*", name) for name in self.dimensions)
            hint = did_you_mean(pattern, titles, besides=self.dimensions)
            raise ValueError(f"The search space has no dimension {pattern!r}.{hint}")
        return names


def _listed(choices: Iterable[object]) -> str:
    return ", ".join(map(repr, choices))


def _of_cells(name: str) -> bool:
    return name == "cells" or CELL.fullmatch(name) is not None


def _named(choices: object) -> Iterable[tuple[str, Sequence[Choice]]]:
    """Names and choices of a mapping; raises ValueError for anything else."""
    if not isinstance(choices, Mapping) or not all(isinstance(name, str) for name in choices):
        raise ValueError(
            "A search space needs a mapping of names to choices, such as {'latent': (4, 8)}. Got"
            f" {choices!r}. Give `SearchSpace.of(GAN(...))` for the default one."
        )
    return choices.items()


def _checked(name: str, choices: Sequence[Choice]) -> tuple[Choice, ...]:
    """Check the name and the choices of one dimension; NumPy's scalars become Python's."""
    cell = CELL.fullmatch(name)
    part = cell and cell[2]
    is_skip = cell is not None and part == SKIP and cell[3] is not None and 0 < int(cell[3]) < int(cell[1])
    is_part = cell is not None and part in {**CELL_CHOICES, **GRID_CHOICES} and not cell[3]
    if not (name in NAMES or is_skip or is_part):
        names = [f"cell 1 {each}" for each in (*CELL_CHOICES, *GRID_CHOICES)]
        hint = did_you_mean(name, [*NAMES, *names, "cell 2 skip from 1"])
        raise ValueError(f"Unknown dimension {name!r} of a search space.{hint}")
    if isinstance(choices, str) or not isinstance(choices, Sequence):
        raise ValueError(f"The choices of {name!r} are a tuple or list. Got {choices!r} instead.")
    plain = [getattr(choice, "item", lambda choice=choice: choice)() for choice in choices]
    if not plain:
        raise ValueError(f"The dimension {name!r} needs at least one choice. Got none.")
    if not all(map(_is_plain, plain)):
        raise ValueError(
            f"The choices of {name!r} are texts, finite numbers, True, False or None. Got {_listed(plain)}."
        )
    return tuple(dict.fromkeys(plain))


def _is_plain(choice: object) -> bool:
    is_finite = isinstance(choice, int | float) and -math.inf < choice < math.inf
    return choice is None or isinstance(choice, str) or is_finite


def _check_cells(dimensions: Choices) -> None:
    """Refuse choices of cells that no number of cells makes use of."""
    _check_counts(dimensions)
    counts = dimensions.get("cells", ())
    for name in dimensions:
        if _cell_number(name) > _most_cells(dimensions):
            raise ValueError(
                f"The dimension {name!r} has no effect, because no choice of 'cells' has that many. Got"
                f" {_listed(counts) or 'none'} for 'cells'. Add one, or leave the dimension out."
            )


def _check_counts(dimensions: Choices) -> None:
    """Refuse numbers of cells and layers that nobody could train."""
    for kind in ("cells", "critic depth"):
        if not all(type(count) is int and 0 <= count <= MAX_DEPTH for count in dimensions.get(kind, ())):
            raise ValueError(
                f"The choices of {kind!r} are integers, from 0 to {MAX_DEPTH}. Got"
                f" {_listed(dimensions[kind])}."
            )


def _most_cells(dimensions: Choices) -> int:
    return max((count for count in dimensions.get("cells", ()) if isinstance(count, int)), default=0)


def _cell_number(name: str) -> int:
    """Position of the cell that a dimension belongs to, from 1; 0 for the others."""
    cell = CELL.fullmatch(name)
    return int(cell[1]) if cell else 0


def _without_absent_cells(dimensions: Choices) -> dict[str, Sequence[Choice]]:
    last = _most_cells(dimensions)
    return {name: its for name, its in dimensions.items() if _cell_number(name) <= last}


def _with_new_cells(dimensions: Choices) -> dict[str, Sequence[Choice]]:
    """Give cells without any dimension those of the one before, and skips; the first one gets the usual."""
    changed = dict(dimensions)
    for k in range(1, _most_cells(dimensions) + 1):
        if any(_cell_number(name) == k for name in changed):
            continue
        for name, usual in cell_choices([k], is_grid=True).items():
            before = name.replace(str(k), str(k - 1), 1)
            if SKIP in name or (k == 1 and name.split(maxsplit=2)[2] in CELL_CHOICES):
                changed[name] = usual
            elif before in changed:
                changed[name] = changed[before]
    return changed


def _count(dimensions: Choices, deciding: Sequence[str]) -> int:
    """Count different points, where only the ``deciding`` dimensions say which choices of others differ."""
    given = [name for name in deciding if name in dimensions]
    points = [dict(zip(given, choices)) for choices in itertools.product(*(dimensions[it] for it in given))]
    different = {json.dumps(settle(point), sort_keys=True): point for point in points}
    return sum(
        math.prod(
            len({settled_choice(name, choice, point) for choice in choices})
            for name, choices in dimensions.items()
            if name not in given
        )
        for point in different.values()
    )
