"""Records of tensors: dataclasses whose fields are tensors, or records again."""

from collections.abc import Callable, Sequence
from dataclasses import fields
from typing import Any, TypeVar

import torch
from torch import Tensor

Record = TypeVar("Record")


def map_tensors(function: Callable[..., Any], record: Record, *others: Record) -> Record:
    """Apply a function to every tensor of a record, together with the same tensors of others of its type.

    Fields that are None stay None; records inside of records are mapped, too.

    >>> from gan_oversampler.nn.optimizers import Moments
    >>> zeros = Moments(torch.zeros(2, 3), torch.zeros(2, 3), torch.ones(2, 2))
    >>> map_tensors(lambda tensor: tensor[:1], zeros).decay_P2
    tensor([[1., 1.]])
    """
    if record is None:
        return record
    if isinstance(record, Tensor):
        return function(record, *others)
    names = [field.name for field in fields(record)]  # type: ignore[arg-type]
    parts = ([getattr(item, name) for item in (record, *others)] for name in names)
    return type(record)(*(map_tensors(function, *part) for part in parts))


def take(record: Record, index: int | Sequence[int]) -> Record:
    """Copy some entries along the first dimension of every tensor, such as the members of a population.

    A list of positions keeps the dimension; a single number drops it, and returns views of the tensors. A
    position out of range raises ``IndexError``.
    """
    index = index if isinstance(index, int) else list(index)
    return map_tensors(lambda tensor: tensor[index], record)


def put(record: Record, index: Sequence[int], entries: Record) -> Record:
    """Return a copy of a record in which some entries along the first dimension are replaced by others.

    Entry i of ``entries`` goes to position ``index[i]``. The record itself stays as it is, so that a state
    kept from an earlier step is not changed by later ones.
    """
    at = (torch.tensor(index, dtype=torch.long),)
    return map_tensors(lambda tensor, new: tensor.index_put(at, new), record, entries)


def to_device(record: Record, device: torch.device | str) -> Record:
    """Move every tensor of a record to a device such as ``"cuda"``; tensors already there are not copied."""
    return map_tensors(lambda tensor: tensor.to(device), record)
