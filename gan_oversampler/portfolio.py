"""The GANs that are trained when the user names none."""

from __future__ import annotations

from typing import Final

from gan_oversampler.specification import GAN

# The robust default comes first; others have to be better by more than a standard error.
PORTFOLIO: Final = ("smoothed_bootstrap", "smote", "border", "local_gaussian", "star")
FEW: Final = 50  # rows of the rarest class up to which a critic adds to what utility teaches


def default_portfolio(n_rows: int) -> list[GAN]:
    """What ``gan=None`` stands for: a guided generator beside bases that stay as they are.

    Parameters
    ----------
    n_rows : int
        Of the rarest class that is learned: of many rows the generator learns without a critic.
    """
    forces = None if n_rows <= FEW else {"utility": 1.0}
    bases = [GAN(base=base, forces={}) for base in PORTFOLIO]
    return [GAN("guided", base=PORTFOLIO[0], widths=(32,), forces=forces), *bases]
