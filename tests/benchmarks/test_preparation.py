"""Encoded columns are where the setting says."""

from benchmarks.preparation import Setting
from tests.benchmarks.small_benchmarks import tiny


def test_one_hot_groups_follow_the_numbers():
    setting = Setting.of(tiny(categorical=("a", "c")), 0)
    assert setting.one_hot_groups == ((1, 2, 3), (4, 5, 6))
