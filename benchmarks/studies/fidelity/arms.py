"""What the study compares: settings of the sampler, SMOTE (SMOTENC where there are categories), nothing."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import gan_oversampler
from benchmarks.methods import METHODS
from benchmarks.preparation import Setting, Steps, on_raw
from benchmarks.provenance import HERE
from gan_oversampler import GANOversampler

FRONTIER: Final = (0.0, 0.1, 0.3, 1.0)
SETTINGS: Final[Mapping[str, Mapping[str, Any]]] = {
    "ours": {},
    **{f"fidelity={value:g}": {"fidelity": value} for value in FRONTIER},
    "g_mean": {"oracle": "g_mean"},
}
ARMS: Final = ("none", "smote", *SETTINGS)


def missing(arm: str) -> set[str]:
    """Name the parameters of an arm that the imported package does not have; older ones lack some."""
    return set(SETTINGS.get(arm, {})) - set(GANOversampler().get_params())


def available(arms: tuple[str, ...]) -> tuple[str, ...]:
    """Select the arms that the imported package can run; say which are left out."""
    for arm in arms:
        if lacks := missing(arm):
            print(f"Left out: {arm} (the package has no parameter {', '.join(sorted(lacks))})")
    return tuple(arm for arm in arms if not missing(arm))


def version() -> str:
    """Tell whether the imported package is the one beside this benchmark."""
    own = Path(gan_oversampler.__file__).is_relative_to(HERE.parent)
    return "of this repository" if own else "another version"


def steps_of(arm: str, setting: Setting) -> Steps:
    """Make the steps with which an arm treats a training fold."""
    if arm in SETTINGS:
        return on_raw(setting, GANOversampler(**SETTINGS[arm], random_state=setting.random_state))
    return METHODS[arm].steps(setting)
