"""Runs other people's oversamplers in their own environment, on requests through a pipe.

Imports numpy, pandas and the peers only, each peer when it is first needed. A message is a length, a
JSON header and the bytes of an npz archive: no pickle, because both ends have versions of their own.

What the peers get:

* Those that measure distances read numbers without gaps and refuse the rest. ``geometric_smote`` and
  ``mgs_grf`` also take categories as such.
* Those that learn a distribution see the minority rows only (``ctgan_conditional`` sees all) and draw
  exactly the rows that are missing; the rows that came stay as they came.
* They get medians for missing numbers, which none but ``forest_diffusion`` can read, so no new row has
  a gap there. A missing category is a category of its own and may come back as missing.
* All have their default parameters, one thread and the seed of the request.
"""

from __future__ import annotations

import ctypes
import importlib
import importlib.metadata
import io
import json
import os
import random
import struct
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

TARGET: Final = "target"
GAP: Final = "(missing)"
ROUNDS: Final = 200
LENGTH: Final = struct.Struct(">Q")


@dataclass(frozen=True, slots=True)
class Request:
    """A table (numbers are floats, categories text or None), its classes, and the seed."""

    X: pd.DataFrame
    y: np.ndarray
    categorical: tuple[str, ...]
    seed: int

    @property
    def numeric(self) -> list[str]:
        return [name for name in self.X if name not in self.categorical]

    @property
    def missing_rows(self) -> int:
        """Number of rows that the minority lacks."""
        return int(len(self.y) - 2 * self.y.sum())

    def complete(self, rows: np.ndarray) -> pd.DataFrame:
        """Select rows; gaps hold their medians (or those of all rows, if they have none) and a category."""
        part = self.X.loc[rows]
        medians = part[self.numeric].median().fillna(self.X[self.numeric].median()).fillna(0.0)
        return part.fillna({**medians, **dict.fromkeys(self.categorical, GAP)}).reset_index(drop=True)

    def minority(self) -> pd.DataFrame:
        """Select the minority's rows, without gaps."""
        return self.complete(self.y == 1)

    def with_new(self, new: pd.DataFrame) -> tuple[pd.DataFrame, np.ndarray]:
        """Append new rows of the minority, with gaps where ``complete`` put a category for them."""
        new = new[list(self.X)].astype({name: float for name in self.numeric})
        for name in self.categorical:
            text = new[name].astype(object)
            new[name] = text.where(text != GAP, None)
        X = pd.concat([self.X, new], ignore_index=True)
        return X, np.concatenate([self.y, np.ones(len(new), dtype=self.y.dtype)])

    def numbers(self) -> np.ndarray:
        """Return the table as numbers, for peers that read nothing else.

        Raises
        ------
        ValueError
            If it holds categories or gaps.
        """
        if self.categorical or self.X.isna().any(axis=None):
            gaps = int(self.X.isna().sum().sum())
            raise ValueError(
                f"This peer needs numbers without gaps, but {len(self.categorical)} columns of categories"
                f" and {gaps} missing cells came. Impute and one-hot encode first."
            )
        return self.X.to_numpy(float)


Answer = tuple[pd.DataFrame, np.ndarray]
Peers = Mapping[str, Callable[[Request], Answer]]


def geometric_smote(request: Request) -> Answer:
    """Run Geometric SMOTE, its nominal variant where there are categories, with five neighbours at most."""
    from imblearn_extra.gsmote import GeometricSMOTE

    k = max(min(5, int(request.y.sum()) - 1), 1)
    if not request.categorical:
        sampler = GeometricSMOTE(k_neighbors=k, random_state=request.seed)
        X, y = sampler.fit_resample(request.numbers(), request.y)
        return pd.DataFrame(X, columns=request.X.columns), y
    X, levels = _codes(request, request.complete(np.ones(len(request.y), dtype=bool)))
    positions = [request.X.columns.get_loc(name) for name in request.categorical]
    sampler = GeometricSMOTE(k_neighbors=k, categorical_features=positions, random_state=request.seed)
    new, _ = sampler.fit_resample(X.to_numpy(float), request.y)
    return request.with_new(_decoded(pd.DataFrame(new[len(X) :], columns=X.columns), levels))


def _smote_variant(class_name: str) -> Callable[[Request], Answer]:
    """A sampler of smote_variants; what it returns is returned, balanced or not, rows dropped or not."""

    def resample(request: Request) -> Answer:
        sampler = getattr(importlib.import_module("smote_variants"), class_name)
        X, y = sampler(random_state=request.seed).sample(request.numbers(), request.y)
        return pd.DataFrame(X, columns=request.X.columns), np.asarray(y, dtype=np.int64)

    return resample


def mgs_grf(request: Request) -> Answer:
    """Run MGS-GRF, local Gaussians and a forest for categories, on numbers scaled to unit variance."""
    from mgs_grf import MGSGRFOverSampler

    table = request.complete(np.ones(len(request.y), dtype=bool))
    spread = table[request.numeric].std().replace(0.0, 1.0)
    table[request.numeric] /= spread
    X, levels = _codes(request, table)
    # by default as many neighbours as there are numbers, which the minority may not have
    k = max(min(len(request.numeric), int(request.y.sum()) - 1), 1)
    positions = [request.X.columns.get_loc(name) for name in request.categorical] or None
    sampler = MGSGRFOverSampler(K=k, categorical_features=positions, random_state=request.seed)
    drawn, _ = sampler.fit_resample(X.to_numpy(float), request.y)
    new = pd.DataFrame(drawn[len(X) :], columns=X.columns).astype(float)
    new[request.numeric] *= spread
    return request.with_new(_decoded(new, levels))


def circover(request: Request) -> Answer:
    """Run GVM-CO, the first of circover's samplers, with five neighbours at most."""
    from circover import GVMCO

    k = max(min(5, int(request.y.sum()) - 1), 1)
    X, y = GVMCO(k_neighbors=k, random_state=request.seed).fit_resample(request.numbers(), request.y)
    return pd.DataFrame(X, columns=request.X.columns), y


def sona(request: Request) -> Answer:
    """Run SONA."""
    from sona_oversampling import SONA

    X, y = SONA(request.numbers(), request.y, 1, random_state=request.seed)
    return pd.DataFrame(X, columns=request.X.columns), y


def _ctgan(class_name: str) -> Callable[[Request], Answer]:
    """A synthesizer of ctgan, fitted on the minority."""

    def resample(request: Request) -> Answer:
        model = getattr(importlib.import_module("ctgan"), class_name)()
        model.fit(request.minority(), discrete_columns=request.categorical)
        return request.with_new(model.sample(request.missing_rows))

    return resample


def ctgan_conditional(request: Request) -> Answer:
    """Run CTGAN on all rows under the condition of the minority; it may draw others, hence the rounds."""
    from ctgan import CTGAN

    table = request.complete(np.ones(len(request.y), dtype=bool))
    table[TARGET] = request.y.astype(str)
    model = CTGAN()
    model.fit(table, discrete_columns=[*request.categorical, TARGET])
    n, found = request.missing_rows, []
    for _ in range(ROUNDS):
        drawn = model.sample(n, condition_column=TARGET, condition_value="1")
        found.append(drawn[drawn[TARGET] == "1"])
        if sum(map(len, found)) >= n:
            return request.with_new(pd.concat(found, ignore_index=True).head(n))
    raise RuntimeError(
        f"CTGAN drew {sum(map(len, found))} rows of the minority in {ROUNDS} rounds of {n}, but {n} are"
        " needed. Give it more minority rows."
    )


def arf(request: Request) -> Answer:
    """Run adversarial random forests on the minority."""
    from arfpy import arf as arfpy

    minority = request.minority().astype(dict.fromkeys(request.categorical, "category"))
    forest = arfpy.arf(x=minority, verbose=False)
    forest.forde()
    return request.with_new(forest.forge(n=request.missing_rows))


def forest_diffusion(request: Request) -> Answer:
    """Run ForestDiffusion (flow) on the minority; a category that never changes is not learned."""
    from ForestDiffusion import ForestDiffusionModel

    part = request.X.loc[request.y == 1].fillna(dict.fromkeys(request.categorical, GAP))
    codes, levels = _codes(request, part)
    of_size = {size: [name for name in levels if min(len(levels[name]), 3) == size] for size in (1, 2, 3)}
    # Its decoder finds the columns of category 1 by "1_", which "11_" has too. So ten categories may come
    # first; more than ten must have places of two digits each.
    others, categories = [*request.numeric, *of_size[2]], of_size[3]
    order = [*categories, *others]
    if len(categories) > 10:
        order = [*others, *(f"filler{i}" for i in range(10 - len(others))), *categories]
    model = ForestDiffusionModel(
        X=codes.reindex(columns=order, fill_value=0.0).to_numpy(float),
        bin_indexes=[order.index(name) for name in of_size[2]],
        cat_indexes=[order.index(name) for name in categories],
        n_jobs=1,
        seed=request.seed,
    )
    drawn = model.generate(batch_size=request.missing_rows)
    new = pd.DataFrame(drawn, columns=order).assign(**dict.fromkeys(of_size[1], 0.0))
    return request.with_new(_decoded(new, levels))


def _codes(request: Request, table: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, pd.Index]]:
    """Categories as numbers from 0, and the levels that the numbers stand for."""
    levels = {name: pd.Index(table[name]).unique().sort_values() for name in request.categorical}
    return table.assign(**{name: levels[name].get_indexer(table[name]) for name in levels}), levels


def _decoded(table: pd.DataFrame, levels: Mapping[str, pd.Index]) -> pd.DataFrame:
    return table.assign(**{name: levels[name][table[name].round().astype(int)] for name in levels})


PEERS: Final[Peers] = {
    "geometric_smote": geometric_smote,
    "polynom_fit_smote": _smote_variant("polynom_fit_SMOTE_star"),
    "prowsyn": _smote_variant("ProWSyn"),
    "smote_ipf": _smote_variant("SMOTE_IPF"),
    "lee": _smote_variant("Lee"),
    "mgs_grf": mgs_grf,
    "circover": circover,
    "sona": sona,
    "ctgan": _ctgan("CTGAN"),
    "tvae": _ctgan("TVAE"),
    "ctgan_conditional": ctgan_conditional,
    "arf": arf,
    "forest_diffusion": forest_diffusion,
}

# Module and distribution of each.
_SMOTE_VARIANTS: Final = ("smote_variants", "smote-variants")
_CTGAN: Final = ("ctgan", "ctgan")
PACKAGES: Final[Mapping[str, tuple[str, str]]] = {
    "geometric_smote": ("imblearn_extra.gsmote", "imbalanced-learn-extra"),
    **dict.fromkeys(("polynom_fit_smote", "prowsyn", "smote_ipf", "lee"), _SMOTE_VARIANTS),
    "mgs_grf": ("mgs_grf", "mgs-grf"),
    "circover": ("circover", "circover"),
    "sona": ("sona_oversampling", "sona-oversampling"),
    **dict.fromkeys(("ctgan", "tvae", "ctgan_conditional"), _CTGAN),
    "arf": ("arfpy", "arfpy"),
    "forest_diffusion": ("ForestDiffusion", "ForestDiffusion"),
}


def pack(header: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> bytes:
    """Write a message: its length, the length of the header, the header, the arrays."""
    archive = io.BytesIO()
    np.savez(archive, allow_pickle=False, **arrays)
    head = json.dumps(header).encode()
    body = LENGTH.pack(len(head)) + head + archive.getvalue()
    return LENGTH.pack(len(body)) + body


def unpack(body: bytes) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Read header and arrays of a message whose own length is already read."""
    end = LENGTH.size + LENGTH.unpack_from(body)[0]
    with np.load(io.BytesIO(body[end:]), allow_pickle=False) as archive:
        return json.loads(body[LENGTH.size : end]), dict(archive)


def serve(peers: Peers = PEERS, packages: Mapping[str, tuple[str, str]] = PACKAGES) -> None:
    """Answer requests from stdin on stdout until stdin ends; what peers print goes to stderr."""
    incoming, outgoing = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    with incoming, outgoing:
        while (head := incoming.read(LENGTH.size)) and len(head) == LENGTH.size:
            header, arrays = unpack(incoming.read(LENGTH.unpack(head)[0]))
            outgoing.write(pack(*_answer(header, arrays, peers, packages)))
            outgoing.flush()


def _end_with(parent: int) -> None:
    """A killed client closes its pipe, but a peer at work would not notice for minutes."""
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)


def _answer(
    header: Mapping[str, Any],
    arrays: Mapping[str, np.ndarray],
    peers: Peers,
    packages: Mapping[str, tuple[str, str]],
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Versions if no peer is named, else the peer's table; an error as its type and text."""
    name = header["peer"]
    if name is None:
        return {"versions": {peer: _version(*packages[peer]) for peer in peers}}, {}
    if name not in peers:
        return {"error": f"ValueError: Unknown peer {name!r}. Known are: {', '.join(sorted(peers))}."}, {}
    if (version := _version(*packages[name])).startswith("missing: "):
        return {"missing": version.removeprefix("missing: ")}, {}
    try:
        request = Request(*_table(header, arrays), header["seed"])
        _seed_everything(request.seed)
        before, start = _peak_mb(reset=True), time.perf_counter()
        X, y = peers[name](request)
        seconds = time.perf_counter() - start
        measured = {"seconds": seconds, "peak_mb": _peak_mb() - before}
        return measured, {**_arrays(X, request.categorical), "y": y}
    except (Exception, SystemExit) as error:  # some libraries exit where they should raise
        return {"error": f"{type(error).__name__}: {error}"}, {}


def _version(module: str, distribution: str) -> str:
    """Version of a peer that can be imported, else why it cannot."""
    try:
        importlib.import_module(module)
        return importlib.metadata.version(distribution)
    except Exception as error:  # a broken package may raise anything
        return f"missing: {type(error).__name__}: {error}"


def _seed_everything(seed: int) -> None:
    """Peers draw from the global generators, so these start afresh with every request."""
    random.seed(seed)  # noqa: TID251
    np.random.seed(seed)  # noqa: NPY002, TID251
    if torch := sys.modules.get("torch"):
        torch.manual_seed(seed)
        torch.set_num_threads(1)


def _peak_mb(reset: bool = False) -> float:
    """Highest resident memory of this process since the last reset, NaN where Linux does not tell."""
    try:
        if reset:
            ctypes.CDLL(None).malloc_trim(0)  # or an earlier peak would hide this one
            Path("/proc/self/clear_refs").write_text("5")
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) * 1024 / 1e6
    except (AttributeError, OSError, StopIteration):
        return float("nan")


def _table(header: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> tuple[Any, Any, Any]:
    """Table, classes and names of the categories of a request; columns are known by their places."""
    places = header["categorical"]
    n_columns = arrays["numbers"].shape[1] + len(places)
    numeric = [place for place in range(n_columns) if place not in places]
    text = np.where(arrays["missing"], None, arrays["categories"].astype(object))
    parts = [
        pd.DataFrame(arrays["numbers"], columns=numeric),
        pd.DataFrame(text, columns=places, dtype=object),
    ]
    X = pd.concat(parts, axis=1)[list(range(n_columns))].rename(columns="x{}".format)
    return X, arrays["y"], tuple(f"x{place}" for place in places)


def _arrays(X: pd.DataFrame, categorical: tuple[str, ...]) -> dict[str, np.ndarray]:
    """A table as arrays without objects."""
    text = X[list(categorical)]
    return {
        "numbers": X.drop(columns=list(categorical)).to_numpy(float),
        "categories": text.fillna("").to_numpy(str),
        "missing": text.isna().to_numpy(bool),
    }


if __name__ == "__main__":
    serve()
