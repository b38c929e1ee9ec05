"""Training data, members and populations of a few rows, for tests of networks and of training."""

from dataclasses import fields

import numpy as np
import torch
from sklearn.base import clone
from torch import Tensor

from gan_oversampler._utils import Streams
from gan_oversampler.encoding.layout import Block, Layout
from gan_oversampler.encoding.row_space import RowSpace
from gan_oversampler.gans.gan import GAN
from gan_oversampler.gans.parts import Generator
from gan_oversampler.nn.tensors import take
from gan_oversampler.sampling.fold_data import FoldData
from gan_oversampler.sampling.sources import BaseSource, GeneratorSource
from gan_oversampler.training.batches import stacked
from gan_oversampler.training.cohort import Cohort
from gan_oversampler.training.data import TrainingData
from gan_oversampler.training.members import Member
from gan_oversampler.training.population import CrossFittedPopulation
from tests.tables import MIXED

CPU = torch.device("cpu")


# --- numbers


def stream_of(seed=0):
    return torch.Generator().manual_seed(seed)


def randn(*shape, seed=0):
    return torch.randn(*shape, generator=stream_of(seed))


def one(value):
    """A number of a single member."""
    return torch.tensor([[float(value)]])


class AskedStreams(Streams):
    """Streams that remember by which names they were asked for."""

    def __init__(self, seed):
        super().__init__(seed)
        object.__setattr__(self, "names", [])  # the class is frozen

    def torch(self, *name):
        self.names.append(name)
        return super().torch(*name)


# --- rows


def space_of(n_columns):
    """Columns of plain numbers."""
    return RowSpace(Layout(tuple(Block(i, i, 0, ()) for i in range(n_columns))))


LINE, PLANE = space_of(1), space_of(2)


def three_classes(seed=0, n=90):
    """Rows of three classes, the last one rarest."""
    codes = np.repeat([0, 1, 2], [n // 2, n // 3, n // 6])
    rows = torch.randn(len(codes), MIXED.width, generator=stream_of(seed))
    return MIXED.project(rows + 0.5 * torch.from_numpy(codes)[:, None]).numpy(), codes


def fold_data(seed=0, learned=(1, 2), drawn=(1, 2)):
    """Rows of three classes on mixed columns."""
    return FoldData.of(*three_classes(seed), MIXED, learned=learned, drawn=drawn)


def plain_data(rows, others=((0.0, 0.0),), space=PLANE, **options):
    """Numbers, one class to learn."""
    rows, others = np.asarray(rows, np.float32), np.asarray(others, np.float32)
    codes = np.repeat([1, 0], [len(rows), len(others)])
    return FoldData.of(np.concatenate([rows, others]), codes, space, learned=[1], drawn=[1], **options)


def line_data(rows, others=(0.0,)):
    """One column of numbers, one class to learn."""
    return plain_data(*(np.reshape(side, (-1, 1)) for side in (rows, others)), space=LINE)


def plane_data(n=60, rare=20, growth=1.0, seed=0):
    """Two overlapping classes of plain numbers, the rare one to be learned."""
    codes = np.repeat([0, 1], [n - rare, rare])
    rows = randn(n, 2, seed=seed).numpy() + codes[:, None].astype(np.float32)
    return FoldData.of(rows, codes, PLANE, learned=[1], drawn=[1], new_per_real={1: growth})


def wide_data(width, n=40):
    """Two classes in many columns of plain numbers, the rare one to be learned."""
    rows, codes = randn(n, width).numpy(), np.repeat([0, 1], [n - 10, 10])
    return FoldData.of(rows, codes, space_of(width), learned=[1], drawn=[1], new_per_real={1: 1.0})


# --- members


def small(family="residual", **changes):
    """A GAN with one hidden layer of eight units, and changes as ``set_params`` takes them."""
    return GAN(family, batch_size=32, generator=Generator(widths=(8,))).set_params(**changes)


def crowd_of(gan, *bases):
    """A GAN in the second place among others that differ in their base."""
    first, *others = (clone(gan).set_params(base=base) for base in bases)
    return [first, gan, *others]


def population_of(gans, folds=(None,), seed=0):
    """Members that see rows of their own in every fold; all rows are the last fold's."""
    everything, targets = (0, 1, 2), (1, 2)
    data = {
        "targets": {fold: fold_data(i, targets, targets) for i, fold in enumerate(folds)},
        "all": {fold: fold_data(i, everything, everything) for i, fold in enumerate(folds)},
    }
    return CrossFittedPopulation(gans, TrainingData(data), Streams(seed), CPU)


def population_on(gans, data, seed=0):
    """Members that all see the same rows."""
    return CrossFittedPopulation(gans, TrainingData({"targets": {None: data}}), Streams(seed), CPU)


def cohort_of(gan, data=None, seed=0):
    """A single member."""
    return Cohort([Member(0, None, gan, data or fold_data(), Streams(seed))], CPU)


def next_batch(cohort):
    """The next batch of all members, not drawn ahead."""
    return stacked([stream.draw(1) for stream in cohort.batch_streams], 0, CPU)


def draw(data, base, code, n, streams, snapshot=None):
    """New rows of a base, or of a generator over it."""
    source = BaseSource(data, base) if snapshot is None else GeneratorSource(data, base, snapshot)
    return source.draw(code, n, streams).rows


# --- states


def numbers_of(population, specification):
    """A copy of all numbers of a specification's members."""
    for cohort in population.cohorts:
        rows = [p for p, m in enumerate(cohort.members) if m.specification == specification]
        if rows:
            return take(cohort.state, rows)
    raise KeyError(specification)


def break_down(population, specification):
    """Make all weights of a specification's members NaN."""
    for cohort in population.cohorts:
        rows = [p for p, m in enumerate(cohort.members) if m.specification == specification]
        for weights in (cohort.state.generator.weights_PN, cohort.state.critic.weights_PN):
            weights[rows] = torch.nan
        cohort.state.average_PN[rows] = torch.nan


def tensors_of(record, path=""):
    """Tensors of a record by their path, such as "critic.moments.first_PN"."""
    if isinstance(record, Tensor):
        return {path.removeprefix("."): record}
    found = {}
    for field in fields(record) if record is not None else ():
        found |= tensors_of(getattr(record, field.name), f"{path}.{field.name}")
    return found


def differences(first, second):
    """Paths of the tensors in which two records differ."""
    other = tensors_of(second)
    return [path for path, tensor in tensors_of(first).items() if not torch.equal(tensor, other[path])]


def assert_members_agree(first, second, another):
    """Numbers of a member are the same up to rounding: a hundredth of what they are away from another's.

    Rounding alone moves a critic's weights by a thousandth of that in ten steps, because Adam makes steps of
    full length of gradients that are nearly zero.
    """
    other, far = tensors_of(second), tensors_of(another)
    for path, tensor in tensors_of(first).items():
        distance = (tensor - far[path]).abs().max().item() if tensor.numel() else 0.0
        torch.testing.assert_close(other[path], tensor, rtol=1e-6, atol=0.01 * distance)
