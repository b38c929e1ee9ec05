"""What tests of displays share: fitted samplers, and that no display shows or closes anything."""

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import pytest

from tests.fitted_samplers import fitted
from tests.tables import mixed, numbers


@pytest.fixture(scope="session")
def sampler():
    return fitted(*numbers())


@pytest.fixture(scope="session")
def mixed_sampler():
    return fitted(*mixed())


@pytest.fixture(autouse=True)
def no_show(monkeypatch):
    """Displays leave showing and closing to the user."""
    for name in ("show", "close"):
        monkeypatch.setattr(plt, name, lambda *_, name=name: pytest.fail(f"a display called {name}"))
    before = set(plt.get_fignums())
    yield
    monkeypatch.undo()
    for number in set(plt.get_fignums()) - before:
        plt.close(number)
