"""Model summaries count what is really there."""

import pytest

from gan_oversampler import GAN
from gan_oversampler.gans.parts import Cell, Critic, Generator
from gan_oversampler.reporting.model_summary import ModelSummary
from tests.populations import cohort_of

GANS = {
    "guided": GAN("guided", generator=Generator(widths=(32,))),
    "residual": GAN("residual", generator=Generator(widths=(8, 16)), critic=Critic(widths=(4,))),
    "classic": GAN(
        "classic",
        conditioning="multiply",
        generator=Generator(widths=(16, 8), norm="batch", latent=5),
        critic=Critic(dropout=0.3),
    ),
    "autoencoder": GAN(
        loss="began", generator=Generator(widths=(8,)), critic=Critic(widths=(8, 4, 8), norm="batch")
    ),
    "grid": GAN(
        "classic", generator=Generator(grid=(2, 2), widths=(8, 4), norm="batch"), critic=Critic(norm="layer")
    ),
    "grid, autoencoder": GAN(
        loss="ebgan", conditioning="multiply", generator=Generator(grid="square", widths=(4,))
    ),
    "grid, cells": GAN(
        "classic",
        generator=Generator(
            grid=(2, 2), cells=(Cell(width=4), Cell(width=3, norm="conditional", skips=(0,)))
        ),
    ),
    "grid, cells, multiplied": GAN(
        conditioning="multiply",
        generator=Generator(grid="square", cells=(Cell(order="pre", shortcut=False),)),
    ),
    "cells": GAN(
        "classic", generator=Generator(cells=(Cell(width=4), Cell(width=3, norm="conditional", skips=(0,))))
    ),
    "cells, multiplied": GAN(conditioning="multiply", generator=Generator(cells=(Cell(order="pre"),))),
    "cells, film": GAN(conditioning="film", generator=Generator(cells=(Cell(width=4), Cell(width=3)))),
    "grid, film": GAN(conditioning="film", generator=Generator(grid=(2, 2), widths=(4, 2), norm="layer")),
    "linear": GAN("residual", generator=Generator(widths=())),
}
KINDS = ("linear", "leaky", "batch", "layer", "dropout", "convolution", "transposed", "class appended")


def _summary(cohort):
    return ModelSummary.of([("gan", cohort.steps.generator, cohort.steps.critic)])


@pytest.fixture(params=sorted(GANS))
def cohort(request):
    return cohort_of(GANS[request.param])


def test_parameters_are_counted_as_they_lie_in_memory(cohort):
    summary = _summary(cohort)
    ours, theirs = summary.networks
    assert ours.n_parameters == len(cohort.snapshots()[0].weights_N)
    assert theirs.n_parameters == cohort.state.critic.weights_PN.shape[1]
    assert summary.n_parameters == ours.n_parameters + theirs.n_parameters


def test_what_comes_out_of_a_layer_goes_into_the_next(cohort):
    for network in _summary(cohort).networks:
        layers = [x for x in network.layers if x.name.startswith(KINDS)]
        assert [x.outputs for x in layers[:-1]] == [x.inputs for x in layers[1:]]
        assert network.layers[-1].outputs == network.outputs


def test_text_and_table_say_the_same(cohort):
    summary = _summary(cohort)
    frame, text = summary.to_frame(), str(summary)
    assert frame["parameters"].sum() == summary.n_parameters
    assert set(frame["role"]) == {"generator", "critic"}
    assert all(name in text for name in frame["layer"])
    assert len({len(line) for line in text.split("\n")[1 : 2 + len(summary.networks[0].layers)]}) == 1
    assert f"{summary.networks[0].n_parameters:,}" in text


def test_dropout_and_batch_norm_are_named():
    names = set(_summary(cohort_of(GANS["classic"])).to_frame()["layer"])
    assert {"batch norm", "dropout 0.3", "class embedding, multiplied"} <= names


def test_choices_of_cells_are_named():
    names = " ".join(_summary(cohort_of(GANS["grid, cells"])).to_frame()["layer"])
    assert (
        "cell 1 to 2x2x3: 3x3, post-activation, leaky_relu, norm conditional, shortcut, skips from 0" in names
    )


def test_choices_of_a_cell_are_named():
    names = list(_summary(cohort_of(GANS["cells"])).to_frame()["layer"])
    assert "cell 1: post-activation, leaky_relu, norm conditional, shortcut, skips from 0" in names


def test_nothing_trained_is_said():
    assert str(ModelSummary()) == "nothing was trained"
    assert ModelSummary().to_frame().empty


def test_a_notebook_shows_the_layers_as_a_table(cohort):
    summary = _summary(cohort)
    page = summary._repr_html_()
    assert page.count("<tr") == 1 + len(summary.to_frame())
    assert f"{summary.n_parameters:,} parameters" in page
    assert ModelSummary()._repr_html_() == "<p>nothing was trained</p>"
