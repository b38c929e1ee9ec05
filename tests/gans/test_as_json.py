"""Specifications written as JSON and read again are the same."""

import json

import numpy as np
import pytest

from gan_oversampler import GAN, Cell, Critic, Evolution, Generator, preset
from gan_oversampler.gans.presets import PRESETS

GANS = {
    **{name: preset(name) for name in sorted(PRESETS)},
    "default": GAN(),
    "guided": GAN("guided", loss_weights={"utility": 1, "fidelity": 0.5}, replicas=2),
    "cells": GAN(
        conditioning="film",
        generator=Generator(cells=(Cell(width=8, norm="conditional"), Cell(order="pre", skips=(0,)))),
        critic=Critic(widths=(8, 4), dropout=0.2),
    ),
    "grid": GAN("classic", generator=Generator(grid=(4, 5), betas=(0.5, 0.9)), controllers=("gap", "ada")),
    "evolution": GAN(loss="bce", evolution=Evolution(("heuristic", "kl"), population=2)),
}


@pytest.mark.parametrize("name", sorted(GANS))
def test_what_is_read_is_what_was_written(name):
    gan = GANS[name]
    again = GAN.from_json(gan.to_json())
    assert repr(again) == repr(gan)
    assert again.cohort_key == gan.cohort_key
    assert again.to_json() == gan.to_json()


def test_the_text_holds_every_parameter_by_its_name():
    content = json.loads(GANS["cells"].to_json())
    assert content.keys() == GAN().get_params(deep=False).keys()
    assert content["generator"].keys() == Generator().get_params(deep=False).keys()
    assert content["generator"]["cells"][1] == {**Cell(order="pre").get_params(), "skips": [0]}


def test_parameters_left_out_are_the_defaults_and_numpys_numbers_are_numbers():
    assert repr(GAN.from_json("{}")) == repr(GAN())
    gan = GAN(generator=Generator(widths=tuple(np.array([8, 4])), learning_rate=np.float64(0.01)))
    assert GAN.from_json(gan.to_json()).cohort_key == gan.cohort_key


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"los": "bce"}', "GAN has no parameter 'los'. Did you mean 'loss'"),
        ('{"generator": {"cells": [{"widhts": 8}]}}', "Cell has no parameter 'widhts'. Did you mean 'width'"),
        ('{"evolution": {"parents": 2}}', "Evolution has no parameter 'parents'"),
        ('{"generator": 8}', "A Generator is written as a JSON object. Got 8"),
        ('{"generator": {"cells": 8}}', "'cells' are written as a JSON list. Got 8"),
        ("[1]", "A GAN is written as a JSON object"),
        ("GAN()", "no JSON"),
    ],
)
def test_what_no_specification_has_is_refused(text, message):
    with pytest.raises(ValueError, match=message):
        GAN.from_json(text)


def test_what_json_cannot_hold_is_refused():
    with pytest.raises(ValueError, match="JSON"):
        GAN(generator=Generator(slope=float("nan"))).to_json()
    with pytest.raises(TypeError, match="JSON holds numbers"):
        GAN(evolution=print).to_json()
