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

    A ``size`` of None stands for all rows in one chunk. Rows of a class are balanced over seeds and rounded
    together, chunk by chunk, so those of several chunks are other rows than those of one.
    """
    for number, part in enumerate(chunks_of(n_new, size)):
        yield draw_chunk(source, encoder, part, names, streams, number)


def draw_chunk(
    source: Source,
    encoder: TableEncoder,
    part: Mapping[int, int],
    names: Sequence[Any],
    streams: Streams,
    number: int,
) -> tuple[Any, NDArray[np.intp], NDArray[np.intp]]:
    """Draw one of several chunks of rows, as `draw_table` does; ``part`` counts its rows by class code.

    The first one, number 0, draws and decodes from ``streams`` themselves, others from streams of their own:
    so a chunk depends on its number and on no other chunk.
    """
    root = streams.child("chunk", number) if number else streams
    how = root.child("resample"), root.numpy("decode")  # frozen names
    return draw_table(source, encoder, part, names, *how)


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
