"""Spaces, real rows and sources of new rows, for tests of sampling."""

import numpy as np
import torch

from gan_oversampler import GAN
from gan_oversampler._utils import Streams
from gan_oversampler.encoding.layout import Block, Layout
from gan_oversampler.encoding.row_space import RowSpace
from gan_oversampler.gans.parts import Generator
from gan_oversampler.sampling.fold_data import FoldData
from gan_oversampler.sampling.neighbourhood import Neighbourhood
from gan_oversampler.sampling.sources import Drawn, GeneratorSource
from gan_oversampler.training.cohort import Cohort
from gan_oversampler.training.members import Member
from tests.tables import MIXED

CATEGORIES = RowSpace(Layout((Block("city", 0, 3, None), Block("sex", 3, 2, None))))


def generator_of(seed=0):
    return torch.Generator().manual_seed(seed)


def number_space(n_columns):
    return RowSpace(Layout(tuple(Block(i, i, 0, ()) for i in range(n_columns))))


SPACES = {"mixed": MIXED, "numbers": number_space(2), "categories": CATEGORIES}


def valid_rows(space, n, seed=0):
    """Random rows of a space, as an array."""
    return space.project(torch.randn(n, space.width, generator=generator_of(seed))).numpy()


def neighbourhood_of(rows, others=(), space=None):
    """Neighbourhood of rows of one class among rows of others; plain numbers unless a space is given."""
    rows = np.asarray(rows, np.float32)
    space = number_space(rows.shape[1]) if space is None else space
    return Neighbourhood.of(rows, np.asarray(others, np.float32).reshape(-1, space.width), space)


def fold_data(sizes=(40, 20, 10), learned=(1, 2), drawn=(1, 2), space=MIXED, seed=0, **options):
    """Random rows of classes of these sizes."""
    codes = np.repeat(np.arange(len(sizes)), sizes)
    return FoldData.of(
        valid_rows(space, len(codes), seed), codes, space, learned=learned, drawn=drawn, **options
    )


def plane(rare, common=((0.0, 0.0),)):
    """Points of the plane: class 1 is learned, class 0 is the other."""
    rows = np.array([*common, *rare], np.float32)
    codes = np.repeat([0, 1], [len(common), len(rare)])
    return FoldData.of(rows, codes, number_space(2), learned=[1], drawn=[1])


DATA = fold_data()


class Repeated:
    """A source of the same rows, again and again."""

    def __init__(self, rows):
        self.rows = np.asarray(rows, np.float32)

    def draw(self, code, n, streams):
        return Drawn(np.resize(self.rows, (n, self.rows.shape[1])), n)


def snapshot_of(gan, data):
    """Generator of a GAN before training."""
    (snapshot,) = Cohort([Member(0, None, gan, data, Streams(0))], torch.device("cpu")).snapshots()
    return snapshot


def guided_source(data=None, **options):
    """An untrained guided generator over a small class."""
    data = fold_data((40, 12), learned=[1], drawn=[1]) if data is None else data
    gan = GAN("guided", base="smoothed_bootstrap", **options, generator=Generator(widths=(8,)))
    return GeneratorSource(data, gan.base, snapshot_of(gan, data))
