"""Tables of files through a sampler: what ``resample`` and ``sample`` write, and what they say of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import narwhals as nw
import numpy as np
import pandas as pd
import pyarrow as pa
from scipy import sparse
from tqdm import tqdm

from gan_oversampler._utils import lookup
from gan_oversampler.cli.errors import progress_on_stderr
from gan_oversampler.estimator import GANOversampler

CHUNK: Final = 50_000  # rows that are in memory at once while many are drawn


def split(table: pa.Table, target: str, ignored: Sequence[str] = ()) -> tuple[pa.Table, pd.Series]:
    """The columns to learn from, and the labels. Columns without any value are ignored, too.

    Raises ``ValueError`` if a column does not exist, no column is left, or labels are missing.
    """
    columns = {name: name for name in table.column_names}
    for name in (target, *ignored):
        lookup(columns, name, "column")
    if target in ignored:
        raise ValueError(f"Column {target!r} holds the labels and cannot be ignored.")
    empty = [field.name for field in table.schema if pa.types.is_null(field.type)]
    X = table.drop_columns(list(dict.fromkeys([target, *ignored, *empty])))
    if not X.num_columns:
        raise ValueError(f"A column to learn from is needed beside the target {target!r}. Got none.")
    if missing := table[target].null_count:
        raise ValueError(
            f"Every row needs a label, {missing} of column {target!r} are missing. Drop these rows."
        )
    return X, table[target].to_pandas()


def resampled(sampler: GANOversampler, table: pa.Table, target: str, ignored: Sequence[str] = ()) -> pa.Table:
    """Fit the sampler and return the new rows, in the columns and types of the table.

    Columns in ``ignored`` are not learned: new rows have no value there.
    """
    X, y = split(table, target, ignored)
    with progress_on_stderr() as verbose:
        X_new, y_new = sampler.set_params(verbose=verbose).fit_resample(X, y)
    rows = X_new.slice(table.num_rows)
    labels = pa.array(y_new[table.num_rows :], from_pandas=True)
    rows = rows.append_column(target, labels)
    empty = pa.nulls(rows.num_rows)
    columns = [rows[name] if name in rows.column_names else empty for name in table.column_names]
    return pa.table(columns, names=table.column_names).cast(table.schema)


def marked(table: pa.Table, marker: str | None, *, synthetic: bool) -> pa.Table:
    """The table with a column that says whether its rows are synthetic, if it has a name."""
    if marker is None:
        return table
    return table.append_column(marker, pa.array(np.full(table.num_rows, synthetic)))


def counts_of(table: pa.Table, target: str, new: pa.Table) -> str:
    """Rows of each class before and after, a line each."""
    before, added = (Counter(part[target].to_pylist()) for part in (table, new))
    names = {label: " ".join(str(label).split()) for label in before}
    width = max(map(len, names.values()))
    lines = [
        f"  {name:<{width}}  {before[label]:>9,} real  {added[label]:>9,} new"
        for label, name in names.items()
    ]
    return "\n".join([f"Rows by {target!r}:", *lines])


def label_of(sampler: GANOversampler, text: str | None) -> Any:
    """The class that a text means, as the sampler knows it; None if there is one only and no text.

    Raises ``ValueError`` if there is no such class, or several and no text.
    """
    labels: Mapping[str, Any] = {str(label): label for label in sampler.sampling_strategy_}
    if text is None:
        if len(labels) != 1:
            raise ValueError(f"The sampler draws several classes. Give --label, one of: {', '.join(labels)}.")
        return next(iter(labels.values()))
    same = [label for name, label in labels.items() if name.casefold() == text.casefold()]
    return labels[text] if text in labels else same[0] if len(same) == 1 else lookup(labels, text, "class")


def drawn(
    sampler: GANOversampler, n: int, label: Any, seed: int | None = None, target: str | None = None
) -> Iterator[pa.Table]:
    """Draw rows of a class in chunks, so that memory does not grow with their number.

    A column of labels is appended if ``target`` names one. Without a seed, a loaded sampler draws the rows
    that follow those it has drawn before it was saved.
    """
    random_state = None if seed is None else np.random.RandomState(seed)  # moves on from chunk to chunk
    schema = None
    with tqdm(total=n, unit=" rows", disable=None) as bar:
        for start in range(0, max(n, 1), CHUNK):
            size = min(CHUNK, n - start)
            rows = arrow_of(sampler.sample(size, y=label, random_state=random_state))
            if target is not None:
                if target in rows.column_names:
                    raise ValueError(f"The rows have a column {target!r} already. Give another --target.")
                rows = rows.append_column(target, pa.array([label] * size))
            schema = schema or rows.schema
            yield rows.cast(schema)
            bar.update(size)


def arrow_of(rows: Any) -> pa.Table:
    """Rows of any container as an Arrow table; columns without names are called ``x0``, ``x1`` and so on."""
    if sparse.issparse(rows):
        rows = rows.toarray()
    if not hasattr(rows, "columns"):
        rows = np.asarray(rows)
        rows = pd.DataFrame(rows, columns=[f"x{j}" for j in range(rows.shape[1])])
    return nw.from_native(rows, eager_only=True).to_arrow()


def load_sampler(path: Path) -> GANOversampler:
    """Load what ``GANOversampler.save`` has written."""
    from gan_oversampler import load

    return load(path)
