"""Rows of a source as a table of the user, with those that break a constraint drawn again."""

# n row

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
