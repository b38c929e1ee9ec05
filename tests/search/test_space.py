"""The space counts what brute force counts, every point of it is a valid GAN, and nonsense is refused."""

import itertools
import json
import pickle

import numpy as np
import pytest

from gan_oversampler import GAN, Critic, Generator
from gan_oversampler.gans.parts import Cell
from gan_oversampler.gans.presets import PRESETS, preset
from gan_oversampler.gans.validation import validated
from gan_oversampler.search.space import SearchSpace

TEMPLATES = {
    "guided": GAN("guided", generator=Generator(widths=(32,))),
    "residual": GAN(),
    "cells": GAN("classic", generator=Generator(cells=(Cell(width=24), Cell(norm="batch", skips=(0,))))),
    "grid": GAN("classic", generator=Generator(grid="square")),
    "pacing": GAN(controllers=("pacing", "r1")),
    **{name: preset(name) for name in PRESETS},
}
FEW = ("guided", "residual", "cells", "grid")  # that are tried often
SMALL = [
    {"cells": (0, 1, 3), "cell 1 width": (8, 9), "cell 2 width": (3, 5), "cell 3 skip from 1": (True, False)},
    {"loss": ("bce", "hinge", "wgan_gp", "relativistic"), "penalty": ("auto", "none", "r1_r2", "gradient")},
    {"critic depth": (0, 1, 2), "critic width": (8, 16), "critic dropout": (0.0, 0.3), "latent": (2, 4)},
    {"adversarial": (0, 0.1), "loss": ("bce", "ebgan"), "penalty": ("none", "gradient"), "latent": (1, 2)},
    {"critic norm": ("none", "batch", "layer"), "loss": ("bce", "wgan_gp"), "penalty": ("auto", "none")},
    {"policy": (None, "Policy(filter=0.2)"), "conditioning": ("concat", "multiply"), "optimizer": ("adam",)},
]  # fmt: skip


def drawn(space, n):
    rng = np.random.default_rng(0)
    for _ in range(n):
        yield {name: its[rng.integers(len(its))] for name, its in space.dimensions.items()}


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_point_of_the_default_space_is_a_valid_gan(name):
    template = TEMPLATES[name]
    space = SearchSpace.of(template)
    space.check(template)
    for params in drawn(space, 200 if name in FEW else 20):
        found = space.trial_of(params, template)
        validated(found.gan)
        settled = json.loads(space.key(params, template))
        again = space.params_of(found.gan) | {"policy": params["policy"]}
        assert space.key(again, template) == space.key(params, template), settled


@pytest.mark.parametrize("name", TEMPLATES)
def test_the_template_is_a_point_of_its_space_and_stays_as_it_is(name):
    template = TEMPLATES[name]
    space, before = SearchSpace.of(template), repr(template)
    params = space.start(template)
    assert repr(space.trial_of(params, template).gan) == before == repr(template)
    assert params == space.start(template)


@pytest.mark.parametrize("dimensions", SMALL)
def test_the_number_of_architectures_is_that_of_brute_force(dimensions):
    space = SearchSpace(dimensions)
    template = GAN(generator=Generator(cells=()), critic=Critic(widths=(7, 5)), loss="least_squares")
    points = [dict(zip(dimensions, choices)) for choices in itertools.product(*dimensions.values())]
    keys, gans = set(), set()
    for params in points:
        found = space.trial_of(params, template)
        weight = found.gan.active_terms.get("adversarial", 0)
        keys.add(space.key(params, template))
        gans.add(repr((found.gan.generator, weight and (found.gan, found.gan.penalty), found.policy)))
    assert space.n_architectures == len(keys) <= len(points)
    if "adversarial" not in dimensions:
        assert len(keys) == len(gans)


def test_the_number_is_a_product_where_nothing_depends():
    cells = {f"cell {k} width": (8, 16, 32) for k in (1, 2)}
    assert SearchSpace({"cells": (1, 2), **cells, "latent": (4, 8)}).n_architectures == 2 * (3 + 9)


def test_narrowing_and_widening_change_the_named_choices_only():
    space = SearchSpace.of(GAN())
    narrow = space.narrow({"cells": (1, 2), "cell * width": (32,), "latent": (8,)})
    assert narrow.dimensions["cell 2 width"] == (32,)
    assert not any(name.startswith(("cell 3", "cell 4")) for name in narrow.dimensions)
    assert narrow.dimensions["loss"] == space.dimensions["loss"]
    wide = narrow.widen({"cells": (3,), "cell * width": (256,), "latent": (100,)})
    assert wide.dimensions["cell 3 norm"] == narrow.dimensions["cell 2 norm"]
    assert wide.dimensions["cell 3 skip from 2"] == (False, True)
    assert wide.dimensions["cell 1 width"] == (32, 256)
    assert wide.without("cells").dimensions.keys() == {
        name for name in space.dimensions if not name.startswith("cell")
    }


def test_what_is_taken_out_stays_as_in_the_template():
    template = GAN(generator=Generator(latent=5), loss="hinge")
    space = SearchSpace.of(template).without("latent", "loss", "cells")
    for params in drawn(space, 20):
        gan = space.trial_of(params, template).gan
        assert (gan.generator.latent, gan.loss, gan.generator.cells) == (5, "hinge", None)


def test_a_space_is_a_value():
    space = SearchSpace.of(GAN())
    assert space == SearchSpace.of(GAN()) == pickle.loads(pickle.dumps(space))
    assert space.fingerprint == SearchSpace(json.loads(json.dumps(space.dimensions))).fingerprint
    assert space.fingerprint != space.narrow({"latent": (8,)}).fingerprint
    assert SearchSpace({"latent": np.array([4, 8]).tolist()}) == SearchSpace({"latent": [np.int64(4), 8]})


def test_print_shows_alike_cells_in_one_line_and_the_total():
    text = str(SearchSpace({"cells": (1, 2), "cell 1 width": (8,), "cell 2 width": (8,), "latent": (4, 8)}))
    assert text.splitlines() == [
        "cells         1, 2",
        "cell * width  8",
        "latent        4, 8",
        "4 different GANs",
    ]


@pytest.mark.parametrize(
    ("dimensions", "message"),
    [
        ({}, "at least one dimension"),
        ({"latent": ()}, "'latent' needs at least one choice"),
        ({"latnet": (4,)}, "Unknown dimension 'latnet'.*Did you mean 'latent'"),
        ({"cell 1 widht": (4,)}, "Did you mean 'cell 1 width'"),
        ({"cells": (2,), "cell 2 skip from 2": (True,)}, "Unknown dimension 'cell 2 skip from 2'"),
        ({"cell 1 width": (4,)}, "'cell 1 width' has no effect.*Got none for 'cells'"),
        ({"cells": (1, 2), "cell 3 width": (4,)}, "'cell 3 width' has no effect"),
        ({"cells": (1.5,)}, "'cells' are integers"),
        ({"latent": "48"}, "are a tuple or list"),
        ({"latent": ([4],)}, "texts, finite numbers"),
        ({"critic rate": (float("nan"),)}, "texts, finite numbers"),
    ],
)
def test_nonsense_is_refused(dimensions, message):
    with pytest.raises(ValueError, match=message):
        SearchSpace(dimensions)


def test_narrow_and_without_name_what_is_there():
    space = SearchSpace.of(GAN())
    with pytest.raises(ValueError, match=r"'latent' has the choices 4, 8, 16, 32.*Got 5"):
        space.narrow({"latent": (5,)})
    with pytest.raises(ValueError, match="needs at least one choice"):
        space.narrow({"latent": ()})
    with pytest.raises(ValueError, match=r"no dimension 'cell \* widht'. Did you mean 'cell \* width'"):
        space.narrow({"cell * widht": (32,)})
    with pytest.raises(ValueError, match="at least one dimension"):
        space.without("*")
    with pytest.raises(ValueError, match="'latent' has the choices"):
        space.trial_of({"latent": 5}, GAN())


@pytest.mark.parametrize(
    ("dimensions", "message"),
    [
        ({"loss": ("hing",)}, "'hing' of 'loss' is not possible.*Did you mean 'hinge'"),
        ({"latent": (0,)}, "0 of 'latent' is not possible"),
        ({"policy": ("Policy(spread=9)",)}, "'Policy.spread=9.' of 'policy'"),
        ({"utility": (1.0,)}, "1.0 of 'utility' is not possible.*'guided'"),
    ],
)
def test_a_choice_that_no_gan_can_have_is_refused_before_the_search(dimensions, message):
    with pytest.raises(ValueError, match=message):
        SearchSpace(dimensions).check(GAN())


def test_further_cells_get_the_choices_of_the_last_one_and_skips():
    narrow = SearchSpace({"cells": (1,), "cell 1 width": (16,)}).widen({"cells": (2,)})
    assert set(narrow.dimensions) == {"cells", "cell 1 width", "cell 2 width", "cell 2 skip from 1"}
    assert narrow.dimensions["cell 2 width"] == (16,)
    grid = SearchSpace({"cells": (1,), "cell 1 kernel": (3, 5)}).widen({"cells": (2,)})
    assert grid.dimensions["cell 2 kernel"] == (3, 5)
