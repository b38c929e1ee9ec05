"""Persistence: fitted samplers as files, and as the state that pickle, joblib and skops store.

Here live the forms in which values are written as JSON and arrays, the list of classes that a file may hold,
the file itself, and trainings as files that they go on from. Nothing here may import or call what a file
names: every form is listed. Start at ``saving.py``, then at ``packing.py`` and ``files.py``.
"""

from typing import Any

from gan_oversampler.persistence.files import SavedFileError, contents

__all__ = ["SavedFileError", "contents", "snapshots"]


def __getattr__(name: str) -> Any:
    if name != "snapshots":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from gan_oversampler.persistence.checkpoints import snapshots  # knows every class, which takes time

    return snapshots
