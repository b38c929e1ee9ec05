"""The file that a training is written to after every evaluation round, and goes on from if it was killed."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any, Final, TypeVar

import numpy as np
import pandas as pd

from gan_oversampler._utils import Streams, text_of
from gan_oversampler._writing import remove_leftovers
from gan_oversampler.constraints import Relation
from gan_oversampler.encoding.labels import Target
from gan_oversampler.encoding.table_encoder import TableEncoder
from gan_oversampler.outcomes import Outcome
from gan_oversampler.persistence.files import SavedFileError, explained, read, write
from gan_oversampler.persistence.forms import FORMS
from gan_oversampler.persistence.packing import Packer, Unpacker
from gan_oversampler.persistence.saving import SaveMixin, try_out, written_parameters
from gan_oversampler.progress import Progress
from gan_oversampler.reporting.facts import versions
from gan_oversampler.reporting.report import Report
from gan_oversampler.selection.candidate_sources import generator_sources
from gan_oversampler.workflow import Fit

OF_COLUMNS: Final = ("n_features_in_", "feature_names_in_")  # attributes that are known before training
# Parameters that may change from one process to the next: training does not depend on them.
FREE: Final = frozenset(
    {
        *("baselines", "callbacks", "checkpoint", "fallback", "keep_candidates", "n_jobs", "policy"),
        *("random_state", "rejection", "verbose", "warm_start"),
    }
)


@dataclass
class Checkpoint:
    """The checkpoint of one fit, as a file."""

    path: Path
    fit: dict[str, str]  # digests of all that a training depends on, by name
    streams: Streams  # root of all randomness
    sampler: dict[str, Any]  # attributes of the samplers that ``load`` makes of snapshots
    found: Progress | None = None  # of an earlier process, which is to be gone on from

    @classmethod
    def of(
        cls,
        sampler: Any,
        data: Mapping[str, Any],
        encoder: TableEncoder,
        target: Target,
        n_new: Mapping[int, int],
    ) -> Checkpoint | None:
        """Make the checkpoint of a fit, and read what its file holds where ``warm_start`` asks for that.

        ``data`` is all that the fit was given, by names for messages; ``n_new`` counts the rows to draw by
        class code. Without a path there is none. Raises ``ValueError`` if the file is of another fit or
        cannot be read, or if there can be no checkpoint; ``FileNotFoundError`` if its folder is missing.
        """
        if sampler.checkpoint is None:
            if sampler.warm_start:
                raise ValueError("warm_start=True goes on from a file: give its path as `checkpoint`.")
            return None
        path = Path(os.path.realpath(sampler.checkpoint))
        _check(path, encoder)
        parameters = sampler.get_params(deep=False)
        trained_by = {name: value for name, value in parameters.items() if name not in FREE}
        fit = {"version": versions()["gan_oversampler"]}
        fit |= {name: _digest(value) for name, value in {**data, **trained_by}.items()}
        fitted = {"encoder": encoder, "target": target.without_rows(), "n_new": dict(n_new)}
        kept = {**written_parameters(parameters), "_fitted": fitted}
        kept |= {name: vars(sampler)[name] for name in OF_COLUMNS if name in vars(sampler)}
        streams = Streams.of(sampler.random_state)
        checkpoint = cls(path, fit, streams, kept)
        if sampler.warm_start and path.exists():
            checkpoint._go_on(any_seed=sampler.random_state is None)
        remove_leftovers(path)
        return checkpoint

    def write(self, progress: Progress) -> None:
        """Replace the file by one that holds this progress; it is never seen half written."""
        document = {**self._document, "progress": progress}
        counts = next(iter(progress.data.by_classes.values()))[None].rows
        names = self.sampler["_fitted"]["target"].names
        told = {"gan_oversampler": self.fit["version"], "step": progress.step}
        told["real_rows"] = {"whole table, encoded": {str(names[c]): len(r) for c, r in counts.items()}}
        told["new_rows"] = {str(names[code]): n for code, n in self.sampler["_fitted"]["n_new"].items()}
        write(self.path, Packer(FORMS, keeps_foreign=False).packed(document), told)

    @property
    def _document(self) -> dict[str, Any]:
        return {"fit": self.fit, "streams": self.streams, "sampler": self.sampler}

    def _go_on(self, *, any_seed: bool) -> None:
        document = _read(self.path)
        there, names = document["fit"], {*document["fit"], *self.fit}
        differing = sorted(name for name in names if there.get(name) != self.fit.get(name))
        if document["streams"] != self.streams and not any_seed:
            differing.append("random_state")
        if differing:
            raise ValueError(
                f"The checkpoint {os.fspath(self.path)!r} is of another fit: {', '.join(differing)} differ."
                " Give that fit, another path, or warm_start=False, which begins anew and replaces the file."
            )
        self.streams, self.found = document["streams"], document["progress"]


def snapshots(path: str | PathLike[str]) -> pd.DataFrame:
    """List what a checkpoint holds: every generator that was scored so far, also while the fit still runs.

    Parameters
    ----------
    path : str or path
        The file that was given to ``GANOversampler(checkpoint=path)``.

    Returns
    -------
    snapshots : DataFrame
        One row per scored candidate: step, name of the GAN, score by the first oracle, and what else
        ``history_`` tells. ``gan_oversampler.load(path, snapshot=i)`` draws from that of row i.

    Raises
    ------
    SavedFileError
        A ``ValueError``: the file is no checkpoint, or it is damaged.

    Examples
    --------
    >>> import tempfile
    >>> from sklearn.datasets import make_classification
    >>> from gan_oversampler import GANOversampler, load
    >>> X, y = make_classification(60, weights=[0.7], random_state=0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = f"{folder}/training"
    ...     sampler = GANOversampler(max_steps=0, random_state=0, checkpoint=path).fit(X, y)
    ...     found = snapshots(path)
    ...     rows = load(path, snapshot=1).sample(5)
    >>> found["step"].tolist(), rows.shape
    ([0, 0, 0, 0, 0, 0], (5, 20))
    """
    document = _read(path)
    with explained(path):
        history = document["progress"].tracked[0].history
        if not isinstance(history, pd.DataFrame):
            raise TypeError("a history that is no table")
    return history


Sampler = TypeVar("Sampler", bound=SaveMixin)


def loaded_snapshot(kind: type[Sampler], path: str | PathLike[str], number: int) -> Sampler:
    """Make a sampler of a class that draws from one snapshot of a checkpoint, a row of ``snapshots``."""
    document = _read(path)
    with explained(path):
        n_scored = len(document["progress"].tracked[0].scored)
    if number not in range(n_scored):
        raise ValueError(f"There are snapshots 0 to {n_scored - 1}. Got snapshot={number!r}.")
    with explained(path):
        sampler = kind()
        sampler._set(_drawing_from(document, number))
        try_out(sampler)
    return sampler


def _drawing_from(document: Mapping[str, Any], number: int) -> dict[str, Any]:
    """State of a sampler that draws from one snapshot of a checkpoint."""
    progress, attributes = document["progress"], document["sampler"]
    tracked, fitted = progress.tracked[0], dict(attributes["_fitted"])
    candidate, n_new = tracked.scored[number].candidate, fitted.pop("n_new")
    source = generator_sources(progress.gans, [candidate], progress.data, 0).full
    name = progress.gans[candidate.specification].label_at(candidate.step)
    report = Report(
        "none", name, f"snapshot {number} of a checkpoint", history=tracked.history, events=progress.events
    )
    fit = Fit({"snapshot": Outcome(source, report, n_new)})
    target = fitted["target"]
    return {
        **attributes,
        "_fitted": {**fitted, "streams": document["streams"], "oversampled": tuple(n_new), "fit": fit},
        "report_": report,
        "reports_": {"snapshot": report},
        "history_": report.history,
        "fallback_": None,
        "sampling_strategy_": {target.names[code]: n for code, n in n_new.items()},
        "classes_": np.sort(target.classes),
        "_n_samplings": 0,
    }


def _read(path: str | PathLike[str]) -> dict[str, Any]:
    def unpacked(document: str, arrays: Any) -> dict[str, Any]:
        found: dict[str, Any] = Unpacker(FORMS, arrays).unpacked(document)
        if not isinstance(found.get("progress"), Progress):
            raise SavedFileError(f"{os.fspath(path)!r} is no checkpoint. Give a file of `checkpoint=path`.")
        return found

    found: dict[str, Any] = read(path, unpacked)
    return found


def _check(path: Path, encoder: TableEncoder) -> None:
    if not path.parent.is_dir():
        raise FileNotFoundError(f"There is no folder {os.fspath(path.parent)!r} for the checkpoint. Make it.")
    functions = [rule for rule in encoder.relations.constraints if not isinstance(rule, Relation)]
    if functions:
        raise ValueError(
            f"A checkpoint cannot hold functions, which new rows are checked by: constraints {functions}."
            " Express them as Order, Sum, OneOf or Between, or set checkpoint=None."
        )


def _digest(value: Any) -> str:
    """Digest of what a fit was given; of objects without a form, such as functions, of their text."""
    packed = Packer(FORMS, keeps_foreign=True).packed(value)
    digest = hashlib.blake2b("\x1f".join([packed.document, *map(text_of, packed.foreign)]).encode())
    for array in packed.arrays:
        digest.update(f"{array.dtype.str}{array.shape}".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()[:32]
