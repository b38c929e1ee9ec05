"""Rows of a source as a table of the user, with those that break a constraint drawn again."""

# n row

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gan_oversampler._utils import Streams, single_threaded, warn_user
from gan_oversampler.encoding.table_encoder import TableEncoder
from gan_oversampler.sampling.rejection import capped_message
from gan_oversampler.sampling.sources import Redrawing, Source, draw_classes


def draw_table(
    source: Source,
    encoder: TableEncoder,
    n_new: Mapping[int, int],
    names: Sequence[Any],
    streams: Streams,
    rng: np.random.Generator,
) -> tuple[Any, NDArray[np.intp], NDArray[np.intp]]:
    """Draw rows of some classes as a table of the user: the table, class codes and seeds, all of ``n`` rows.

    ``n_new`` counts the rows by class code, ``names`` holds the label of each code; ``streams`` draw, ``rng``
    decodes. Rows that break a constraint are drawn again; of rows that had been rejected there is a warning.
    """
    with single_threaded():
        drawn = draw_classes(source, n_new, streams, encoder.layout.width)
    if message := capped_message({repr(names[code]): found for code, found in drawn.by_class.items()}):
        warn_user(message)
    again = Redrawing(source, drawn.codes, drawn.seed_indices, streams)
    return encoder.decode(drawn.rows, rng, drawn.codes, redraw=again), drawn.codes, again.seeds


def draw_in_chunks(
    source: Source,
    encoder: TableEncoder,
    n_new: Mapping[int, int],
    names: Sequence[Any],
    streams: Streams,
    size: int | None = None,
) -> Iterator[tuple[Any, NDArray[np.intp], NDArray[np.intp]]]:
    """Draw the rows that resampling adds, at most ``size`` at a time, each chunk as by `draw_table`.

    The first chunk draws and decodes from ``streams`` themselves, so all rows in one chunk are the same as
    without a ``size``, for which None stands. Later chunks have streams of their own: rows of a class are
    balanced over seeds and rounded together, chunk by chunk, so they are other rows than those of one chunk.
    """
    for number, part in enumerate(chunks_of(n_new, size)):
        root = streams.child("chunk", number) if number else streams
        how = root.child("resample"), root.numpy("decode")  # frozen names
        yield draw_table(source, encoder, part, names, *how)


def chunks_of(n_new: Mapping[int, int], size: int | None = None) -> Iterator[dict[int, int]]:
    """Divide numbers of rows by class code into chunks of ``size`` rows, the last of which may have fewer.

    Classes stay in order. None puts all rows into one chunk; there is always one at least.

    >>> list(chunks_of({2: 5, 1: 2}, 4)), list(chunks_of({}))
    ([{2: 4}, {2: 1, 1: 2}], [{}])
    """
    part: dict[int, int] = {}
    for code, n in n_new.items():
        while size is not None and n > (room := size - sum(part.values())):
            yield part | ({code: room} if room else {})
            part, n = {}, n - room
        part |= {code: n} if n else {}
    yield part
