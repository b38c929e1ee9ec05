"""Opening the storage and the study of a search; Optuna's own messages are kept from users."""

from __future__ import annotations

import re
import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from os import PathLike, fspath
from typing import Final

import optuna
from optuna.storages import BaseStorage, InMemoryStorage, RDBStorage
from optuna.study import StudyDirection
from sqlalchemy.exc import DBAPIError, IntegrityError

from gan_oversampler.search.journal import open_journal

FINGERPRINT: Final = "fingerprint"
N_LOOKS: Final = 5  # at a database whose tables are just being created
PAUSE: Final = 0.2  # seconds between them
_SECRET: Final = re.compile(r"//[^/@]*@")

Storage = str | PathLike[str] | BaseStorage | None
"""None for memory, a path for a journal file, a URL for a database, or a storage of Optuna."""


@contextmanager
def quiet() -> Iterator[None]:
    """Hold Optuna's log back, except for errors, and put it back as it was."""
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        yield
    finally:
        optuna.logging.set_verbosity(before)


@contextmanager
def without_experimental_warnings() -> Iterator[None]:
    """Hide that Optuna calls some of its functions experimental."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        yield


def open_storage(storage: Storage) -> BaseStorage:
    """Open what a user gave as ``storage``; raises ValueError where it cannot be reached."""
    if storage is None:
        return InMemoryStorage()
    if isinstance(storage, BaseStorage):
        # Optuna keeps a cache before a database, and the same one for the study as for us.
        return optuna.storages.get_storage(storage)
    place = fspath(storage)
    try:
        if "://" in place:
            return _open_database(place)
        return open_journal(place)
    except Exception as error:  # of SQLAlchemy, a driver, the file system or a file of another kind
        raise ValueError(
            f"The storage {_SECRET.sub('//***@', place)!r} cannot be reached ({_reason(error)}). Give the"
            " path of a journal file in a folder that can be written, a URL such as 'sqlite:///search.db',"
            " or a storage of Optuna."
        ) from (None if "@" in place else error)


def _reason(error: Exception) -> str:
    return _SECRET.sub("//***@", f"{type(error).__name__}: {error}")


def _open_database(url: str) -> BaseStorage:
    """Open a database; where several processes create the tables at once, all but one have to look again."""
    for _ in range(N_LOOKS):
        try:
            return optuna.storages.get_storage(RDBStorage(url))
        except DBAPIError as error:
            if not isinstance(error, IntegrityError) and "already exists" not in str(error):
                raise
            time.sleep(PAUSE)
    return optuna.storages.get_storage(RDBStorage(url))


def open_study(storage: BaseStorage, name: str, fingerprint: Mapping[str, str]) -> optuna.Study:
    """Open or create a study that is maximised; ``fingerprint`` says what its trials are about.

    Raises ValueError if a study of this name is about something else, named by the keys of ``fingerprint``.
    """
    try:
        study = optuna.create_study(
            storage=storage, study_name=name, direction="maximize", load_if_exists=True
        )
        kept, trials = study.user_attrs.get(FINGERPRINT), study.get_trials(deepcopy=False)
    except Exception as error:  # whatever a damaged journal or database leads to
        raise ValueError(
            f"The study {name!r} cannot be read ({_reason(error)}). Give another `storage`."
        ) from error
    if kept is None and not trials:
        study.set_user_attr(FINGERPRINT, dict(fingerprint))
        return study
    if not isinstance(kept, Mapping) or study.directions != [StudyDirection.MAXIMIZE]:
        raise ValueError(
            f"The study {name!r} in this storage was not made by a search of GANs. Give another `study_name`."
        )
    different = [key for key in {**kept, **fingerprint} if kept.get(key) != fingerprint.get(key)]
    if different:
        raise ValueError(
            f"The study {name!r} in this storage has another {' and another '.join(different)}: its trials"
            " cannot be compared with new ones. Give another `study_name` or another `storage`."
        )
    return study
