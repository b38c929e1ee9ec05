"""Search: which GAN suits a table, tried in trials of an Optuna study and judged by the oracle.

Here live the space of GANs, the strategies that propose points of it, the study that keeps the trials, and
their training and scoring. Nothing below may import this room, which needs the extra ``search``. Start at
``space.py``, then read ``trials.py``.
"""

from gan_oversampler.search.search import Search
from gan_oversampler.search.space import SearchSpace

__all__ = ["Search", "SearchSpace"]
