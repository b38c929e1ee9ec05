"""Forms of arrays: those of NumPy and torch, and the columns of pandas with every dtype as it was."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import pandas as pd
import torch

from gan_oversampler.persistence.packing import Array, Form, Json, Packer, Unpacker
from gan_oversampler.persistence.values import simple_dtype

STORED: Final = frozenset(
    np.dtype(name).str for name in ("?", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8")
)  # dtypes that a file knows
MASKED: Final[Mapping[str, Callable[..., Any]]] = MappingProxyType(
    {"b": pd.arrays.BooleanArray, "f": pd.arrays.FloatingArray} | dict.fromkeys("iu", pd.arrays.IntegerArray)
)


def write_array(array: Array, pack: Packer) -> Json:
    """Write an array as its number; of dtypes that a file does not know, its bytes or its objects."""
    if array.ndim > 1 and array.flags.f_contiguous and not array.flags.c_contiguous:
        return {"transposed": write_array(array.T, pack)}  # sums over axes depend on the order in memory
    if array.dtype.str in STORED:
        return pack.array(array)
    if array.dtype.kind == "O":
        return {"objects": [pack(cell) for cell in array.ravel()], "shape": list(array.shape)}
    data = np.frombuffer(array.tobytes(), np.uint8)
    return {"bytes": pack.array(data), "dtype": simple_dtype(array.dtype.str).str, "shape": list(array.shape)}


def read_array(content: Json, unpack: Unpacker) -> Array:
    """Return the array that `write_array` wrote."""
    if not isinstance(content, dict):
        return unpack.array(content)
    if "transposed" in content:
        return read_array(content["transposed"], unpack).T
    if "objects" in content:
        cells = [unpack(cell) for cell in content["objects"]]
        # Without ``fromiter`` NumPy would take cells that are lists for further axes.
        return np.fromiter(cells, dtype=object, count=len(cells)).reshape(content["shape"])
    data = unpack.array(content["bytes"])
    return data.view(simple_dtype(content["dtype"])).reshape(content["shape"])


def _read_tensor(content: Json, unpack: Unpacker) -> torch.Tensor:
    return torch.from_numpy(read_array(content, unpack))


def _write_category(cells: pd.Categorical, pack: Packer) -> Json:
    return [pack(cells.categories), bool(cells.ordered), pack.array(np.asarray(cells.codes))]


def _read_category(content: Json, unpack: Unpacker) -> pd.Categorical:
    categories, ordered, codes = content
    dtype = pd.CategoricalDtype(unpack(categories), ordered=ordered)
    return pd.Categorical.from_codes(unpack.array(codes), dtype=dtype)


def _write_zoned(cells: Any, pack: Packer) -> Json:
    return [pack(cells.dtype.tz), cells.dtype.unit, pack.array(np.asarray(cells.asi8))]


def _read_zoned(content: Json, unpack: Unpacker) -> Any:
    tz, unit, ticks = content
    naive = pd.DatetimeIndex(unpack.array(ticks).view(f"M8[{unit}]"))
    return naive.tz_localize("UTC").tz_convert(unpack(tz)).array


def _write_masked(cells: Any, pack: Packer) -> Json:
    dtype = cells.dtype.numpy_dtype
    values = cells.to_numpy(dtype=dtype, na_value=dtype.type(0))
    return [write_array(values, pack), pack.array(np.asarray(cells.isna()))]


def _read_masked(content: Json, unpack: Unpacker) -> Any:
    values, missing = read_array(content[0], unpack), unpack.array(content[1])
    return MASKED[values.dtype.kind](values, missing)


def _write_string(cells: Any, pack: Packer) -> Json:
    objects = np.asarray(cells.to_numpy(dtype=object))
    return [cells.dtype.storage, pack(cells.dtype.na_value), write_array(objects, pack)]


def _read_string(content: Json, unpack: Unpacker) -> Any:
    storage, missing, cells = content
    return pd.array(read_array(cells, unpack), dtype=pd.StringDtype(storage, unpack(missing)))


def _write_sparse(cells: Any, pack: Packer) -> Json:
    return [pack(cells.fill_value), write_array(np.asarray(cells), pack)]


def _read_sparse(content: Json, unpack: Unpacker) -> Any:
    fill, dense = unpack(content[0]), read_array(content[1], unpack)
    return pd.arrays.SparseArray(dense, fill_value=fill, dtype=pd.SparseDtype(dense.dtype, fill))


def _read_period(content: Json, unpack: Unpacker) -> Any:
    freq, ordinals = content
    return pd.arrays.PeriodArray(unpack.array(ordinals), dtype=pd.PeriodDtype(freq))


def _write_interval(cells: Any, pack: Packer) -> Json:
    return [pack(cells.left), pack(cells.right), cells.closed]


def _read_interval(content: Json, unpack: Unpacker) -> Any:
    left, right, closed = content
    return pd.arrays.IntervalArray.from_arrays(unpack(left), unpack(right), closed)


def _write_arrow(cells: Any, pack: Packer) -> Json:
    import pyarrow as pa

    return pack(pa.table({"cells": pa.chunked_array(cells.__arrow_array__())}))


def _read_arrow(content: Json, unpack: Unpacker) -> Any:
    return pd.arrays.ArrowExtensionArray(unpack(content).column("cells"))


ARRAYS: Final[Mapping[str, Form]] = MappingProxyType(
    {
        "array": Form(np.ndarray, write_array, read_array),
        "mapped array": Form(np.memmap, write_array, read_array),  # as joblib reads them
        "tensor": Form(
            torch.Tensor,
            lambda tensor, pack: write_array(tensor.detach().cpu().numpy(), pack),
            _read_tensor,
        ),
        "category": Form(pd.Categorical, _write_category, _read_category),
        "times with a zone": Form(pd.arrays.DatetimeArray, _write_zoned, _read_zoned),
        "nullable integers": Form(pd.arrays.IntegerArray, _write_masked, _read_masked),
        "nullable floats": Form(pd.arrays.FloatingArray, _write_masked, _read_masked),
        "nullable booleans": Form(pd.arrays.BooleanArray, _write_masked, _read_masked),
        "texts": Form(
            "pandas.core.arrays.string_.BaseStringArray", _write_string, _read_string, subclasses=True
        ),
        "arrow": Form(pd.arrays.ArrowExtensionArray, _write_arrow, _read_arrow),
        "sparse": Form(pd.arrays.SparseArray, _write_sparse, _read_sparse),
        "periods": Form(
            pd.arrays.PeriodArray,
            lambda cells, pack: [cells.freqstr, pack.array(np.asarray(cells.asi8))],
            _read_period,
        ),
        "intervals": Form(pd.arrays.IntervalArray, _write_interval, _read_interval),
    }
)
