"""Real and new rows of one class, for displays that hold them side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from gan_oversampler.reporting.evidence import as_pandas, n_drawn


@dataclass(frozen=True, eq=False)
class Pair:
    """Tables of one class.

    Attributes
    ----------
    real, new : DataFrame
        Real rows, held-out ones where there are any, and new rows.
    others : DataFrame
        Real rows of all other classes.
    label : object
        The class.
    """

    real: pd.DataFrame
    new: pd.DataFrame
    others: pd.DataFrame
    label: Any

    @classmethod
    def of_evidence(cls, evidence: Any, label: Any = None) -> Pair:
        """What a fit kept of a class; of the rarest one by default."""
        label = evidence.labels[0] if label is None else label
        others = evidence.real_table(label, others=True)
        return cls(evidence.real_table(label), evidence.new_table(label), others, label)

    @classmethod
    def of_estimator(cls, sampler: Any, X: Any, y: Any, label: Any) -> Pair:
        """What the fit kept, or rows of the user beside rows that the sampler draws now.

        Raises
        ------
        ValueError
            If the fit kept no rows and the user gave none.
        """
        if X is not None:
            return cls._of_rows(sampler, X, y, label)
        evidence = sampler.report_.evidence
        if evidence is None:
            raise ValueError(
                f"This fit kept no rows to compare ({sampler.report_.reason}). Give 'X' and 'y', best of"
                " rows that it was not fitted on."
            )
        return cls.of_evidence(evidence, label)

    @classmethod
    def _of_rows(cls, sampler: Any, X: Any, y: Any, label: Any) -> Pair:
        if y is None:
            raise ValueError("'X' needs 'y', the classes of its rows. Give both, or none.")
        if label is None:
            drawn = {name: n for name, n in sampler.sampling_strategy_.items() if n}
            label = max(drawn, key=drawn.__getitem__, default=None)
        mask = np.asarray(as_pandas([[value] for value in y])[0] == label)
        table = as_pandas(X)
        new = as_pandas(sampler.sample(n_drawn(int(mask.sum())), y=label, random_state=0))
        real, others = (table[side].reset_index(drop=True) for side in (mask, ~mask))
        return cls(real, new, others, label)
