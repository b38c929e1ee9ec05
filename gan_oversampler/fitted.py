"""What a fitted sampler does: it draws rows, feeds training loops, and lets further oracles choose."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from numbers import Integral
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted, validate_data

from gan_oversampler._utils import Streams, filters_as_found, lookup, single_threaded
from gan_oversampler.constraints import described
from gan_oversampler.encoding.containers import check_table
from gan_oversampler.encoding.dataset import Frame
from gan_oversampler.encoding.labels import Target
from gan_oversampler.encoding.table_encoder import TableEncoder
from gan_oversampler.observer import Observer
from gan_oversampler.oracles.registry import name_of, oracle_of

# What needs torch, which takes longer to load than all the rest, is imported by the methods that use it.
if TYPE_CHECKING:
    from gan_oversampler.outcomes import Facts
    from gan_oversampler.reporting.report import Report
    from gan_oversampler.sampling.tables import Block
    from gan_oversampler.streaming import BalancedStream, Transform
    from gan_oversampler.workflow import Fit


@dataclass(frozen=True)
class Fitted:
    """What a fitted sampler draws with: nothing else stays of the table."""

    encoder: TableEncoder  # containers, dtypes and column kinds of the table
    target: Target  # classes and their numbers of rows
    streams: Streams  # root of all randomness
    oversampled: tuple[int, ...]  # codes of the classes that get new rows
    fit: Fit  # sources with the encoded rows that they start from, and reports


class FittedMixin:
    """What a fitted sampler does; `GANOversampler` adds the fit."""

    classes_: Any
    sampling_strategy_: Any
    report_: Report
    reports_: dict[str, Report]
    n_jobs: int | None
    verbose: int
    _fitted: Fitted
    _fitted_type: ClassVar[type] = Fitted
    _n_samplings: int  # how often rows were drawn without a seed

    @filters_as_found()
    def sample(
        self,
        n: int,
        *,
        y: Any = None,
        given: Mapping[Any, Any] | None = None,
        oracle: str | None = None,
        random_state: Any = None,
    ) -> Frame:
        """Draw new rows of one class, all of which fit the conditions that are given.

        Parameters
        ----------
        n : int
            How many.
        y : label, default=None
            Which class; may be left out when only one was oversampled.
        given : dict, default=None
            Conditions by column name (position in arrays): a value, a list or set of values, or a tuple of
            two numbers, dates or durations, which is a closed interval with None as an open end. None as a
            value asks for missing cells. Rows start from real rows that fit; what does not fit is drawn
            again, and after ten times moved toward the nearest real row that fits, in these columns.
        oracle : str, default=None
            Whose choice draws, a key of ``reports_``; None is the first one.
        random_state : int, RandomState or None, default=None
            None draws other rows at every call (the same sequence after the same fit).

        Returns
        -------
        X_new : same container and dtypes as the training table, of n rows

        Raises
        ------
        ValueError
            If the class is unknown or was not among those to oversample, there is no such oracle, new rows
            keep breaking a constraint, or ``given`` names no column, asks for what a column cannot hold, or
            for rows that cannot be made.

        Examples
        --------
        >>> from gan_oversampler import GANOversampler
        >>> X = [[age, sex] for age in range(20, 80) for sex in "FM"]
        >>> sampler = GANOversampler(oracle=None, max_steps=0, random_state=0)
        >>> rows = sampler.fit(X, [age > 60 for age, _ in X]).sample(9, given={0: (64, 68), 1: "F"})
        >>> all(64 <= age <= 68 and sex == "F" for age, sex in rows)
        True
        """
        from gan_oversampler.sampling.conditions import ConditionalSource
        from gan_oversampler.sampling.tables import BLOCK, draw_blocks

        check_is_fitted(self, "report_")
        fitted = self._fitted
        outcome = fitted.fit.first if oracle is None else lookup(fitted.fit.outcomes, oracle, "oracle")
        if not isinstance(n, Integral) or isinstance(n, bool) or n < 0:
            raise ValueError(f"'n' must be a non-negative integer. Got {n!r} instead.")
        target = fitted.target
        code = target.code_to_draw(y, fitted.oversampled)
        target.refuse_single_rows([code])
        self._n_samplings += random_state is None
        streams = fitted.streams.child("sample", self._n_samplings)
        if random_state is not None:
            streams = Streams.of(random_state)
        source, encoder = outcome.source, fitted.encoder
        if given:
            encoder = encoder.given(given)
            with single_threaded():
                tries = streams.child("given")
                source = ConditionalSource.of(source, encoder, code, target.names[code], tries)
        blocks = draw_blocks(source, encoder, {code: int(n)}, target.names, streams)
        return next(blocks).table if n <= BLOCK else encoder.join((block.table for block in blocks), int(n))

    def stream(
        self,
        X: Frame,
        y: Any,
        *,
        batch_size: int = 64,
        transform: Transform | None = None,
        random_state: Any = None,
    ) -> BalancedStream:
        """Feed a training loop of torch: endless batches, balanced over classes, of real and fresh new rows.

        The rows of a class are real or new in the shares that they have after ``fit_resample``. Real ones are
        drawn with replacement, new ones as they are needed, with none kept.

        Parameters
        ----------
        X, y : see ``fit``
            The real rows: the table of the fit, which the sampler does not keep.
        batch_size : int, default=64
            Rows per batch; the numbers of two classes differ by at most one.
        transform : callable, default=None
            Called with rows in your container, returns as many rows of numbers: the ``transform`` of a fitted
            ``StandardScaler``, for instance. Call it for the rows to predict, too.
        random_state : int, RandomState or None, default=None
            An integer gives the same batches to every iteration, so keep one iterator for all epochs.

        Returns
        -------
        stream : torch.utils.data.IterableDataset
            Yields ``X`` of shape ``(batch_size, ...)``, 32-bit floats, and ``y`` of shape ``(batch_size,)``,
            positions in ``classes_``. ``DataLoader(stream, batch_size=None, num_workers=2)`` draws in the
            background; each worker has rows of its own.

        Raises
        ------
        ValueError
            If ``X`` has other columns than in the fit, ``y`` other classes, or batches would hold something
            else than finite numbers.

        Examples
        --------
        >>> from itertools import islice
        >>> import torch
        >>> from gan_oversampler import GANOversampler
        >>> from sklearn.datasets import make_classification
        >>> from sklearn.preprocessing import StandardScaler
        >>> X, y = make_classification(200, weights=[0.9], random_state=0)
        >>> sampler = GANOversampler(max_steps=0, oracle=None, random_state=0).fit(X, y)
        >>> net = torch.nn.Linear(20, 2)
        >>> optimizer = torch.optim.Adam(net.parameters())
        >>> stream = sampler.stream(X, y, transform=StandardScaler().fit(X).transform)
        >>> for X_batch, y_batch in islice(stream, 10):
        ...     optimizer.zero_grad()
        ...     torch.nn.functional.cross_entropy(net(X_batch), y_batch).backward()
        ...     optimizer.step()
        >>> X_batch.shape, y_batch.bincount()
        (torch.Size([64, 20]), tensor([32, 32]))
        """
        from gan_oversampler.streaming import BalancedStream

        check_is_fitted(self, "report_")
        check_table(X)
        validate_data(self, X=X, reset=False, skip_check_array=True)
        self._n_samplings += random_state is None
        streams = self._fitted.streams.child("stream", self._n_samplings)
        return BalancedStream(self, X, y, batch_size, transform, random_state, streams)

    @filters_as_found()
    def rescore(self, oracle: Any) -> Report:
        """Let one more oracle score what the training left, without training again.

        Parameters
        ----------
        oracle : str, Oracle, scorer or callable
            As in the constructor.

        Returns
        -------
        report : Report
            Its choice; ``reports_`` holds it too, and ``sample(n, oracle=...)`` draws from it. If the name is
            taken, it gets a number: ``"energy 2"``.

        Raises
        ------
        ValueError
            If nothing was kept (``keep_candidates=True`` keeps it), or nothing was scored: without an oracle,
            or with too few rows.
        """
        import torch

        from gan_oversampler.plan import Services
        from gan_oversampler.workflow import rescore

        check_is_fitted(self, "report_")
        fitted, name, other = self._fitted, name_of(oracle, self.reports_), oracle_of(oracle)
        other.validate(len(fitted.target.classes))
        services = Services(fitted.streams, torch.device("cpu"), self.n_jobs, observer=Observer(self.verbose))
        with single_threaded():
            found = rescore(fitted.fit, name, other, services, self._facts(fitted.encoder))
        self._fitted = replace(fitted, fit=found)
        self.reports_ = {**self.reports_, name: found.outcomes[name].report}
        return self.reports_[name]

    def _set_fitted(self, fitted: Fitted, labels: Iterable[Any]) -> None:
        """Set what a fit leaves behind; ``labels`` are those of the classes that may get new rows."""
        from gan_oversampler.reporting.model_summary import ModelSummary

        for attribute in ("is_synthetic_", "seed_indices_"):
            self.__dict__.pop(attribute, None)
        target, first = fitted.target, fitted.fit.first
        n_new = {target.names[code]: n for code, n in first.n_new.items()}
        self.sampling_strategy_ = {label: n_new.get(label, 0) for label in labels}
        self.classes_ = np.sort(target.classes)
        self.reports_ = {name: outcome.report for name, outcome in fitted.fit.outcomes.items()}
        self.report_ = next(iter(self.reports_.values()))
        self.history_, self.fallback_ = self.report_.history, first.fallback
        self.summary_ = self.report_.summary or ModelSummary()
        self._n_samplings = 0
        self._fitted = fitted

    def _facts(self, encoder: TableEncoder) -> Facts:
        """What reports tell of the sampler and the table."""
        from gan_oversampler.reporting.report import parameters_of

        constraints = tuple(map(described, encoder.relations.constraints))
        near = encoder.relations.near
        return {"parameters": parameters_of(self), "constraints": constraints, "near_constraints": near}

    def _new_rows(self, size: int | None = None) -> Iterator[Block]:
        """New rows of a resampling, in chunks of ``size`` rows, or block by block.

        After the last ones the report tells how many equalled a real row.
        """
        from gan_oversampler.sampling.copies import CopyTally
        from gan_oversampler.sampling.tables import draw_blocks, in_chunks

        fitted, target = self._fitted, self._fitted.target
        n_new = {target.code_of(label): n for label, n in self.sampling_strategy_.items() if n}
        how, tally = (n_new, target.names, fitted.streams, "resample"), CopyTally()
        blocks = draw_blocks(fitted.fit.first.source, fitted.encoder, *how, tally)
        yield from blocks if size is None else in_chunks(blocks, fitted.encoder, size)
        self._tell_copies(**vars(tally))

    def _tell_copies(self, **counts: Any) -> None:
        """Let the report of the oracle that draws tell what became of copies."""
        from gan_oversampler.reporting.facts import Copies

        fit = self._fitted.fit
        first, outcome = next(iter(fit.outcomes.items()))
        self.report_ = outcome.report.changed(copies=Copies(**counts))
        self.reports_ = {**self.reports_, first: self.report_}
        outcomes = {**fit.outcomes, first: replace(outcome, report=self.report_)}
        self._fitted = replace(self._fitted, fit=replace(fit, outcomes=outcomes))

    def _stacked(self, X: Frame) -> tuple[Frame, NDArray[np.intp], NDArray[np.intp]]:
        """The table followed by the new rows of a resampling, and the class codes and seeds of these."""
        codes, seeds = [], []

        def tables() -> Iterator[Frame]:
            yield X
            for block in self._new_rows():
                codes.append(block.codes)
                seeds.append(block.seeds)
                yield block.table

        n = sum(self._fitted.target.counts) + sum(self.sampling_strategy_.values())
        stacked = self._fitted.encoder.join(tables(), int(n))
        return stacked, np.concatenate(codes), np.concatenate(seeds)
