"""All forms together: what a saved sampler may hold."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from gan_oversampler.persistence.arrays import ARRAYS
from gan_oversampler.persistence.classes import CLASSES
from gan_oversampler.persistence.packing import Form, NotInFile, of_fields
from gan_oversampler.persistence.tables import TABLES
from gan_oversampler.persistence.values import VALUES

FORMS: Final[Mapping[str, Form]] = MappingProxyType(
    {**VALUES, **ARRAYS, **TABLES, **CLASSES, "NotInFile": of_fields(NotInFile, ["text"])}
)
