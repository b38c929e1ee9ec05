"""Every public name says what it is, and shows it by an example, which the doctests run."""

import doctest

import pytest

import gan_oversampler

NAMES = gan_oversampler.__all__


@pytest.mark.parametrize("name", NAMES)
def test_every_public_name_has_a_sentence_and_an_example(name):
    text = getattr(gan_oversampler, name).__doc__
    assert text.split("\n\n")[0].rstrip().endswith(".")
    assert doctest.DocTestParser().get_examples(text)
