"""The GANs that are trained when the user names none."""

from __future__ import annotations

from typing import Final

from gan_oversampler.specification import GAN

# The robust default comes first; others have to be better by more than a standard error.
PORTFOLIO: Final = ("smoothed_bootstrap", "smote", "border", "local_gaussian", "star")


def default_portfolio() -> list[GAN]:
    """What ``gan=None`` stands for: a guided generator beside bases that stay as they are."""
    bases = [GAN(base=base, forces={}) for base in PORTFOLIO]
    return [GAN("guided", base=PORTFOLIO[0], widths=(32,)), *bases]
