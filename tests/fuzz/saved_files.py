"""Target: files of fitted samplers and checkpoints, damaged or forged with a digest that fits."""

from __future__ import annotations

import functools
import json
import struct
import tempfile
import warnings
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
from scipy import sparse

from gan_oversampler import GAN, Between, GANOversampler, Policy, load
from gan_oversampler.gans.parts import Cell, Generator
from gan_oversampler.persistence import SavedFileError, contents, snapshots
from gan_oversampler.persistence.files import FORMAT, _digest
from tests.fuzz.mutations import bytes_mutated, json_mutated, json_text
from tests.samplers import FAST, GUIDED, UNTRAINED, quick
from tests.tables import mixed, numbers

DTYPES = {"BOOL": "?", "U8": "u1", "I8": "i1", "I16": "<i2", "U16": "<u2", "I32": "<i4", "U32": "<u4"}
DTYPES |= {"I64": "<i8", "U64": "<u8", "F16": "<f2", "F32": "<f4", "F64": "<f8"}


@functools.cache
def seeds() -> tuple[bytes, ...]:
    """Small files of many kinds of samplers."""
    X, y = mixed()
    table = numbers(60, 16)
    cells = Generator(cells=(Cell(width=4), Cell(width=3, norm="batch", skips=(0,))))
    fits = [
        (quick(gan=[GUIDED, FAST], policy=Policy(spread=0.8)), X, y),
        (quick(gan=UNTRAINED), pl.from_pandas(X), y),
        (quick(gan=UNTRAINED), pa.Table.from_pandas(X), y),
        (quick(gan=GAN(generator=cells), oracle=None), *table),
        (
            quick(gan=FAST, oracle=["energy", "f1"], rejection=True, constraints=[Between(0, low=-100)]),
            *table,
        ),
        (quick(gan=UNTRAINED, oracle=None), sparse.csr_matrix(table[0].round()), table[1]),
    ]
    found = []
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        path = Path(folder) / "file"
        for sampler, rows, labels in fits:
            sampler.fit(rows, labels).save(path)
            found.append(path.read_bytes())
        GANOversampler(gan=UNTRAINED, max_steps=0, cv=2, random_state=0, checkpoint=path).fit(*table)
        found.append(path.read_bytes())
    return tuple(found)


def mutated(data: bytes, random: Random) -> bytes:
    """Damage the bytes or the header, or forge what is inside and sign it anew."""
    try:
        header, arrays = _parts(data)
    except Exception:  # damaged already
        return bytes_mutated(data, random)
    way = random.random()
    if way < 0.1:
        return bytes_mutated(data, random)
    if way < 0.3:
        size = 8 + struct.unpack("<Q", data[:8])[0]
        text = json_text(json_mutated(header, random), random).encode()
        length = random.choice((len(text),) * 9 + (2**60,))
        return struct.pack("<Q", length) + text + data[size:]
    told = json.loads(header["__metadata__"][FORMAT])
    if way < 0.4:
        told = json_mutated(told, random)
    elif way < 0.85:
        document = json_mutated(json.loads(arrays["document"].tobytes()), random)
        text = json_text(document, random).encode("utf-8", "surrogatepass")
        arrays["document"] = np.frombuffer(text, np.uint8)
    else:
        name = random.choice(list(arrays))
        arrays[name] = _array_mutated(arrays[name], random)
    try:
        return _signed(told, arrays)
    except ValueError:  # what no file can hold
        return bytes_mutated(data, random)


def _parts(data: bytes) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Header and arrays of a file."""
    size = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8 : 8 + size])
    arrays = {}
    for name, told in header.items():
        if name != "__metadata__":
            start, end = (8 + size + offset for offset in told["data_offsets"])
            arrays[name] = np.frombuffer(data[start:end], DTYPES[told["dtype"]]).reshape(told["shape"])
    json.loads(arrays["document"].tobytes())
    json.loads(header["__metadata__"][FORMAT])
    return header, arrays


def _array_mutated(array: np.ndarray, random: Random) -> np.ndarray:
    ways = (
        lambda: array.astype(random.choice(list(DTYPES.values()))),
        lambda: array.ravel()[: random.randint(0, array.size)],
        lambda: np.concatenate([array.ravel(), array.ravel()]),
        lambda: array.reshape(*array.shape, 1),
        lambda: array.T,
        lambda: np.frombuffer(
            bytes_mutated(array.tobytes(), random)[: array.nbytes].ljust(array.nbytes), array.dtype
        ).reshape(array.shape),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return random.choice(ways)()


def _signed(told: Any, arrays: dict[str, np.ndarray]) -> bytes:
    """A file with a digest that fits to what it holds."""
    from safetensors.numpy import save

    arrays = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    if isinstance(told, dict) and "digest" in told:
        others = [arrays[str(i)] for i in range(len(arrays) - 1) if str(i) in arrays]
        del told["digest"]
        told["digest"] = _digest([arrays["document"], *others], told)
    return save(arrays, {FORMAT: json.dumps(told)})


def run(data: bytes, folder: Path) -> str:
    """Load a file, and use what was read in every way: what loads also draws and reports."""
    path = folder / "case"
    path.write_bytes(data)
    with suppress(SavedFileError):
        contents(path)
    try:
        sampler = load(path)
    except SavedFileError as error:
        if "is a checkpoint" not in str(error):
            raise
        sampler = load(path, snapshot=len(snapshots(path)) - 1)
    for label in sampler.sampling_strategy_:
        sampler.sample(3, y=label, random_state=0)
    sampler.report_.to_dict()
    f"{sampler.report_} {sampler!r}"
    return "loaded"
