"""Forms of plain values: numbers, texts, times, containers, and scalars of NumPy and pandas."""

from __future__ import annotations

import datetime
import decimal
import importlib
import os
import pathlib
import uuid
import zoneinfo
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

import narwhals as nw
import numpy as np
import pandas as pd
from scipy import sparse

from gan_oversampler.persistence.packing import Form, Json, Packer, Unpacker

SIMPLE_KINDS: Final = "biufcmMUS"  # of dtypes whose items are bytes, and no references
MAX_ITEM: Final = 2**20  # bytes of a cell: arrays of a dtype are made for every new row
SPARSE: Final[Mapping[str, type]] = MappingProxyType(
    {
        f"{layout}_{kind}": getattr(sparse, f"{layout}_{kind}")
        for layout in ("bsr", "coo", "csc", "csr", "dia", "dok", "lil")
        for kind in ("matrix", "array")
    }
)
TYPES: Final[Mapping[str, type]] = MappingProxyType({"ndarray": np.ndarray, "list": list, **SPARSE})
NAMES: Final[Mapping[type, str]] = MappingProxyType({kind: name for name, kind in TYPES.items()})


def simple_dtype(name: Any) -> np.dtype[Any]:
    """Return the dtype of this name, which must be one of numbers, times or texts of a fixed length."""
    dtype = np.dtype(str(name))
    if dtype.kind not in SIMPLE_KINDS or dtype.itemsize > MAX_ITEM:
        raise ValueError(f"Arrays of the dtype {name!r} are not read.")
    return dtype


def _plain(kind: type, write: Callable[[Any], Json], read: Callable[[Json], Any]) -> Form:
    """Form of a type that refers to no other objects."""
    return Form(kind, lambda value, pack: write(value), lambda content, unpack: read(content))


def _sequence(kind: type) -> Form:
    return Form(
        kind,
        lambda value, pack: [pack(item) for item in value],
        lambda content, unpack: kind(unpack(item) for item in content),
    )


def _write_pairs(value: Mapping[Any, Any], pack: Packer) -> Json:
    return [[pack(key), pack(item)] for key, item in value.items()]


def _read_pairs(content: Json, unpack: Unpacker) -> dict[Any, Any]:
    return {unpack(key): unpack(item) for key, item in content}


def _write_timestamp(value: pd.Timestamp, pack: Packer) -> Json:
    return [int(value.asm8.view("i8")), value.unit, pack(value.tzinfo)]


def _read_timestamp(content: Json, unpack: Unpacker) -> pd.Timestamp:
    ticks, unit, tz = content
    naive = pd.Timestamp(np.datetime64(ticks, unit))
    return naive if tz is None else naive.tz_localize("UTC").tz_convert(unpack(tz))


def _write_datetime(value: datetime.datetime, pack: Packer) -> Json:
    return [value.replace(tzinfo=None).isoformat(), value.fold, pack(value.tzinfo)]


def _read_datetime(content: Json, unpack: Unpacker) -> datetime.datetime:
    text, fold, tz = content
    return datetime.datetime.fromisoformat(text).replace(fold=fold, tzinfo=unpack(tz))


def _read_scalar(content: Json) -> Any:
    dtype, data = content
    (item,) = np.frombuffer(bytes.fromhex(data), simple_dtype(dtype))
    return item


def _read_random_state(content: Json, unpack: Unpacker) -> np.random.RandomState:
    found = np.random.RandomState()
    found.set_state(unpack(content))
    return found


def _write_type(value: type, pack: Packer) -> Json:
    return NAMES[value] if value in NAMES else pack.put_aside(value)


def _read_type(content: Json, unpack: Unpacker) -> Any:
    return TYPES[content] if isinstance(content, str) else unpack(content)


def _read_zone(name: Json) -> Any:
    return importlib.import_module("pytz").timezone(name)


def _read_timedelta64(content: Json) -> pd.Timedelta:
    ticks, unit = content
    return pd.Timedelta(np.timedelta64(ticks, unit))


VALUES: Final[Mapping[str, Form]] = MappingProxyType(
    {
        "float": _plain(float, repr, float),  # those that are not finite
        "complex": _plain(complex, lambda v: [v.real, v.imag], lambda c: complex(*c)),
        "bytes": _plain(bytes, bytes.hex, bytes.fromhex),
        "tuple": _sequence(tuple),
        "set": _sequence(set),
        "frozenset": _sequence(frozenset),
        "dict": Form(dict, _write_pairs, _read_pairs),
        "mapping": Form(MappingProxyType, _write_pairs, lambda c, u: MappingProxyType(_read_pairs(c, u))),
        "decimal": _plain(decimal.Decimal, str, decimal.Decimal),
        "path": Form(
            pathlib.PurePath,
            lambda v, pack: os.fspath(v),
            lambda c, unpack: pathlib.Path(c),
            subclasses=True,
        ),
        "uuid": _plain(uuid.UUID, str, uuid.UUID),
        "date": _plain(datetime.date, datetime.date.isoformat, datetime.date.fromisoformat),
        "time": Form(
            datetime.time,
            lambda v, pack: [v.replace(tzinfo=None).isoformat(), v.fold, pack(v.tzinfo)],
            lambda c, unpack: datetime.time.fromisoformat(c[0]).replace(fold=c[1], tzinfo=unpack(c[2])),
        ),
        "datetime": Form(datetime.datetime, _write_datetime, _read_datetime),
        "timedelta": _plain(
            datetime.timedelta,
            lambda v: [v.days, v.seconds, v.microseconds],
            lambda c: datetime.timedelta(*c),
        ),
        "zone": _plain(zoneinfo.ZoneInfo, lambda v: v.key, zoneinfo.ZoneInfo),
        "offset": Form(
            datetime.timezone,
            lambda v, pack: pack(v.utcoffset(None)),
            lambda c, unpack: datetime.timezone(unpack(c)),
        ),
        "pytz": Form(
            "pytz.tzinfo.BaseTzInfo",
            lambda v, pack: v.zone,
            lambda c, unpack: _read_zone(c),
            subclasses=True,
        ),
        "NA": _plain(type(pd.NA), lambda v: 0, lambda c: pd.NA),
        "NaT": _plain(type(pd.NaT), lambda v: 0, lambda c: pd.NaT),
        "Timestamp": Form(pd.Timestamp, _write_timestamp, _read_timestamp),
        "Timedelta": _plain(pd.Timedelta, lambda v: [int(v.asm8.view("i8")), v.unit], _read_timedelta64),
        "Period": _plain(
            pd.Period,
            lambda v: [v.ordinal, v.freqstr],
            lambda c: pd.Period(ordinal=c[0], freq=c[1]),
        ),
        "Interval": Form(
            pd.Interval,
            lambda v, pack: [pack(v.left), pack(v.right), v.closed],
            lambda c, unpack: pd.Interval(unpack(c[0]), unpack(c[1]), c[2]),
        ),
        "scalar": Form(
            np.generic,
            lambda v, pack: [v.dtype.str, v.tobytes().hex()],
            lambda c, unpack: _read_scalar(c),
            subclasses=True,
        ),
        "dtype": Form(
            np.dtype,
            lambda v, pack: v.str if v.kind != "O" else "object",
            lambda c, unpack: np.dtype(object) if c == "object" else simple_dtype(c),
            subclasses=True,
        ),
        "random state": Form(np.random.RandomState, lambda v, pack: pack(v.get_state()), _read_random_state),
        "library": _plain(nw.Implementation, lambda v: v.name, lambda c: nw.Implementation[c]),
        "type": Form(type, _write_type, _read_type, subclasses=True),
    }
)
