"""What a sampler keeps when it is saved, pickled or copied: in files some parameters or rows less."""

from __future__ import annotations

import operator
import os
from collections.abc import Callable, Mapping, Sequence
from os import PathLike
from typing import Any, ClassVar, Final, TypeVar

from sklearn.utils.validation import check_is_fitted

from gan_oversampler._utils import single_threaded, text_of, warn_user
from gan_oversampler.constraints import Constraint, Relation, described
from gan_oversampler.persistence.files import FORMAT_VERSION, NEWER, SavedFileError, read, write
from gan_oversampler.persistence.packing import Form, NoFormError, NotInFile, Packer, Unpacker

N_TRIED: Final = 64  # rows of a class that are drawn when a file is read
DOCUMENT: Final = "document"  # key of states that were packed


class SaveMixin:
    """Saving of a fitted sampler: ``save`` writes a file, ``__getstate__`` the same content for pickle.

    The state of a fitted sampler is one JSON text and a list of NumPy arrays. So joblib and skops store it,
    too, and skops need not trust any type but the sampler's own.
    """

    _fitted: Any  # what it draws with, a dataclass
    _fitted_type: ClassVar[type]  # that dataclass
    report_: Any
    reports_: dict[str, Any]
    sampling_strategy_: Any
    _n_samplings: int
    get_params: Callable[..., dict[str, Any]]

    def save(self, path: str | PathLike[str], *, rows: bool = True) -> None:
        """Write the fitted sampler to a file, from which ``gan_oversampler.load`` reads it.

        The file is in the safetensors format: arrays, a JSON text, a format version and a digest; no pickle.
        It is written under another name, synced and renamed, so it is whole or not there.

        Rows of other classes, such as the majority, are in it only where drawing needs them. Guided
        generators, the default, do: they move rows a little toward rows of any class. With
        ``gan=GAN("guided", mixing="own_class")`` there are none. Policies with ``filter`` or ``border`` and
        the base ``translation`` need some, ``keep_candidates=True`` keeps the whole table.
        :func:`gan_oversampler.persistence.contents` tells what is in a file. Copies and pickles also keep
        the sample of other classes that pictures of the report show. Every row of the table leaves a 64-bit
        key, so that new rows equal none: it gives no row away, but who guesses a row can check the guess.

        Parameters
        ----------
        path : str or path
            Where to; a file that is there is replaced.
        rows : bool, default=True
            Whether the file may hold real rows: those that drawing needs, and the sample of the oversampled
            classes in the report. False leaves all of them out, the keys, and the report's pictures and
            fidelity with them, so new rows may equal real ones. Only generators that start from noise,
            ``GAN("classic")``, without a policy need none.

        Warns
        -----
        UserWarning
            If parameters are objects that are no plain values, such as a function as ``oracle`` or a splitter
            as ``cv``. They are left out, as drawing needs none; after loading, set them before a new fit.

        Raises
        ------
        NotFittedError
            Before ``fit``.
        ValueError
            If ``constraints`` holds functions, which new rows are checked by; or with ``rows=False``, if the
            kept generators need real rows.

        See Also
        --------
        gan_oversampler.load : Reads the file; its example saves one.
        """
        from gan_oversampler.persistence.real_rows import (
            count_real_rows,
            without_other_classes,
            without_real_rows,
        )
        from gan_oversampler.reporting.facts import versions

        check_is_fitted(self, "report_")
        _refuse_functions(self._fitted.encoder.relations.constraints)
        state = self._state()
        for name in ("_metadata_request", "_skl_callbacks"):  # routing of pipelines, and `set_callbacks`
            state.pop(name, None)
        parameters = written_parameters({name: state[name] for name in self.get_params(deep=False)})
        left_out = [name for name, value in parameters.items() if value is not state[name]]
        state |= parameters
        state = without_other_classes(state) if rows else without_real_rows(state)
        told = {"gan_oversampler": versions()["gan_oversampler"], "real_rows": count_real_rows(state)}
        told["new_rows"] = {str(label): int(n) for label, n in state["sampling_strategy_"].items()}
        write(path, Packer(_forms(), keeps_foreign=False).packed(state), told)
        if left_out:
            warn_user(
                f"The file does not hold {', '.join(left_out)}: only plain values and objects of this package"
                " can be written. Rows can be drawn all the same; set them before a new fit."
            )

    def __getstate__(self) -> dict[str, Any]:
        if "_fitted" not in vars(self):
            return dict(vars(self))
        packed = Packer(_forms(), keeps_foreign=True).packed(self._state())
        found = {DOCUMENT: packed.document, "arrays": list(packed.arrays), "foreign": list(packed.foreign)}
        return {"format_version": FORMAT_VERSION, **found}

    def __setstate__(self, state: dict[str, Any]) -> None:
        if DOCUMENT in state:
            if state["format_version"] > FORMAT_VERSION:
                raise SavedFileError(f"The sampler was pickled in a newer format. {NEWER}")
            state = Unpacker(_forms(), state["arrays"], state["foreign"]).unpacked(state[DOCUMENT])
            self._set(state)
        else:
            vars(self).update(state)

    def _state(self) -> dict[str, Any]:
        """All attributes of the fitted sampler, with the real rows that drawing needs."""
        from gan_oversampler.persistence.real_rows import without_unneeded_rows  # needs torch

        return without_unneeded_rows({**vars(self), "_fitted": vars(self._fitted)})

    def _set(self, state: dict[str, Any]) -> None:
        vars(self).update({**state, "_fitted": self._fitted_type(**state["_fitted"])})


Sampler = TypeVar("Sampler", bound=SaveMixin)


def loaded(kind: type[Sampler], path: str | PathLike[str]) -> Sampler:
    """Read a sampler of a class from a file; raises ``SavedFileError`` where that is not possible."""
    sampler = kind()  # parameters that are newer than the file have their defaults

    def set_state(document: str, arrays: Sequence[Any]) -> None:
        state = Unpacker(_forms(), arrays).unpacked(document)
        if "progress" in state:
            raise SavedFileError(
                f"{os.fspath(path)!r} is a checkpoint. Give `snapshot`, a row of"
                " gan_oversampler.persistence.snapshots(path)."
            )
        sampler._set(state)
        try_out(sampler)

    read(path, set_state)
    return sampler


def try_out(sampler: SaveMixin) -> None:
    """Draw some rows of every class and write the reports, so that what does not fit together shows at once.

    Whoever forges a file can compute its digest, too. What is raised may be any exception.
    """
    from gan_oversampler.encoding.containers import read_table
    from gan_oversampler.sampling.copies import CopyReplacement, CopyTally
    from gan_oversampler.sampling.sources import Redrawing, draw_classes

    fitted, target, streams = sampler._fitted, sampler._fitted.target, sampler._fitted.streams.child("try")
    drawable = [code for code in fitted.oversampled if target.counts[code] > 1]
    codes = {target.code_to_draw(target.names[code], drawable): N_TRIED for code in drawable}
    for outcome in (fitted.fit.first, *fitted.fit.outcomes.values()):
        with single_threaded():
            drawn = draw_classes(outcome.source, codes, streams, fitted.encoder.layout.width)
        again = Redrawing(outcome.source, drawn.codes, drawn.seed_indices, streams)
        revise = CopyReplacement(fitted.encoder, again, streams.child("copies"), CopyTally())
        table = fitted.encoder.decode(drawn.rows, streams.numpy("decode"), drawn.codes, revise=revise)
        cells = read_table(table)[1]
        fitted.encoder.relations.holds(cells, table), fitted.encoder.relations.in_range(cells)
        if drawn.seed_indices.shape != drawn.codes.shape:
            raise ValueError("rows without seeds")
    for report in (sampler.report_, *sampler.reports_.values()):
        report.to_dict(), str(report)
    for label in sampler.sampling_strategy_:
        target.code_of(label)
    operator.index(sampler._n_samplings)


def written_parameters(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters as a file holds them: objects that are no plain values are left out, with their text."""
    return {n: value if _has_form(value) else NotInFile(text_of(value)) for n, value in parameters.items()}


def _forms() -> Mapping[str, Form]:
    """All forms; these know every class, also those that a default fit does without."""
    from gan_oversampler.persistence.forms import FORMS

    return FORMS


def _has_form(value: Any) -> bool:
    try:
        Packer(_forms(), keeps_foreign=False)(value)
    except NoFormError:
        return False
    return True


def _refuse_functions(constraints: Sequence[Constraint]) -> None:
    functions = [described(rule) for rule in constraints if not isinstance(rule, Relation)]
    if functions:
        raise ValueError(
            f"A file cannot hold functions, but new rows are checked by those in `constraints`: {functions}."
            " Express them as Order, Sum, OneOf or Between, or keep the sampler by joblib.dump."
        )
