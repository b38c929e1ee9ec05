"""Small images, for tests of grids."""

import numpy as np


def images(n=60, rare=24, noise=0.2):
    """Six by five cells: a bright bar that lies in the common class and stands in the rare one."""
    rng = np.random.default_rng(0)
    X = noise * rng.normal(size=(n + rare, 6, 5))
    for i, image in enumerate(X):
        if i < n:
            image[rng.integers(1, 5)] += 2
        else:
            image[:, rng.integers(1, 4)] += 2
    X[:, 0, 0] = 7  # constant, as corners often are
    return X.reshape(n + rare, 30), np.repeat([0, 1], [n, rare])
