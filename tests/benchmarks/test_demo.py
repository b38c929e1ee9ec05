"""The demo compares methods that exist."""

import logging

from benchmarks.demo import SHOWN, scores_shown
from benchmarks.methods import METHODS


def test_the_demo_shows_known_methods():
    assert set(SHOWN) <= set(METHODS)


def test_scores_are_shown_while_asked_for_only(capsys):
    log, before = logging.getLogger("gan_oversampler"), logging.getLogger("gan_oversampler").level
    with scores_shown():
        log.info("first")
    log.info("second")
    assert capsys.readouterr().out == "first\n"
    assert (log.level, log.handlers) == (before, [])
