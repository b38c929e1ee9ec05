"""Drawing rows: geometric samplers, trained generators, and what is done to their rows.

Here live SMOTE and its relatives, the sources that draw from a trained generator, density ratios, rejection
and policies. Nothing here may train a GAN or score one: a trained generator comes in as a ``Snapshot``. Start
at ``base_samplers.py``, then at ``sources.py``.
"""

from gan_oversampler.sampling.acceptance import Rejection
from gan_oversampler.sampling.policy import Policy

__all__ = ["Policy", "Rejection"]
