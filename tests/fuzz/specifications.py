"""Targets: specifications and search spaces as JSON, and the journal of a search."""

from __future__ import annotations

import functools
import json
import tempfile
from pathlib import Path
from random import Random

import optuna

from gan_oversampler import GAN, Cell, Critic, Evolution, Generator, SearchSpace, preset
from gan_oversampler.gans.presets import PRESETS
from gan_oversampler.gans.validation import validated
from gan_oversampler.search.storages import open_storage, open_study, quiet, without_experimental_warnings
from tests.fuzz.mutations import bytes_mutated, json_mutated, json_text

FINGERPRINT = {"table": "1", "space": "2"}


def json_bytes_mutated(data: bytes, random: Random) -> bytes:
    """Mutate the structure of a JSON text, or its bytes."""
    try:
        if random.random() < 0.1:
            return bytes_mutated(data, random)
        return json_text(json_mutated(json.loads(data), random), random).encode("utf-8", "surrogatepass")
    except (ValueError, RecursionError):
        return bytes_mutated(data, random)


def gan_seeds() -> list[bytes]:
    """The JSON of GANs of many kinds."""
    cells = Generator(cells=(Cell(), Cell(width=3, norm="batch", skips=(0,))), latent=3)
    gans = [
        GAN(),
        GAN(generator=cells, critic=Critic(widths=(8, 8), norm="batch", dropout=0.1), loss="bce"),
        GAN("classic", loss="bce", evolution=Evolution(population=2), replicas=2),
        GAN(base="border", controllers=("gap", "pacing", "r1"), loss_weights={"adversarial": 0.5}),
        *map(preset, PRESETS),
    ]
    return [gan.to_json().encode() for gan in gans]


def run_gan(data: bytes, folder: Path) -> str:
    """Read a GAN, check it as a fit does, and write it again."""
    gan = validated(GAN.from_json(data.decode(errors="surrogateescape")))
    again = GAN.from_json(gan.to_json())
    assert again.to_json() == gan.to_json()
    repr(gan)
    return "read"


def space_seeds() -> list[bytes]:
    """Spaces with changes to them, as a user may keep them in a file."""
    space = SearchSpace.of(GAN())
    small = {
        "cells": [1, 2],
        "cell 1 width": [16, 32],
        "cell 2 width": [16],
        "cell 2 skip from 1": [True, False],
    }
    return [
        json.dumps([dict(space.dimensions), {"cell * width": [32]}, {"latent": [4, 8]}, ["cells"]]).encode(),
        json.dumps([small, {"cells": [2]}, {"cells": [3]}, ["latent"]]).encode(),
        json.dumps([{"loss": ["bce", "hinge"], "policy": [None]}, {}, {"critic depth": [0, 1]}, []]).encode(),
    ]


def run_space(data: bytes, folder: Path) -> str:
    """Make a space, narrow and widen it, and check all of its choices."""
    try:
        content = json.loads(data)
    except (ValueError, RecursionError):
        return "no JSON"
    if not isinstance(content, list) or len(content) != 4 or not isinstance(content[3], list):
        return "no space"
    given, narrower, wider, dropped = content
    space = SearchSpace(given)
    space.check(GAN())
    f"{space} {space.fingerprint} {space.start(GAN())}"
    for change in (
        lambda: space.narrow(narrower),
        lambda: space.widen(wider),
        lambda: space.without(*dropped),
    ):
        try:
            change().check(GAN())
        except ValueError as error:
            _reraise_if_foreign(error)
    return "read"


def _reraise_if_foreign(error: Exception) -> None:
    from tests.fuzz.engine import is_lawful

    if not is_lawful(error):
        raise error


@functools.cache
def journal_seeds() -> tuple[bytes, ...]:
    """The journal of a study with a finished and a running trial."""
    with tempfile.TemporaryDirectory() as folder, quiet(), without_experimental_warnings():
        path = Path(folder) / "journal"
        study = open_study(open_storage(path), "s", FINGERPRINT)
        trial = study.ask({"latent": optuna.distributions.CategoricalDistribution((4, 8))})
        trial.set_user_attr("utilities", [0.5, 0.25])
        study.tell(trial, 0.5)
        study.ask()
        return (path.read_bytes(),)


def journal_mutated(data: bytes, random: Random) -> bytes:
    """Mutate one line of a journal, or its bytes."""
    lines = data.split(b"\n")
    i = random.randrange(len(lines))
    lines[i] = json_bytes_mutated(lines[i], random) if lines[i] else lines[random.randrange(len(lines))]
    return b"\n".join(lines)


def run_journal(data: bytes, folder: Path) -> str:
    """Open a journal and the study in it."""
    path = folder / "journal"
    path.write_bytes(data)
    with quiet(), without_experimental_warnings():
        study = open_study(open_storage(path), "s", FINGERPRINT)
        study.get_trials(deepcopy=False)
    return "read"
