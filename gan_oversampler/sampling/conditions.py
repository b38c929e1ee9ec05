"""Rows under conditions: real rows that fit come first, then proposals, then cells of rows that fit."""

# n row, m real row, F encoded column, K condition

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sklearn.neighbors import NearestNeighbors

from gan_oversampler._utils import Streams, warn_user
from gan_oversampler.encoding.table_encoder import TableEncoder
from gan_oversampler.sampling.fold_data import FoldData, Masks
from gan_oversampler.sampling.proposals import ProposalSearch
from gan_oversampler.sampling.sources import Drawn, Rows, Source

N_TRIES: Final = 10  # proposals per row, before cells are moved toward a real row that fits
MAX_TRIES: Final = 20  # the same where no real row fits
N_PILOT: Final = 2048  # proposals of which one must fit where no real row does
SHARES: Final = (0.5, 0.25, 0.125, 0.0625)  # of the way that a value may keep, one after the other


@dataclass(frozen=True)
class ConditionalSource:
    """Rows of another source that fit conditions; exactly as many rows as asked for come back.

    Proposals start from real rows that fit, where there are any. Those that do not fit are drawn again; in
    the last ones the cells in question are moved toward those of the nearest row that fits. Where none does,
    each condition takes its cells from the nearest row that keeps this one.
    """

    source: Source  # draws proposals, from the real rows that keep most conditions
    encoder: TableEncoder  # knows the conditions
    label: Hashable  # the class, for messages
    real_mF: Rows  # encoded real rows of the class
    kept_mK: NDArray[np.bool_]  # which conditions they keep

    @classmethod
    def of(
        cls, source: Source, encoder: TableEncoder, code: int, label: Hashable, streams: Streams
    ) -> ConditionalSource:
        """Let a source start from the real rows of one class that keep most of the encoder's conditions.

        Mixing partners of all classes keep all of them, if there are such rows. Stored sources that start
        from noise have no real rows, and stay as they are. ``label`` names the class in messages.
        """
        rows = {c: its.numpy() for c, its in source.data.known_rows.items() if len(its)}
        if code not in rows:
            none_mF, none_mK = (np.empty((0, n)) for n in (encoder.layout.width, len(encoder.conditions)))
            return cls(source, encoder, label, none_mF.astype(np.float32), none_mK.astype(bool))
        kept = {
            c: encoder.keeps(its, np.full(len(its), c), streams.numpy("fit", c)) for c, its in rows.items()
        }
        masks = {c: np.asarray(kept_nK.all(axis=1)) for c, kept_nK in kept.items()}
        if not any(mask.any() for mask in masks.values()):
            masks = {}
        n_kept = kept[code].sum(axis=1)
        best: Masks = {**masks, code: n_kept == n_kept.max()}
        return cls(source.among(code, best), encoder, label, rows[code], kept[code])

    @property
    def data(self) -> FoldData:
        """Real rows that proposals start from."""
        return self.source.data

    def among(self, code: int, masks: Masks) -> ConditionalSource:
        """Return the source over some real rows."""
        return replace(self, source=self.source.among(code, masks))

    @property
    def fitting(self) -> Rows:
        """Real rows of the class that keep all conditions; there may be none."""
        return self.real_mF[self.kept_mK.all(axis=1)]

    def draw(self, code: int, n: int, streams: Streams) -> Drawn:
        """Draw ``n`` rows of the class that fit, each batch of proposals from streams of its own.

        Raises ``ValueError`` if there is a condition that neither a real row of the class nor any proposal
        keeps, or if no row can keep all of them at once.
        """
        if not n:
            return self.source.draw(code, 0, streams)
        found, rest = self._tried(code, n, streams)
        n_missing, rng = n - len(found.rows), streams.numpy("corrected", code)
        if n_missing > 0 and (len(self.fitting) or len(found.rows)):
            models_mF = self.fitting if len(self.fitting) else found.rows
            every = np.arange(self.kept_mK.shape[1])
            moved = self._moved(rest.at(np.arange(n_missing)), models_mF, every, code, rng)
            found = replace(Drawn.joined([found, moved]), n_proposals=found.n_proposals)
        elif n_missing > 0:
            found = self._combined(rest, n, code, rng)
        return found.at(np.arange(n))

    def _tried(self, code: int, n: int, streams: Streams) -> tuple[Drawn, Drawn]:
        """Proposals that fit, and others: as many as may be missing, and a pilot."""
        limit = N_TRIES * n if len(self.fitting) else max(MAX_TRIES * n, N_PILOT)
        fitting: list[Drawn] = []
        others: list[Drawn] = []
        search, pilot = ProposalSearch(n, limit), max(n, N_PILOT)
        for proposals, root, _ in search.batches(self.source, code, streams, name="given", order="order"):
            fits = self._keeps(proposals, code, root.numpy("fits", code)).all(axis=1)
            fitting.append(proposals.at(np.flatnonzero(fits)))
            if sum(len(some.rows) for some in others) < pilot:  # more are not needed to fill up
                others.append(proposals.at(np.flatnonzero(~fits)))
            search.n_found += int(fits.sum())
            if not (search.n_found or search.n_drawn < pilot or len(self.fitting)):
                break
        return replace(Drawn.joined(fitting), n_proposals=search.n_drawn), Drawn.joined(others)

    def _moved(
        self, drawn: Drawn, models_mF: Rows, conditions: NDArray[np.intp], code: int, rng: np.random.Generator
    ) -> Drawn:
        """Rows that keep some conditions, since the cells in question are moved toward the nearest model's.

        The way that is left is halved until a row fits; states are those of the model, and so is the value
        where nothing else helps.
        """
        layout, columns, rows = (
            self.encoder.layout,
            self.encoder.deciding_columns(conditions),
            drawn.rows.copy(),
        )
        search = NearestNeighbors(n_neighbors=1).fit(models_mF * layout.scale)
        nearest = search.kneighbors(rows * layout.scale)[1][:, 0]
        goal = models_mF[nearest][:, columns]
        way = (rows[:, columns] - goal) * np.isin(columns, layout.values)
        left = np.arange(len(rows))
        for share in (*SHARES, 0.0):
            rows[np.ix_(left, columns)] = goal[left] + share * way[left]
            kept = self._keeps(replace(drawn, rows=rows[left]), code, rng)[:, conditions]
            left = left[~kept.all(axis=1)]
            if not len(left):
                break
        return replace(drawn, rows=rows)

    def _combined(self, proposals: Drawn, n: int, code: int, rng: np.random.Generator) -> Drawn:
        """Rows that fit, of which each condition takes its cells from another row, a real one if any fits."""
        drawn, kept_nK = proposals.at(np.arange(n)), self._keeps(proposals, code, rng)
        for k in range(self.kept_mK.shape[1]):
            models_mF = self.real_mF[self.kept_mK[:, k]]
            if not len(models_mF):
                models_mF = proposals.rows[kept_nK[:, k]]
            if not len(models_mF):
                raise ValueError(self._refusal())
            drawn = self._moved(drawn, models_mF, np.array([k]), code, rng)
        fits = np.flatnonzero(self._keeps(drawn, code, rng).all(axis=1))
        if not len(fits):
            raise ValueError(self._refusal())
        warn_user(
            f"No real row of class {self.label!r} fits all of 'given', nor did any new one: new rows combine"
            " cells of rows that fit a part of it, and may be implausible."
        )
        return drawn.at(np.resize(fits, len(drawn.rows)))

    def _keeps(self, drawn: Drawn, code: int, rng: np.random.Generator) -> NDArray[np.bool_]:
        return self.encoder.keeps(drawn.rows, np.full(len(drawn.rows), code), rng)

    def _refusal(self) -> str:
        if not len(self.real_mF):
            return (
                f"No row of class {self.label!r} that fits 'given' was drawn, and real rows of the class were"
                " not stored. Give wider conditions, or ask the sampler as it was before it was stored."
            )
        counts = zip(self.encoder.conditions, self.kept_mK.sum(axis=0), strict=True)
        alone = ", ".join(f"{condition.name!r} by {n}" for condition, n in counts)
        return (
            f"No row of class {self.label!r} can be made that fits 'given': {len(self.fitting)} of its"
            f" {len(self.real_mF)} real rows fit (of the conditions alone, {alone}). Give wider conditions."
        )
