"""Records of tensors are mapped, sliced and put together without a change to the ones given."""

from dataclasses import replace

import torch

from gan_oversampler.nn.optimizers import Moments
from gan_oversampler.nn.tensors import map_tensors, put, take, to_device
from gan_oversampler.training.members import Player
from tests.populations import differences, randn, tensors_of


def _player(n_members=4, seed=0):
    numbers = [randn(n_members, 3, seed=seed + i) for i in range(4)]
    return Player(numbers[0], Moments(numbers[1], numbers[2], torch.ones(n_members, 2)), numbers[3])


def test_every_tensor_is_mapped_also_those_of_records_inside_and_none_stays_none():
    first, second = _player(), _player(seed=9)
    found = tensors_of(map_tensors(torch.add, first, second))
    assert set(found) == set(tensors_of(first))
    for path, tensor in found.items():
        assert torch.equal(tensor, tensors_of(first)[path] + tensors_of(second)[path])
    partly = replace(first, statistics_PS=None)
    assert map_tensors(torch.neg, partly).statistics_PS is None
    assert map_tensors(torch.neg, None) is None


def test_taking_copies_the_entries_and_a_number_drops_the_dimension():
    player = _player()
    some = take(player, [2, 0])
    assert torch.equal(some.moments.first_PN, player.moments.first_PN[[2, 0]])
    assert take(player, 1).weights_PN.shape == (3,)
    some.weights_PN.zero_()
    assert not differences(player, _player())


def test_putting_replaces_some_entries_of_a_copy():
    player, fresh = _player(), _player(2, seed=9)
    after = put(player, [3, 1], fresh)
    assert not differences(take(after, [3, 1]), fresh)
    assert not differences(take(after, [0, 2]), take(player, [0, 2]))
    assert not differences(player, _player())
    assert not differences(put(player, [], take(player, [])), player)


def test_a_record_moves_as_one():
    devices = {tensor.device.type for tensor in tensors_of(to_device(_player(), "meta")).values()}
    assert devices == {"meta"}
