"""Pools, members and populations of a few rows, for tests of training."""

from dataclasses import fields

import numpy as np
import torch

from gan_oversampler._utils import Streams
from gan_oversampler.encoding.layout import Block, Layout
from gan_oversampler.encoding.row_space import RowSpace
from gan_oversampler.sampling.base_samplers import BASES
from gan_oversampler.sampling.fold_data import FoldData
from gan_oversampler.training.cohort import Cohort
from gan_oversampler.training.members import Member, State
from gan_oversampler.training.population import CrossFittedPopulation
from tests.tables import MIXED

CPU = torch.device("cpu")
LINE = RowSpace(Layout((Block("x", 0, 0, ()),)))
PLANE = RowSpace(Layout((Block("x", 0, 0, ()), Block("y", 1, 0, ()))))


def stream_of(seed=0):
    return torch.Generator().manual_seed(seed)


def one(value):
    """A number of a single member."""
    return torch.tensor([[float(value)]])


def three_classes(seed=0, n=90):
    """Rows of three classes, the last one rarest."""
    codes = np.repeat([0, 1, 2], [n // 2, n // 3, n // 6])
    rows = torch.randn(len(codes), MIXED.width, generator=stream_of(seed))
    return MIXED.project(rows + 0.5 * torch.from_numpy(codes)[:, None]).numpy(), codes


def pool_of(seed=0, learned=(1, 2), drawn=(1, 2)):
    return FoldData.of(*three_classes(seed), MIXED, learned=learned, drawn=drawn)


def plain_pool(rows, others=((0.0, 0.0),), space=PLANE):
    """Numbers, one class to learn."""
    rows, others = np.asarray(rows, np.float32), np.asarray(others, np.float32)
    codes = np.repeat([1, 0], [len(rows), len(others)])
    return FoldData.of(np.concatenate([rows, others]), codes, space, learned=[1], drawn=[1])


def line_pool(rows, others=(0.0,)):
    """One column of numbers."""
    return plain_pool(*(np.reshape(side, (-1, 1)) for side in (rows, others)), space=LINE)


def population_of(gans, folds=(None,), seed=0):
    everything, targets = ((0, 1, 2), (1, 2))
    pools = {
        "targets": {f: pool_of(i, targets, targets) for i, f in enumerate(folds)},
        "all": {f: pool_of(i, everything, everything) for i, f in enumerate(folds)},
    }
    return CrossFittedPopulation(gans, pools, Streams(seed), CPU)


def cohort_of(gan, pool, seed=0):
    return Cohort([Member(0, None, gan, pool, Streams(seed))], CPU)


def numbers_of(population, specification):
    """All numbers of a specification's members."""
    for cohort in population.cohorts:
        rows = [p for p, m in enumerate(cohort.members) if m.specification == specification]
        if rows:
            return cohort.state.take(rows)
    raise KeyError(specification)


def differences(first, second):
    return [
        field.name
        for field in fields(State)
        if not torch.equal(getattr(first, field.name), getattr(second, field.name))
    ]


SMALL = {"widths": (8,), "batch_size": 32}
OTHERS = sorted(set(BASES) - {"smote"}) * 3  # bases of further members
