"""The kept generators under a policy: the user's, or the one that the oracle chose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from gan_oversampler.concluding import Outcome, sign_of
from gan_oversampler.judging import Judge
from gan_oversampler.policies import Governed, Policy
from gan_oversampler.sampling import Drawer
from gan_oversampler.selection import standard_error
from gan_oversampler.splitting import Pools


def govern(pools: Pools, outcome: Outcome, judge: Judge | None = None) -> Outcome:
    """The outcome under its policy; a judge tells what it brings to what is drawn in the end."""
    if not outcome.kept:
        note = "No policy is obeyed, because new rows do not come from the kept generators."
        return replace(outcome, report=outcome.report.noting(note))
    if repr(outcome.policy) == repr(Policy()):  # rows as they come
        return outcome
    policy, pool = outcome.policy, pools["targets"]
    by_fold = tuple(Governed(source, policy, pool[fold]) for fold, source in enumerate(outcome.by_fold))
    source = Governed(outcome.source, policy, pool[None])
    judge = judge.at_ratio(outcome.ratio) if judge else None
    brought = _brought(policy, outcome.by_fold, by_fold, judge) if judge else ""
    report = outcome.report.noting(f"Rows are drawn under {policy}.{brought}")
    return replace(outcome, source=source, by_fold=by_fold, report=report)


def _brought(policy: Policy, plain: Sequence[Drawer], governed: Sequence[Drawer], judge: Judge) -> str:
    """What the oracle says of held-out rows, without and with the policy."""
    sign = sign_of(judge.trials[0].oracle)
    without, under = (sign * judge.score(sources, str(policy)) for sources in (plain, governed))
    return (
        f" By the oracle: {under.mean():.4f} ± {standard_error(under):.4f},"
        f" {without.mean():.4f} ± {standard_error(without):.4f} without."
    )
