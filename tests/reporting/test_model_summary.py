"""Model summaries count what is really there."""

import numpy as np
import pytest
import torch

from gan_oversampler import GAN
from gan_oversampler._utils import Streams
from gan_oversampler.encoding.row_space import RowSpace
from gan_oversampler.gans.parts import Critic, Generator
from gan_oversampler.reporting.model_summary import ModelSummary
from gan_oversampler.sampling.fold_data import FoldData
from gan_oversampler.training.cohort import Cohort
from gan_oversampler.training.members import Member
from gan_oversampler.training.networks import networks_of
from tests.tables import MIXED

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
    "linear": GAN("residual", generator=Generator(widths=())),
}


KINDS = ("linear", "leaky", "batch", "layer", "dropout", "convolution", "transposed", "class appended")


def member_of(gan):
    rng = np.random.default_rng(0)
    raw = torch.from_numpy(rng.normal(size=(40, MIXED.width)).astype(np.float32))
    rows, codes = MIXED.project(raw).numpy(), np.repeat([0, 1], [25, 15])
    space: RowSpace = MIXED
    return Member(0, None, gan, FoldData.of(rows, codes, space, learned=[1], drawn=[1]), Streams.of(0))


@pytest.fixture(params=sorted(GANS))
def member(request):
    return member_of(GANS[request.param])


def test_parameters_are_counted_as_they_lie_in_memory(member):
    generator, critic = networks_of(member)
    summary = ModelSummary.of([(member.gan.label, generator, critic)])
    ours, theirs = summary.networks
    (snapshot,) = Cohort([member], torch.device("cpu")).snapshots()
    for summed, network in ((ours, generator), (theirs, critic)):
        assert summed.n_parameters == sum(rows * columns for rows, columns in network.shapes)
    # Weights in memory are padded to whole vectors; padding is no parameter.
    assert 0 <= len(snapshot.weights_N) - ours.n_parameters < 64
    assert 0 <= len(critic.init(torch.Generator())) - theirs.n_parameters < 64
    assert summary.n_parameters == ours.n_parameters + theirs.n_parameters


def test_what_comes_out_of_a_layer_goes_into_the_next(member):
    for network in ModelSummary.of([("gan", *networks_of(member))]).networks:
        layers = [x for x in network.layers if x.name.startswith(KINDS)]
        assert [x.outputs for x in layers[:-1]] == [x.inputs for x in layers[1:]]
        assert network.layers[-1].outputs == network.outputs


def test_text_and_table_say_the_same(member):
    summary = ModelSummary.of([("gan", *networks_of(member))])
    frame, text = summary.to_frame(), str(summary)
    assert frame["parameters"].sum() == summary.n_parameters
    assert set(frame["role"]) == {"generator", "critic"}
    assert all(name in text for name in frame["layer"])
    assert len({len(line) for line in text.split("\n")[1 : 2 + len(summary.networks[0].layers)]}) == 1
    assert f"{summary.networks[0].n_parameters:,}" in text


def test_dropout_and_batch_norm_are_named():
    names = set(ModelSummary.of([("gan", *networks_of(member_of(GANS["classic"])))]).to_frame()["layer"])
    assert {"batch norm", "dropout 0.3", "class embedding, multiplied"} <= names


def test_nothing_trained_is_said():
    assert str(ModelSummary()) == "nothing was trained"
    assert ModelSummary().to_frame().empty
