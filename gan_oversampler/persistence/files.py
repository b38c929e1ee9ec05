"""The file of a fitted sampler: safetensors with the arrays, and the document as one of them.

Nothing of a file is executed. Lengths are checked against the size of the file before anything is read, and a
digest over everything tells a file that was changed from one that was not. The digest is no signature: it
finds damage, not forgery.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from os import PathLike
from typing import Any, Final

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from gan_oversampler._writing import write_whole
from gan_oversampler.persistence.packing import Array, Packed

FORMAT: Final = "gan_oversampler"
NEWER: Final = "Install a newer one: pip install -U gan-oversampler."
MAX_REASON: Final = 300  # letters of an error that a file's contents have caused
FORMAT_VERSION: Final = 1  # raised when older versions of the package could not read new files


class SavedFileError(ValueError):
    """A file cannot be read as a saved sampler; the message says why, and what to do."""


def write(path: str | PathLike[str], packed: Packed, contents: Mapping[str, Any]) -> None:
    """Write packed objects as a file that is either whole or not there; an older one is replaced.

    ``contents`` is what the function of that name returns of the file. Raises ``OSError``, with the path,
    where it cannot be written.
    """
    document = np.frombuffer(packed.document.encode(), np.uint8)
    tensors = {"document": document, **{str(i): array for i, array in enumerate(packed.arrays)}}
    header: dict[str, Any] = {"version": FORMAT_VERSION, "contents": contents}
    header["digest"] = _digest([document, *packed.arrays], header)
    # One entry: the order of several would change from file to file.
    write_whole(path, save(tensors, {FORMAT: json.dumps(header)}))


def read(path: str | PathLike[str], unpacked: Callable[[str, Sequence[Array]], Any]) -> Any:
    """Read a file, and return what a function makes of its document and arrays.

    Raises ``SavedFileError`` if the file is none that `write` wrote, is newer than this package can read, was
    cut off or changed, or if the function fails; ``OSError`` if there is no file that can be read.
    """
    with _opened(path) as (file, header):
        names = ["document", *map(str, range(len(file.keys()) - 1))]
        document, *arrays = (file.get_tensor(name) for name in names)
        if header.pop("digest") != _digest([document, *arrays], header):
            raise SavedFileError(f"{_name(path)} was changed after it was saved. Take another copy of it.")
        return unpacked(document.tobytes().decode(), arrays)


def contents(path: str | PathLike[str]) -> dict[str, Any]:
    """Tell what a saved sampler is and which real rows its file holds, without loading it.

    Parameters
    ----------
    path : str or path
        A file that ``GANOversampler.save`` wrote, or a checkpoint.

    Returns
    -------
    contents : dict
        ``"format_version"``; ``"gan_oversampler"``, the version that saved it; ``"step"`` of a checkpoint;
        ``"new_rows"`` per class; and
        ``"real_rows"``, which holds, for each purpose that real rows are kept for, their number per class.
        Labels are texts. Where ``"real_rows"`` is empty there are none; ranges, levels and combinations of
        columns are always there.

    Raises
    ------
    SavedFileError
        If the file is no saved sampler, or of a newer version.

    Examples
    --------
    >>> import tempfile
    >>> from sklearn.datasets import make_classification
    >>> from gan_oversampler import GANOversampler
    >>> X, y = make_classification(60, weights=[0.7], random_state=0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     GANOversampler(max_steps=0, random_state=0).fit(X, y).save(f"{folder}/sampler")
    ...     contents(f"{folder}/sampler")["real_rows"]["seeds of new rows"]
    {'1': 18}
    """
    with _opened(path) as (_, header):
        return {"format_version": header["version"], **header["contents"]}


@contextmanager
def _opened(path: str | PathLike[str]) -> Iterator[tuple[Any, dict[str, Any]]]:
    """A file with its header, if it is one of ours; whatever is wrong with it raises one kind of error."""
    with open(path, "rb"):  # says itself why a file cannot be opened
        pass
    with explained(path), safe_open(path, framework="numpy") as file:
        metadata = file.metadata() or {}
        if FORMAT not in metadata:
            raise SavedFileError(
                f"{_name(path)} was not written by GANOversampler.save. Give a file that was."
            )
        header = json.loads(metadata[FORMAT])
        version = header["version"]
        if type(version) is not int or version < 1:
            raise ValueError(f"{version!r} is no version of a format")
        if version > FORMAT_VERSION:
            raise SavedFileError(
                f"{_name(path)} has format {version}; this version of gan_oversampler reads up to"
                f" {FORMAT_VERSION}. {NEWER}"
            )
        yield file, header


@contextmanager
def explained(path: str | PathLike[str]) -> Iterator[None]:
    """Raise ``SavedFileError`` for whatever goes wrong with the contents of a file: it may show anywhere."""
    name = _name(path)
    try:
        yield
    except SavedFileError:
        raise
    except SafetensorError as error:
        raise SavedFileError(
            f"{name} is no file of GANOversampler.save, or it was cut off ({error}). Take another copy of it."
        ) from None
    except ImportError as error:
        raise SavedFileError(f"{name} holds a table of a library that is missing here: {error}.") from error
    except Exception as error:
        raise SavedFileError(
            f"{name} cannot be read ({type(error).__name__}: {str(error)[:MAX_REASON]}). It is damaged, or"
            " was not made by GANOversampler.save. Take another copy of it."
        ) from error


def _digest(arrays: Sequence[Array], header: Mapping[str, Any]) -> str:
    digest = hashlib.blake2b(json.dumps(header).encode(), digest_size=16)
    for array in arrays:
        digest.update(f"{array.dtype.str}{array.shape}".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def _name(path: str | PathLike[str]) -> str:
    return repr(os.fspath(path))
