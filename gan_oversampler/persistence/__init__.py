"""Persistence: fitted samplers as files, and as the state that pickle, joblib and skops store.

Here live the forms in which values are written as JSON and arrays, the list of classes that a file may hold,
and the file itself. Nothing here may import or call what a file names: every form is listed. Start at
``saving.py``, then at ``packing.py`` and ``files.py``.
"""

from gan_oversampler.persistence.files import SavedFileError, contents

__all__ = ["SavedFileError", "contents"]
