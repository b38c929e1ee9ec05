"""Arrays and columns of pandas keep dtype, order in memory and bits."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from gan_oversampler.persistence.forms import FORMS
from gan_oversampler.persistence.packing import Packer
from tests.stored import through

ARRAYS = [
    np.array([[1.5, np.nan], [-0.0, np.inf]]),
    np.arange(12, dtype=">i4").reshape(3, 4),
    np.arange(12.0).reshape(3, 4).T,
    np.arange(12.0)[::3],
    np.array(7),
    np.empty((0, 3), np.float32),
    np.array(["2024-01", "NaT"], "M8[M]"),
    np.array([5, 6], "m8[ns]"),
    np.array(["ab", ""], "<U2"),
    np.array(["a", None, 2, (3, 4), pd.NaT], object),
    np.array([[None, 1], [[2], 3]], object),
    np.array([1 + 2j]),
    np.array([True, False]),
    np.array([0.5], np.longdouble),
]


@pytest.mark.parametrize("array", ARRAYS, ids=lambda array: f"{array.dtype}{array.shape}")
def test_arrays_come_back_as_they_were(array):
    found = through(array)
    assert (found.dtype, found.shape) == (array.dtype, array.shape)
    assert found.dtype.hasobject or found.tobytes() == array.tobytes()
    assert found.tolist() == array.tolist() or array.dtype.kind in "fM"
    found[...] = found  # can be written to
    if array.flags.f_contiguous:
        assert found.flags.f_contiguous


def test_a_tensor_of_another_device_is_written_as_an_array_of_the_cpu():
    class OnDevice(torch.Tensor):
        """A tensor that gives its numbers to the CPU only, as one on a GPU does."""

        def numpy(self, **options):
            raise TypeError("can't convert cuda:0 device type tensor to numpy.")

        def cpu(self):
            return self.as_subclass(torch.Tensor)

    tensor = torch.arange(6.0).reshape(2, 3)
    there = tensor.as_subclass(OnDevice)
    with pytest.raises(TypeError, match="can't convert"):
        there.numpy()
    forms = {**FORMS, "tensor": replace(FORMS["tensor"], kind=OnDevice)}
    packed = Packer(forms, keeps_foreign=False).packed(there)
    np.testing.assert_array_equal(packed.arrays[0], tensor.numpy())


def test_tensors_come_back_as_they_were():
    for tensor in (torch.arange(6.0).reshape(2, 3), torch.arange(6).reshape(2, 3).T, torch.tensor(True)):
        found = through(tensor)
        assert found.dtype == tensor.dtype
        assert torch.equal(found, tensor)
        assert found.stride() == tensor.stride()


def columns():
    """One column of every dtype of pandas, three cells each, with a missing one where there may be one."""
    times = pd.Series(pd.to_datetime(["2024-03-31 01:00", None, "2024-10-27 00:30"]))
    arrow = ["int64[pyarrow]", "string[pyarrow]", "date32[pyarrow]"]
    found = {
        **{dtype: pd.Series([1, 2, 3], dtype=dtype) for dtype in ("int8", "uint64", "float32", "bool")},
        **{dtype: pd.Series([1, None, 0], dtype=dtype) for dtype in ("Int16", "UInt8", "Float32", "boolean")},
        **{dtype: pd.Series(["a", None, "b"], dtype=dtype) for dtype in ("object", "str", "string")},
        "category": pd.Series(["a", None, "b"], dtype=pd.CategoricalDtype(["b", "a", "c"], ordered=True)),
        "numbers as category": pd.Series([2.5, None, 1.5], dtype="category"),
        "datetime": times.astype("datetime64[s]"),
        "zone": times.dt.tz_localize("UTC").dt.tz_convert("Europe/Paris"),
        "duration": pd.Series(pd.to_timedelta([1, None, 2], unit="s")),
        "period": pd.Series(pd.PeriodIndex(["2024-01", None, "2024-03"], freq="M")),
        "interval": pd.Series(pd.arrays.IntervalArray.from_breaks([0.0, 1.0, 2.0, 3.0], closed="left")),
        "sparse": pd.Series(pd.arrays.SparseArray([0, 1, 0], fill_value=0)),
        "objects": pd.Series([1, "x", (2, 3)], dtype=object),
    }
    if arrow_is_there():
        cells = dict(zip(arrow, ([1, None, 3], ["a", None, "b"], [None] * 3), strict=True))
        found |= {dtype: pd.Series(values, dtype=dtype) for dtype, values in cells.items()}
    return found


def arrow_is_there():
    try:
        import pyarrow  # noqa: F401
    except ImportError:
        return False
    return True


@pytest.mark.parametrize("name", columns())
def test_columns_of_pandas_come_back_as_they_were(name):
    frame = columns()[name].to_frame("column")
    pd.testing.assert_frame_equal(through(frame), frame)
    empty = frame.iloc[:0]
    pd.testing.assert_frame_equal(through(empty), empty)
    assert through(empty).dtypes.tolist() == frame.dtypes.tolist()
