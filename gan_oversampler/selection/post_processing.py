"""What is done to the rows of the kept generators: rejection by a refitted critic, then a policy."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import torch
from torch import Tensor

from gan_oversampler._utils import Streams, standard_error
from gan_oversampler.gans.gan import GAN
from gan_oversampler.sampling.acceptance import Rejection
from gan_oversampler.sampling.base_samplers import rows_by_weight
from gan_oversampler.sampling.density_ratio import RowsByFold, fit_ratio_critics
from gan_oversampler.sampling.fold_data import FoldData
from gan_oversampler.sampling.policy import Policy
from gan_oversampler.sampling.policy_source import PolicySource
from gan_oversampler.sampling.rejection import Gate, RejectionSource
from gan_oversampler.sampling.sources import Source
from gan_oversampler.selection.candidate_sources import CrossFittedSources
from gan_oversampler.selection.scoring import Evaluator
from gan_oversampler.training.data import MIN_ROWS, TrainingData

NO_GENERATOR: Final = "Nothing is rejected, because new rows do not come from a generator."
NO_POLICY: Final = "The policy is not applied, because new rows do not come from the kept generators."


def reject(
    sources: CrossFittedSources,
    rejection: Rejection,
    gan: GAN,
    data: TrainingData,
    labels: Mapping[int, object],
    evaluator: Evaluator | None,
    streams: Streams,
) -> tuple[CrossFittedSources, list[str]]:
    """Thin out what the kept generators draw by a refitted critic, and say what that brings.

    ``gan`` is one of those that draw; it tells which rows its members saw. ``labels`` are the classes to
    oversample; those with too few rows to learn from are left as they are. The evaluator scores the sources
    with and without rejection, at the ratio at which rows are drawn; it is None where there is no oracle. All
    random numbers of the critics come from ``streams``.
    """
    by_fold: dict[int | None, Source] = {None: sources.full, **dict(enumerate(sources.by_fold))}
    gates: dict[int | None, dict[int, Gate]] = {fold: {} for fold in by_fold}
    full, notes = data.full(gan), []
    for code, label in labels.items():
        if code not in full.classes or len(full.rows[code]) < MIN_ROWS:
            notes.append(f"Class {label!r} has too few rows for a critic: nothing is rejected there.")
            continue
        seen: RowsByFold = {fold: _by_weight(data.by_fold(gan)[fold], code, streams) for fold in by_fold}
        heldout: RowsByFold = {}
        if evaluator:
            parts = [part.heldout.of(code) for part in evaluator.folds]
            real = [_resampled(torch.from_numpy(part.values), part.weights, streams) for part in parts]
            heldout = dict(enumerate(real))
        critics = fit_ratio_critics(by_fold, code, seen, heldout, streams.child(code, 0))
        for fold, critic in critics.items():
            if not critic.is_constant:
                root = streams.child("gate", code, fold)
                gates[fold][code] = Gate.of(by_fold[fold], code, critic, rejection, root)
        notes.append(f"Rejection in class {label!r} ({rejection}): {_describe(gates[None].get(code))}.")
    thinned = sources.each(lambda fold, source: RejectionSource(source, gates[fold]))
    if evaluator:
        under = _scores(evaluator, thinned.by_fold, "the choice with rejection")
        without = _scores(evaluator, sources.by_fold, "the choice")
        notes.append(f"By the oracle: {under} with rejection, {without} without.")
    return thinned, notes


def _by_weight(data: FoldData, code: int, streams: Streams) -> Tensor:
    """Real rows of a class that a generator saw, each as often as it weighs."""
    return _resampled(data.rows[code], data.weight_of(code), streams)


def _resampled(rows_nF: Tensor, weight_n: Any, streams: Streams) -> Tensor:
    """As many rows as there are, each as often as it weighs: critics compare them with such that do."""
    if weight_n is None:
        return rows_nF
    stream = streams.torch("weigh")
    return rows_by_weight(rows_nF, torch.as_tensor(weight_n), len(rows_nF), generator=stream)


def _describe(gate: Gate | None) -> str:
    if gate is None:
        return "the refitted critic cannot tell held-out real rows from new ones, so all stay as they are"
    capped = ", which 'max_proposals' will stop: the best of the rejected fill up" if gate.is_capped else ""
    return f"{gate.acceptance.rate:.1%} of the proposals come through{capped}"


def apply_policy(
    sources: CrossFittedSources, policy: Policy, data: TrainingData, evaluator: Evaluator | None
) -> tuple[CrossFittedSources, list[str]]:
    """Draw what sources propose under a policy, and say what that brings.

    The evaluator scores both at the ratio at which rows are drawn; without one the note names the policy
    only.
    """
    changed = sources.each(lambda fold, source: PolicySource(source, policy, data.by_fold()[fold]))
    note = f"Rows are drawn under {policy}."
    if evaluator:
        under, without = (_scores(evaluator, drawing.by_fold, str(policy)) for drawing in (changed, sources))
        note += f" By the oracle: {under}, {without} without."
    return changed, [note]


def _scores(evaluator: Evaluator, by_fold: Sequence[Source], name: str) -> str:
    """Mean held-out score and its standard error."""
    scores = evaluator.sign * evaluator.scores([by_fold], [name])[0]
    return f"{scores.mean():.4f} ± {standard_error(scores, evaluator.heldout_ratio):.4f}"
