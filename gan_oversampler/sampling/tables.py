"""Rows of a source as a table of the user, with those that break a constraint drawn again."""

# n row

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gan_oversampler._utils import Streams, single_threaded, warn_user
from gan_oversampler.encoding.containers import rows_at
from gan_oversampler.encoding.table_encoder import TableEncoder
from gan_oversampler.sampling.copies import CopyReplacement, CopyTally
from gan_oversampler.sampling.rejection import capped_message
from gan_oversampler.sampling.sources import Redrawing, Source, draw_classes

BLOCK: Final = 32_768  # rows that are drawn and decoded together, so that memory stays small


class Block(NamedTuple):
    """New rows in the container of the user, with their class codes and seeds, ``(n,)`` each."""

    table: Any
    codes: NDArray[np.intp]
    seeds: NDArray[np.intp]  # positions of the real rows that they started from, -1 for none

    def rows(self, start: int, stop: int) -> Block:
        """Return the rows from one position up to another."""
        if not start and stop == len(self.codes):
            return self
        at = np.arange(start, stop)
        return Block(rows_at(self.table, at), self.codes[at], self.seeds[at])


def draw_table(
    source: Source,
    encoder: TableEncoder,
    n_new: Mapping[int, int],
    names: Sequence[Any],
    streams: Streams,
    rng: np.random.Generator,
    tally: CopyTally | None = None,
) -> Block:
    """Draw rows of some classes as a table of the user.

    ``n_new`` counts the rows by class code, ``names`` holds the label of each code; ``streams`` draw, ``rng``
    decodes. Rows that break a constraint or equal a real one are replaced; ``tally`` counts the latter. Of
    rows that had been rejected there is a warning.
    """
    with single_threaded():
        drawn = draw_classes(source, n_new, streams, encoder.layout.width)
    if message := capped_message({repr(names[code]): found for code, found in drawn.by_class.items()}):
        warn_user(message)
    again = Redrawing(source, drawn.codes, drawn.seed_indices, streams)
    revise = CopyReplacement(encoder, again, streams.child("copies"), tally or CopyTally())
    table = encoder.decode(drawn.rows, rng, drawn.codes, redraw=again, revise=revise)
    return Block(table, drawn.codes, again.seeds)


def draw_blocks(
    source: Source,
    encoder: TableEncoder,
    n_new: Mapping[int, int],
    names: Sequence[Any],
    streams: Streams,
    purpose: str | None = None,
    tally: CopyTally | None = None,
) -> Iterator[Block]:
    """Draw rows of some classes as by `draw_table`, in blocks of at most ``BLOCK`` rows: at least one block.

    Each block is drawn and decoded from streams of its own, the first one from ``streams`` themselves, so
    rows depend on nothing but these and the numbers of rows. ``purpose`` names the streams that draw.
    """
    for number, part in enumerate(chunks_of(n_new, BLOCK)):
        yield draw_block(source, encoder, part, names, streams, number, purpose, tally)


def draw_block(
    source: Source,
    encoder: TableEncoder,
    part: Mapping[int, int],
    names: Sequence[Any],
    streams: Streams,
    number: int,
    purpose: str | None = None,
    tally: CopyTally | None = None,
) -> Block:
    """Draw one of the blocks of `draw_blocks`, by its number; it depends on no other block."""
    root = streams.child("chunk", number) if number else streams  # frozen names
    draws = root if purpose is None else root.child(purpose)
    return draw_table(source, encoder, part, names, draws, root.numpy("decode"), tally)


def in_chunks(blocks: Iterable[Block], encoder: TableEncoder, size: int) -> Iterator[Block]:
    """Divide the rows of blocks into chunks of ``size`` rows, the last of which may have fewer.

    The rows are the same, and in the same order, for every size. There is always one chunk at least.
    """
    held: list[Block] = []
    n_held = 0
    for block in blocks:
        start, n = 0, len(block.codes)
        while n_held + n - start > size:
            stop = start + size - n_held
            yield joined([*held, block.rows(start, stop)], encoder)
            held, n_held, start = [], 0, stop
        held.append(block.rows(start, n))
        n_held += n - start
    yield joined(held, encoder)


def joined(blocks: Sequence[Block], encoder: TableEncoder) -> Block:
    """Join one or more blocks, one after the other."""
    full = [block for block in blocks if len(block.codes)]
    if len(full) < 2:
        return full[0] if full else blocks[0]
    tables, codes, seeds = zip(*full)
    n = sum(map(len, codes))
    return Block(encoder.join(tables, n), np.concatenate(codes), np.concatenate(seeds))


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
