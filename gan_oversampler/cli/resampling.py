"""Tables of files through a sampler: what ``resample`` and ``sample`` write, and what they say of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
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
from gan_oversampler.cli.files import table_writer
from gan_oversampler.estimator import GANOversampler

RATIO_WORDS: Final = ("auto", "oracle", "minority", "not majority", "not minority", "all")
MAX_CLASS_SHARE: Final = 0.5  # of the rows; classes of a column of more values have mostly a single row
MAX_LINES: Final = 20  # of classes, before the rest is summed up
CHUNK: Final = 50_000  # rows that are in memory at once while many are drawn


def split(table: pa.Table, target: str, ignored: Sequence[str] = ()) -> tuple[pa.Table, pd.Series]:
    """The columns to learn from, and the labels. Columns without any value are ignored, too.

    Raises ``ValueError`` if there are no rows, a column does not exist, none is left to learn from, or the
    target has missing cells or too many values to be classes.
    """
    columns = {name: name for name in table.column_names}
    for name in (target, *ignored):
        lookup(columns, name, "column")
    if target in ignored:
        raise ValueError(f"Column {target!r} holds the labels and cannot be ignored.")
    empty = [field.name for field in table.schema if pa.types.is_null(field.type)]
    if not table.num_rows:
        raise ValueError("The table has a header, but no rows. Give rows of at least two classes.")
    X = table.drop_columns(list(dict.fromkeys([target, *ignored, *empty])))
    if not X.num_columns:
        raise ValueError(f"A column to learn from is needed beside the target {target!r}. Got none.")
    labels, n_rows = table[target], table.num_rows
    if pa.types.is_nested(labels.type):
        raise ValueError(f"Labels are single values. Column {target!r} holds a {labels.type} in each cell.")
    if missing := labels.null_count:
        raise ValueError(
            f"Every row needs a label, {missing} of column {target!r} are missing. Drop these rows."
        )
    if (n_labels := len(labels.unique())) > max(MAX_CLASS_SHARE * n_rows, 2):
        raise ValueError(
            f"A target is a column of classes. Got {target!r} of {n_labels} different values in {n_rows}"
            " rows. Name another column, or make classes of its values."
        )
    return X, table[target].to_pandas()


def strategy_of(ratios: Sequence[str], labels: Sequence[Any]) -> Any:
    """The ``sampling_strategy`` that ``--ratio`` describes: a number, a word, or a number for some classes.

    Raises ``ValueError`` if it is none of these.

    >>> strategy_of(["0.5"], []), strategy_of(["7=0.5", "9=1"], [7, 8, 9])
    (0.5, {7: 0.5, 9: 1.0})
    """
    by_class = [ratio.rpartition("=") for ratio in ratios]
    if len(ratios) == 1 and ratios[0] in RATIO_WORDS:
        return ratios[0]
    if len(ratios) == 1 and not by_class[0][1]:
        return _share(ratios[0])
    return {_label_of(text, labels): _share(number) for text, _, number in by_class}


def _share(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number <= 1:
        raise ValueError(
            f"--ratio is a number above 0 and up to 1, CLASS=NUMBER, or one of {', '.join(RATIO_WORDS)}."
            f" Got {text!r}."
        )
    return number


def resampled(
    sampler: GANOversampler,
    table: pa.Table,
    target: str,
    ignored: Sequence[str] = (),
    ratios: Sequence[str] = ("auto",),
) -> Iterator[pa.Table]:
    """Fit the sampler, and return its new rows in chunks, in the columns and types of the table.

    Columns in ``ignored`` are not learned: new rows have no value there. ``ratios`` are those of
    ``strategy_of``. Rows are those of ``fit_resample``.
    """
    X, y = split(table, target, ignored)
    sampler.set_params(sampling_strategy=strategy_of(ratios, y.unique().tolist()))
    with progress_on_stderr() as verbose:
        chunks = sampler.set_params(verbose=verbose)._fit_in_chunks(X, y, CHUNK)
    return _completed(chunks, table.schema, target, sum(sampler.sampling_strategy_.values()))


def _completed(
    chunks: Iterator[tuple[pa.Table, pd.Series]], schema: pa.Schema, target: str, n: int
) -> Iterator[pa.Table]:
    """New rows with their labels and with all columns of the table, of which ``n`` are to come."""
    with tqdm(total=n, unit=" rows", disable=None) as bar:
        for rows, labels in chunks:
            rows = rows.append_column(target, pa.array(labels, from_pandas=True))
            empty = pa.nulls(rows.num_rows)
            columns = [rows[name] if name in rows.column_names else empty for name in schema.names]
            yield pa.table(columns, names=schema.names).cast(schema)
            bar.update(rows.num_rows)


def write_resampled(
    path: Path,
    table: pa.Table,
    new: Iterable[pa.Table],
    target: str,
    marker: str | None,
    *,
    with_real: bool,
) -> Counter[Any]:
    """Write chunks of new rows, below the table if ``with_real``; return how many have each label."""
    real, added = marked(table, marker, synthetic=False), Counter[Any]()
    with table_writer(path, real.schema) as writer:
        if with_real:
            writer.write_table(real)
        for chunk in new:
            added += labels_of(chunk, target)
            writer.write_table(marked(chunk, marker, synthetic=True))
    return added


def marked(table: pa.Table, marker: str | None, *, synthetic: bool) -> pa.Table:
    """The table with a column that says whether its rows are synthetic, if it has a name."""
    if marker is None:
        return table
    return table.append_column(marker, pa.array(np.full(table.num_rows, synthetic)))


def counts_of(table: pa.Table, target: str, added: Counter[Any]) -> str:
    """Real rows of each class, and new ones as ``added`` counts them, a line each, frequent classes first."""
    before = labels_of(table, target)
    shown = [(" ".join(str(label).split()), n, added[label]) for label, n in before.most_common(MAX_LINES)]
    width = max((len(name) for name, *_ in shown), default=0)
    lines = [f"  {name:<{width}}  {n_real:>9,} real  {n_new:>9,} new" for name, n_real, n_new in shown]
    hidden = [f"  and {n} more classes"] if (n := len(before) - len(shown)) else []
    return "\n".join([f"Rows by {target!r}:", *lines, *hidden])


def labels_of(table: pa.Table, target: str) -> Counter[Any]:
    """How often each label stands in a table."""
    return Counter(table[target].to_pylist())


def label_of(sampler: GANOversampler, text: str | None) -> Any:
    """The class that a text means, as the sampler knows it; without a text, the only one.

    Raises ``ValueError`` if there is no such class, or several and no text.
    """
    labels = list(sampler.sampling_strategy_)
    if text is None:
        if len(labels) != 1:
            names = ", ".join(map(str, labels))
            raise ValueError(f"The sampler draws several classes. Give --label, one of: {names}.")
        return labels[0]
    return _label_of(text, labels)


def _label_of(text: str, labels: Sequence[Any]) -> Any:
    """The label that reads as the text, in any case if only one does so."""
    named = {str(label): label for label in labels}
    same = [label for name, label in named.items() if name.casefold() == text.casefold()]
    return same[0] if text not in named and len(same) == 1 else lookup(named, text, "class")


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
                rows = rows.append_column(target, pa.array([label] * size, pa.scalar(label).type))
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
