"""The kept generators under a policy: the user's, or the one that the oracle chooses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from gan_oversampler.concluding import Outcome, sign_of
from gan_oversampler.judging import Judge
from gan_oversampler.policies import POLICIES, Governed, Policy
from gan_oversampler.sampling import Drawer
from gan_oversampler.selection import choose_policy, standard_error
from gan_oversampler.splitting import Pools


def govern(wished: Policy | str, pools: Pools, outcome: Outcome, judge: Judge | None = None) -> Outcome:
    """The outcome under the policy that is wished for; ``"oracle"`` needs a judge."""
    if not outcome.kept:
        note = "No policy is obeyed, because new rows do not come from the kept generators."
        return replace(outcome, report=outcome.report.noting(note))
    policies = [Policy(), wished] if isinstance(wished, Policy) else [*POLICIES]
    scores = {n: judge.score(_by_fold(p, pools, outcome), str(p)) for n, p in enumerate(policies) if judge}
    policy = wished if isinstance(wished, Policy) else policies[choose_policy(scores)]
    by_fold = tuple(_by_fold(policy, pools, outcome))
    source = Governed(outcome.source, policy, pools["targets"][None])
    sign = sign_of(judge.trials[0].oracle) if judge else 1.0
    note = _told(policy, {str(policies[n]): sign * found for n, found in scores.items()})
    return replace(outcome, source=source, by_fold=by_fold, report=outcome.report.noting(note))


def _by_fold(policy: Policy, pools: Pools, outcome: Outcome) -> list[Drawer]:
    pool = pools["targets"]
    return [Governed(source, policy, pool[fold]) for fold, source in enumerate(outcome.by_fold)]


def _told(policy: Policy, scores: Mapping[str, NDArray[np.float64]]) -> str:
    told = ", ".join(f"{name}: {s.mean():.4f} ± {standard_error(s):.4f}" for name, s in scores.items())
    return f"Rows are drawn under {policy}." + (f" Scores by the oracle: {told}." if told else "")
