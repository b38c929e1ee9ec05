"""Results keep their bits where nothing is meant to move them (see ``tests/digests.py``)."""

import json

import pytest

from tests.digests import KINDS, PINNED, digest, machine

pinned = json.loads(PINNED.read_text())


@pytest.mark.slow
@pytest.mark.skipif(pinned["machine"] != machine(), reason="digests were pinned on another machine")
@pytest.mark.parametrize("kind", KINDS)
def test_a_seed_gives_the_rows_it_gave_when_they_were_pinned(kind):
    assert digest(kind) == pinned["digests"][kind]
