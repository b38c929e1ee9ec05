"""Dask: tables of more rows than one machine holds, resampled partition by partition.

``fit_resample`` of a Dask DataFrame returns a Dask DataFrame; it needs
``pip install "gan-oversampler[dask]"``. Classes are counted on the cluster. Rare rows, and a sample of the
others that does not depend on partitions, are gathered, and the ordinary fit learns from them on this
machine. New rows are partitions of 100,000 rows, drawn when they are computed, the same on any number of
workers; their number is that for the whole table. Row labels are numbered anew, from 0 on.

Up to 200,000 rows come whole. Of more rows every class gives the same share, but of ``k`` classes none gives
less than 200,000 / (2 ``k``) rows, if it has as many. Dask's setting ``gan-oversampler.gathered-rows`` is
another number than 200,000. Constraints are found in, and checked on, the rows that were gathered.

Nothing of Dask is imported before one of its collections is given. Start at ``resampling.py``.

Examples
--------
>>> import dask, dask.dataframe as dd, pandas as pd
>>> from sklearn.datasets import make_classification
>>> from gan_oversampler import GANOversampler
>>> X, y = make_classification(9000, weights=[0.98], random_state=0)
>>> ddf = dd.from_pandas(pd.DataFrame(X).add_prefix("x").assign(label=y), npartitions=4)
>>> sampler = GANOversampler(random_state=0)
>>> with dask.config.set({"gan-oversampler.gathered-rows": 3000}):
...     X_new, y_new = sampler.fit_resample(ddf.drop(columns="label"), ddf["label"])
>>> X_new.npartitions, y_new.value_counts().compute().sort_index().tolist()
(5, [8776, 8776])
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Final

from gan_oversampler.encoding.containers import is_dask

NEEDED: Final = (
    "Tables of Dask need dask.dataframe, 2025.4 or later. Install it by"
    ' `pip install "gan-oversampler[dask]"`, or pass a table in memory.'
)


def takes_dask(method: Callable[..., Any]) -> Callable[..., Any]:
    """Let a method of a sampler take Dask collections, by the function of its name in ``resampling.py``.

    It raises ``ImportError`` if what that needs of Dask is not installed.
    """

    @wraps(method)
    def dispatched(self: Any, X: Any, y: Any, **metadata: Any) -> Any:
        if not is_dask(X, y):
            return method(self, X, y, **metadata)
        try:
            from gan_oversampler.dask import resampling
        except ImportError as error:
            raise ImportError(NEEDED) from error
        return getattr(resampling, method.__name__)(self, X, y, **metadata)

    return dispatched
