"""Classifiers that learn from resampled rows, in blocks that are reported separately.

Weak ones gain from oversampling in most studies, strong ones hardly (Elor & Averbuch-Elor 2022), so a
mean over both says little. All have fixed seeds and default parameters but for the sizes of the MLPs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from imblearn.ensemble import BalancedRandomForestClassifier, EasyEnsembleClassifier, RUSBoostClassifier
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.validation import has_fit_parameter


@dataclass(frozen=True, slots=True)
class Classifier:
    """A classifier and the block it is reported in."""

    block: str
    make: Callable[[], Any]


CLASSIFIERS: Final[Mapping[str, Classifier]] = {
    "logistic": Classifier("weak", lambda: LogisticRegression(max_iter=1000)),
    "knn": Classifier("weak", lambda: KNeighborsClassifier(5)),
    "tree": Classifier("weak", lambda: DecisionTreeClassifier(random_state=0)),
    "svm": Classifier("weak", lambda: SVC()),
    "mlp": Classifier("weak", lambda: MLPClassifier((32,), max_iter=100, random_state=0)),
    "forest": Classifier("strong", lambda: RandomForestClassifier(100, random_state=0)),
    "boosting": Classifier("strong", lambda: HistGradientBoostingClassifier(random_state=0)),
    # The AutoGAN paper's final classifier: ten hidden units, twenty epochs, far from converged.
    "mlp20": Classifier("paper", lambda: MLPClassifier((10,), batch_size=32, max_iter=20, random_state=0)),
    # What one would use instead of a sampler: they balance the classes of each member by undersampling.
    "balanced_forest": Classifier("balanced", lambda: BalancedRandomForestClassifier(random_state=0)),
    "easy_ensemble": Classifier("balanced", lambda: EasyEnsembleClassifier(random_state=0)),
    "rus_boost": Classifier("balanced", lambda: RUSBoostClassifier(random_state=0)),
}


def fit(name: str, X: Any, y: Any, *, weighted: bool = False) -> Any:
    """Fit a classifier by name; ``weighted`` weighs classes by inverse frequency where it can (not 5-NN)."""
    model = CLASSIFIERS[name].make()
    if weighted and weighs(model):
        return model.fit(X, y, sample_weight=compute_sample_weight("balanced", y))
    return model.fit(X, y)


def weighs(model: Any) -> bool:
    """Tell whether a classifier accepts sample weights."""
    return has_fit_parameter(model, "sample_weight")


def balances(model: Any) -> bool:
    """Tell whether a classifier balances the classes by itself."""
    return type(model).__module__.startswith("imblearn.ensemble")


def has_probabilities(model: Any) -> bool:
    """Tell whether the scores of a classifier are probabilities."""
    return hasattr(model, "predict_proba")


def scores(model: Any, X: Any) -> np.ndarray:
    """Score rows, higher for the minority: by probability, or by distance from the decision boundary."""
    if has_probabilities(model):
        return model.predict_proba(X)[:, list(model.classes_).index(1)]
    return model.decision_function(X)


def threshold(model: Any) -> float:
    """Return the score from which on a classifier predicts the minority."""
    return 0.5 if has_probabilities(model) else 0.0
