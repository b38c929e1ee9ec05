"""Draw options: generators, policy and ratio, chosen together where the oracle may choose."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np
import pandas as pd

from gan_oversampler._utils import standard_error
from gan_oversampler.gans.gan import GAN
from gan_oversampler.sampling.policy import POLICIES, Policy
from gan_oversampler.sampling.policy_source import PolicySource
from gan_oversampler.selection.candidate_sources import generator_sources
from gan_oversampler.selection.choice import (
    Choice,
    Utilities,
    choose_draw_options,
    runners_up,
)
from gan_oversampler.selection.scoring import NOTHING, Evaluator
from gan_oversampler.training.loop import Scored

RATIOS: Final = (0.25, 0.5, 0.75, 1.0)
N_CHOICES: Final = 3  # specifications tried under every policy and ratio: the choice and the next best


Policies = Policy | tuple[Policy, ...] | str | None
"""A policy, several that the oracle chooses among, a string where it chooses among all, or None."""


@dataclass(frozen=True)
class DrawOptions:
    """One way to make new rows."""

    choice: Choice  # whose generators draw
    policy: Policy  # how they draw
    ratio: float  # share of the size at which classes would be balanced, or of what was asked for; 0: no rows
    utilities: Utilities  # per fold, by the oracle


def scored_draw_options(
    evaluator: Evaluator,
    scored: Sequence[Scored],
    choice: Choice,
    *,
    policy: Policies,
    choose_ratio: bool,
    baselines: Mapping[str, Utilities] = MappingProxyType({}),
) -> list[list[DrawOptions]]:
    """Score the ways to draw that are open, as lists of draw options that differ in their ratio only.

    The first list is what is done without a choice. A policy given as a string means that the oracle is to
    choose one, a tuple that it chooses among these; then, and with ``choose_ratio``, the best specifications
    besides the choice are tried, too. No new rows at all are a ratio of 0, in the first list, where the
    oracle can score that; ``baselines`` are those that it has scored already.
    Without anything to choose there is one list of one entry.
    """
    is_free = isinstance(policy, str | tuple) or choose_ratio
    if not choice.best.candidate.may_be_kept or (policy is None and not is_free):
        return [[DrawOptions(choice, Policy(), 1.0, choice.best.utilities)]]
    gans, data, n_folds = evaluator.gans, evaluator.data, len(evaluator.folds)
    others = runners_up(scored, choice, *rules_of(gans)) if is_free else []
    policies = _open_policies(policy)
    pairs = list(itertools.product([choice, *others][:N_CHOICES], policies))
    sources = []
    for option, its_policy in pairs:
        candidates = [entry.candidate for entry in option.mixture]
        by_fold = generator_sources(gans, candidates, data, n_folds).by_fold
        sources.append(
            [PolicySource(source, its_policy, data.fold(None, i)) for i, source in enumerate(by_fold)]
        )
    tried: list[list[DrawOptions]] = [[] for _ in pairs]
    for ratio in RATIOS if choose_ratio else [1.0]:
        if (at_ratio := evaluator.at_ratio(ratio)) is None:
            continue
        names = [f"{option.name(gans)}, {its_policy}, ratio {ratio:g}" for option, its_policy in pairs]
        for options, pair, utilities in zip(tried, pairs, at_ratio.scores(sources, names), strict=True):
            options.append(DrawOptions(*pair, ratio, utilities))
    if choose_ratio:  # no new rows, once: they are the same for all pairs
        known = baselines if NOTHING in baselines else evaluator.baselines([NOTHING])
        if np.isfinite(known[NOTHING]).all():
            tried[0].insert(0, DrawOptions(*pairs[0], 0.0, known[NOTHING]))
    return tried


def _open_policies(policy: Policies) -> tuple[Policy, ...]:
    """Policies to try; all of the registry where a string leaves the choice to the oracle."""
    if isinstance(policy, str):
        return POLICIES
    return policy if isinstance(policy, tuple) else (policy or Policy(),)


def n_draw_options(n_gans: int, policy: Policies, choose_ratio: bool) -> int:
    """Count the most draw options that ``scored_draw_options`` scores anew.

    >>> n_draw_options(6, None, False), n_draw_options(6, Policy(), False), n_draw_options(6, None, True)
    (0, 1, 12)
    """
    is_free = isinstance(policy, str | tuple) or choose_ratio
    if policy is None and not is_free:
        return 0
    n_policies = len(_open_policies(policy))
    n_choices, n_ratios = min(n_gans, N_CHOICES) if is_free else 1, len(RATIOS) if choose_ratio else 1
    return n_choices * n_policies * n_ratios


def rules_of(gans: Sequence[GAN]) -> tuple[list[float], list[str]]:
    """List of each GAN the least gain of its training, in uncorrected errors, and its family."""
    return [gan.min_gain_in_se for gan in gans], [gan.family for gan in gans]


def best_draw_options(tried: Sequence[Sequence[DrawOptions]]) -> DrawOptions:
    """Choose the first draw options, or others that are better by more than chance, at a small ratio.

    The rule is that of ``choose_draw_options``, each list of ``tried`` being a candidate there.
    """
    by_ratio = [{options.ratio: options for options in group} for group in tried]
    number, ratio = choose_draw_options(
        [{ratio: options.utilities for ratio, options in group.items()} for group in by_ratio]
    )
    return by_ratio[number][ratio]


def as_frame(
    tried: Sequence[Sequence[DrawOptions]],
    kept: DrawOptions | None,
    gans: Sequence[GAN],
    sign: float,
    heldout_ratio: float | None = None,
) -> pd.DataFrame:
    """Make a table of draw options, a row each, for ``report_.draw_options``.

    Columns are the name, the parameters of the policy, the ratio, the score in the oracle's unit with its
    standard error, and which of them is kept.
    """
    rows = [
        {
            "name": options.choice.name(gans),
            **options.policy.get_params(),
            "ratio": options.ratio,
            "score": sign * float(options.utilities.mean()),
            "standard_error": standard_error(options.utilities, heldout_ratio),
            "kept": options is kept,
        }
        for group in tried
        for options in group
    ]
    return pd.DataFrame(rows)


def describe(
    tried: Sequence[Sequence[DrawOptions]],
    kept: DrawOptions,
    gans: Sequence[GAN],
    sign: float,
    heldout_ratio: float | None = None,
) -> str:
    """Say what was chosen, of how many draw options, and its score beside that without a choice."""
    plain = tried[0][-1]
    chosen = [kept.choice.name(gans) if kept.ratio else "no new rows"]
    if kept.ratio and len({repr(options.policy) for group in tried for options in group}) > 1:
        chosen.append(str(kept.policy))
    if kept.ratio and len(tried[0]) > 1:
        chosen.append(f"a ratio of {kept.ratio:g} to the largest class")
    scores = [
        f"{sign * o.utilities.mean():.4f} ± {standard_error(o.utilities, heldout_ratio):.4f}"
        for o in (kept, plain)
    ]
    return (
        f"Of {sum(map(len, tried))} ways to draw the oracle chose {', '.join(chosen)}: {scores[0]},"
        f" {scores[1]} without a choice; all are in report_.draw_options."
    )
