"""The contracts of scikit-learn and imbalanced-learn, by their own checks."""

import pytest
from imblearn.utils.estimator_checks import (
    check_dataframe_column_names_consistency,
    check_param_validation,
)
from imblearn.utils.estimator_checks import parametrize_with_checks as imblearn_checks
from sklearn.utils.estimator_checks import parametrize_with_checks as sklearn_checks

from gan_oversampler import GAN, GANOversampler
from gan_oversampler.gans.parts import Generator


def small() -> GANOversampler:
    """A real run of everything, in little: two GANs, three evaluation rounds, the default oracle."""
    gans = [
        GAN(base="smote", batch_size=32, generator=Generator(widths=(16,))),
        GAN("classic", generator=Generator(widths=(16,))),
    ]
    return GANOversampler(gan=gans, max_steps=4, epoch_unit=2, cv=2, random_state=0)


@imblearn_checks([small()])
def test_imbalanced_learn(estimator, check):
    check(estimator)


@sklearn_checks([small()])
def test_scikit_learn(estimator, check):
    check(estimator)


@pytest.mark.parametrize("check", [check_param_validation, check_dataframe_column_names_consistency])
def test_separate_checks(check):
    check("GANOversampler", small())
