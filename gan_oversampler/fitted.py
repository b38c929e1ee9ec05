"""What a fitted sampler draws with, and rows in the user's container."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.utils import _safe_indexing

from gan_oversampler._rng import Streams
from gan_oversampler._threads import single_threaded
from gan_oversampler.codec.codec import Codec
from gan_oversampler.filtering import attempt, told_of
from gan_oversampler.fitting import Fit
from gan_oversampler.rows import Frame
from gan_oversampler.target import Target


@dataclass(frozen=True)
class Fitted:
    """What drawing needs after a fit."""

    codec: Codec
    target: Target
    streams: Streams
    fit: Fit

    def draw(self, strategy: Mapping[Any, int]) -> tuple[NDArray[np.intp], NDArray[np.float32], str]:
        """Codes and encoded rows of new rows, class by class, and what to tell of them."""
        n_new = {self.target.code_of(label): n for label, n in strategy.items() if n}
        streams = self.streams.child("resample")
        with single_threaded():
            source = self.fit.first.source
            drawn = {code: attempt(source, code, n, streams) for code, n in n_new.items()}
        parts = [found.rows for found in drawn.values()]
        told = told_of({repr(self.target.names[code]): found for code, found in drawn.items()})
        codes = np.repeat(np.array(list(n_new), np.intp), list(n_new.values()))
        return codes, np.concatenate([np.empty((0, self.codec.layout.width), np.float32), *parts]), told


def frames_of(
    codec: Codec, X: Frame, streams: Streams, values: NDArray[Any], origin: NDArray[np.intp]
) -> Frame:
    """Rows for oracles in the user's container; the same rows always decode alike."""
    real = origin >= 0
    if real.all():
        return _taken(X, origin)
    new = codec.decode(values[~real], streams.numpy("decode"))
    return codec.stack(_taken(X, origin[real]), new) if real.any() else new


def _taken(X: Frame, index: NDArray[np.intp]) -> Frame:
    """Rows of a table, also of sparse formats that cannot be indexed."""
    fixed = sparse.issparse(X) and X.format not in ("csr", "csc", "lil")
    return _safe_indexing(X.tocsr() if fixed else X, index)
