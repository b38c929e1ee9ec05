"""The demo compares methods that exist."""

from benchmarks.demo import SHOWN
from benchmarks.methods import METHODS


def test_the_demo_shows_known_methods():
    assert set(SHOWN) <= set(METHODS)
