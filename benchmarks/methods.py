"""Samplers that are compared, each with the preparation of rows that it needs.

How the treatment is kept fair:

* Everything is fitted on training rows only.
* Peers measure distances, so they get rows that are imputed, standardised and one-hot encoded.
* SMOTE gets categories as such where there are any: ``SMOTENC`` on standardised numbers and ordinal
  codes (``SMOTEN`` if all columns are categories), one-hot encoded afterwards. The other peers know
  numbers only and work on the one-hot columns.
* ``GANOversampler`` reads the raw frame, missing cells and text included, because that is what it is
  for; the same imputation, scaling and encoding then follow, fitted on the resampled rows.
* A SMOTE variant gets fewer neighbours where a class is too small for five, as a user would do.
  Whatever fails beyond that is recorded as a failure.
* All have their default parameters; none is tuned.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from imblearn.over_sampling import SMOTE, SMOTEN, SMOTENC, BorderlineSMOTE, RandomOverSampler
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, OrdinalEncoder, StandardScaler

from benchmarks.tables import Table
from gan_oversampler import GAN, GANOversampler

# The critic and generator of AutoGAN's reference code (Nazari et al. 2023), stopped by the clock.
AUTOGAN: Final = GAN(
    "classic",
    classes="all",
    balanced=False,
    loss="bce",
    conditioning="multiply",
    batch_norm=True,
    widths=(256, 512, 1024),
    critic_widths=(512, 512, 512),
    critic_dropout=0.4,
    latent=100,
    batch_size=128,
    learning_rate=2e-4,
    critic_learning_rate=2e-4,
    betas=(0.5, 0.999),
    ema=0.0,
)
BALANCED: Final = clone(AUTOGAN).set_params(balanced=True)


@dataclass(frozen=True, slots=True)
class Setting:
    """What a sampler may know beforehand: a seed, the columns, the size of the minority.

    Parameters
    ----------
    random_state : int
        Seed of this cell.
    numeric, categorical : tuple of str
        Columns.
    n_minority : int
        Minority rows in the training fold.
    """

    random_state: int
    numeric: tuple[str, ...]
    categorical: tuple[str, ...]
    n_minority: int

    @classmethod
    def of(cls, train: Table, random_state: int) -> Setting:
        """Setting of a training table."""
        return cls(random_state, train.numeric, train.categorical, train.n_minority)

    @property
    def k_neighbors(self) -> int:
        """SMOTE's default of 5, or as many as the minority has."""
        return max(min(5, self.n_minority - 1), 1)


@dataclass(frozen=True, slots=True)
class Steps:
    """Preparation, sampler (None draws nothing), and what follows before the classifier."""

    before: Any
    sampler: Any
    after: Any


def encoder(setting: Setting, codes: Any = None) -> ColumnTransformer:
    """Standardised numbers, then categories; missing cells imputed.

    ``codes`` is the encoder of the categories, one-hot by default.
    """
    one_hot = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    numbers = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    categories = make_pipeline(SimpleImputer(strategy="most_frequent"), codes or one_hot)
    return ColumnTransformer(
        [
            ("numbers", numbers, list(setting.numeric)),
            ("categories", categories, list(setting.categorical)),
        ]
    )


def on_raw(setting: Setting, sampler: Any) -> Steps:
    """Sample the frame as it is, encode afterwards."""
    return Steps(FunctionTransformer(), sampler, encoder(setting))


def on_encoded(setting: Setting, sampler: Any) -> Steps:
    """Encode, then sample."""
    return Steps(encoder(setting), sampler, FunctionTransformer())


def on_codes(setting: Setting, sampler: Any) -> Steps:
    """Sample standardised numbers and ordinal codes, make the codes one-hot afterwards."""
    codes = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    one_hot = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    after = ColumnTransformer(
        [("categories", one_hot, slice(len(setting.numeric), None))], remainder="passthrough"
    )
    return Steps(encoder(setting, codes), sampler, after)


def _smote(setting: Setting) -> Steps:
    k, seed = setting.k_neighbors, setting.random_state
    if not setting.categorical:
        return on_encoded(setting, SMOTE(k_neighbors=k, random_state=seed))
    if not setting.numeric:
        return on_codes(setting, SMOTEN(k_neighbors=k, random_state=seed))
    n = len(setting.numeric)
    positions = list(range(n, n + len(setting.categorical)))
    return on_codes(setting, SMOTENC(positions, k_neighbors=k, random_state=seed))


def _borderline(setting: Setting) -> Steps:
    sampler = BorderlineSMOTE(k_neighbors=setting.k_neighbors, random_state=setting.random_state)
    return on_encoded(setting, sampler)


def _random(setting: Setting) -> Steps:
    return on_encoded(setting, RandomOverSampler(random_state=setting.random_state))


def _smoothed_bootstrap(setting: Setting) -> Steps:
    sampler = RandomOverSampler(shrinkage=1.0, random_state=setting.random_state)
    return on_encoded(setting, sampler)


def _ours(setting: Setting, **parameters: Any) -> Steps:
    return on_raw(setting, GANOversampler(random_state=setting.random_state, **parameters))


METHODS: Final[Mapping[str, Callable[[Setting], Steps]]] = MappingProxyType(
    {
        "none": lambda setting: on_encoded(setting, None),
        "random": _random,
        "smote": _smote,
        "borderline": _borderline,
        "smoothed_bootstrap": _smoothed_bootstrap,
        "ours": _ours,
        "ours_untrained": lambda setting: _ours(setting, max_steps=0),
        "autogan_cgan_1500": lambda setting: _ours(
            setting, gan=AUTOGAN, oracle=None, max_steps=1500, epoch_unit=1500
        ),
        # The same, but its critic sees both classes equally often.
        "balanced_cgan_1500": lambda setting: _ours(
            setting,
            gan=clone(AUTOGAN).set_params(balanced=True),
            oracle=None,
            max_steps=1500,
            epoch_unit=1500,
        ),
    }
)

# Minutes per cell on a CPU core: only when asked for by name.
SLOW: Final[frozenset[str]] = frozenset({"autogan_cgan_1500", "balanced_cgan_1500"})
