"""All forms together: what a saved sampler may hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from gan_oversampler.persistence.arrays import ARRAYS
from gan_oversampler.persistence.classes import CLASSES
from gan_oversampler.persistence.packing import Form, of_fields
from gan_oversampler.persistence.tables import TABLES
from gan_oversampler.persistence.values import VALUES


@dataclass(frozen=True)
class NotInFile:
    """Stands for a parameter that a file does not hold, and that a fit refuses.

    >>> NotInFile("KFold()")
    <not in the file: KFold()>
    """

    text: str  # the parameter as Python prints it

    def __repr__(self) -> str:
        return f"<not in the file: {self.text}>"


FORMS: Final[Mapping[str, Form]] = MappingProxyType(
    {**VALUES, **ARRAYS, **TABLES, **CLASSES, "NotInFile": of_fields(NotInFile, ["text"])}
)
