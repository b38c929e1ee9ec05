"""Objects as a JSON document beside a list of arrays, and back, by forms that are all listed.

A value that JSON has stays as it is. Any other is an object with one key, the name of its form. Objects that
are referred to from several places, such as the rows that two generators start from, are written once, as
*nodes*: a node refers to earlier ones only, so a document has no circles.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from gan_oversampler._utils import text_of

Array = NDArray[Any]
# A small file must not fill the memory: copies of its arrays take at most so many bytes, or times their own.
MIN_COPIED: Final = 2**28
MAX_COPIES: Final = 64
# Nodes that refer to a node twice, again and again, would be endless to print or to compare: with every
# reference written out, a document has at most so many values, or times its own.
MIN_UNFOLDED: Final = 2**22
MAX_UNFOLDED: Final = 1000

Json = Any  # None, bool, int, finite float, str, list, or a dict with one key


@dataclass(frozen=True, slots=True)
class Form:
    """How objects of one type are written as JSON, and read back."""

    kind: type | str  # the type, or ``"module.Name"`` of one in a library that need not be there
    write: Callable[[Any, Packer], Json]
    read: Callable[[Json, Unpacker], Any]
    is_node: bool = False  # whether an object that is referred to twice is written once
    subclasses: bool = False  # whether objects of a subclass have this form, too

    @property
    def name_of_kind(self) -> str:
        """Full name of the type."""
        return self.kind if isinstance(self.kind, str) else full_name(self.kind)


def full_name(kind: type) -> str:
    """Return module and name of a type, such as ``"builtins.dict"``."""
    return f"{kind.__module__}.{kind.__qualname__}"


@dataclass(frozen=True)
class Packed:
    """Objects as text and arrays, from which ``unpacked`` makes equal ones."""

    document: str  # JSON
    arrays: tuple[Array, ...]  # of NumPy's numbers and truth values, contiguous
    foreign: tuple[Any, ...] = ()  # objects without a form, as they are


@dataclass(frozen=True)
class NotInFile:
    """Stands for a parameter that a file does not hold, and that a fit refuses.

    >>> NotInFile("KFold()")
    <not in the file: KFold()>
    """

    text: str  # the parameter as Python prints it

    def __repr__(self) -> str:
        return f"<not in the file: {self.text}>"


class NoFormError(ValueError):
    """An object without a form came up while packing; ``value`` is that object."""

    def __init__(self, value: Any) -> None:
        kind = full_name(type(value))
        super().__init__(
            f"{text_of(value)[:200]} of the type {kind} cannot be written: files hold plain values, tables"
            " and objects of this package. Keep the sampler by joblib.dump instead."
        )
        self.value = value


@dataclass
class Packer:
    """Writes values as JSON by their forms, and collects nodes and arrays on the way."""

    forms: Mapping[str, Form]
    keeps_foreign: bool  # whether objects without a form are collected as they are, or are an error
    nodes: list[Json] = field(default_factory=list)
    arrays: list[Array] = field(default_factory=list)
    foreign: list[Any] = field(default_factory=list)
    objects: dict[int, tuple[int, Any]] = field(default_factory=dict)  # by ``id``: number of the node, object
    _places: dict[bytes, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._tags = {form.name_of_kind: tag for tag, form in self.forms.items()}

    def __call__(self, value: Any) -> Json:
        """Return a value as JSON; raises ``NoFormError`` where an object has no form."""
        if (
            value is None
            or type(value) in (bool, int, str)
            or (type(value) is float and math.isfinite(value))
        ):
            return value
        if type(value) is list:
            return [self(item) for item in value]
        if id(value) in self.objects:
            return {"node": self.objects[id(value)][0]}
        tag = self._tag_of(type(value))
        if tag is None:
            return self.put_aside(value)
        form = self.forms[tag]
        written = {tag: form.write(value, self)}
        if not form.is_node:
            return written
        self.nodes.append(written)
        self.objects[id(value)] = len(self.nodes) - 1, value  # the object stays alive, so its id stays taken
        return {"node": len(self.nodes) - 1}

    def _tag_of(self, kind: type) -> str | None:
        """Name of the form of a type, which may be that of a parent."""
        for parent in kind.__mro__:
            tag = self._tags.get(full_name(parent))
            if tag is not None and (parent is kind or self.forms[tag].subclasses):
                return tag
        return None

    def put_aside(self, value: Any) -> Json:
        """Keep an object without a form beside the document, or raise ``NoFormError``."""
        if not self.keeps_foreign:
            raise NoFormError(value)
        self.foreign.append(value)
        return {"foreign": len(self.foreign) - 1}

    def array(self, array: Array) -> int:
        """Store an array of numbers or truth values, and return its number; equal ones share a number."""
        array = np.ascontiguousarray(array).reshape(array.shape)  # the former makes arrays of no axes 1-D
        digest = hashlib.blake2b(f"{array.dtype.str}{array.shape}".encode())
        digest.update(array.tobytes())
        number = self._places.setdefault(digest.digest(), len(self.arrays))
        if number == len(self.arrays):
            self.arrays.append(array)
        return number

    def packed(self, value: Any) -> Packed:
        """Pack a value with all that it refers to."""
        root = self(value)
        document = json.dumps({"nodes": self.nodes, "root": root}, allow_nan=False, separators=(",", ":"))
        return Packed(document, tuple(self.arrays), tuple(self.foreign))


@dataclass
class Unpacker:
    """Reads what a ``Packer`` wrote; whatever is wrong with it is some kind of exception."""

    forms: Mapping[str, Form]
    arrays: Sequence[Array]
    foreign: Sequence[Any] = ()
    nodes: list[Any] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._room = max(MIN_COPIED, MAX_COPIES * sum(array.nbytes for array in self.arrays))
        self._n_values = self._n_unfolded = 0  # so far, and with every reference written out
        self._sizes: list[int] = []  # of nodes, unfolded

    def __call__(self, written: Json) -> Any:
        """Return the value that was written as this JSON."""
        self._n_values += 1
        self._n_unfolded += 1
        if isinstance(written, list):
            return [self(item) for item in written]
        if not isinstance(written, dict):
            return written
        ((tag, content),) = written.items()
        if tag == "node":
            return self._node(_index(content))
        if tag == "foreign":
            return self.foreign[_index(content)]
        return self.forms[tag].read(content, self)

    def array(self, number: int) -> Array:
        """Return a copy of a stored array, which may be written to; too many copies are a ``ValueError``."""
        array = self.arrays[_index(number)]
        self.take(array.nbytes)
        return np.array(array)

    def take(self, n_bytes: int) -> None:
        """Count memory that is taken; more than a file of this size can need is a ``ValueError``."""
        self._room -= n_bytes
        if self._room < 0:
            raise ValueError("what is read would take too much memory")

    def unpacked(self, document: str) -> Any:
        """Return the value that a document holds."""
        found = json.loads(document)
        for written in found["nodes"]:
            ((tag, _),) = written.items()
            if not self.forms[tag].is_node:
                raise ValueError(f"{tag!r} is no form of nodes")
            before = self._n_unfolded
            self.nodes.append(self(written))
            self._sizes.append(self._n_unfolded - before)
        return self(found["root"])

    def _node(self, number: int) -> Any:
        self._n_unfolded += self._sizes[number]
        if self._n_unfolded > max(MIN_UNFOLDED, MAX_UNFOLDED * self._n_values):
            raise ValueError("nodes refer to each other too often")
        return self.nodes[number]


def _index(number: Any) -> int:
    if type(number) is not int or number < 0:
        raise IndexError(f"{number!r} is no place in a list.")
    return number


def of_fields(kind: type, names: Sequence[str], caches: Sequence[str] = (), **without: Any) -> Form:
    """Return the form of a class whose constructor takes these fields.

    ``caches`` are cached properties that are kept if they have been computed; ``without`` are fields that are
    not written, with the values that they are read as.
    """

    def write(value: Any, pack: Packer) -> Json:
        kept = {name: pack(getattr(value, name)) for name in names if name not in without}
        return kept | {name: pack(vars(value)[name]) for name in caches if name in vars(value)}

    def read(content: Json, unpack: Unpacker) -> Any:
        if not set(content) <= {*names, *caches}:
            raise ValueError(f"{kind.__name__} has no {', '.join(sorted(set(content) - {*names, *caches}))}.")
        found = {name: unpack(part) for name, part in content.items()}
        value = kind(**{name: part for name, part in found.items() if name in names}, **without)
        for name in caches:
            if name in found:
                vars(value)[name] = found[name]
        return value

    return Form(kind, write, read, is_node=True)
