"""The list of classes that a file may hold: complete, and nothing beside it."""

import importlib
import inspect
import pkgutil
from dataclasses import fields, is_dataclass

import numpy as np
import pytest

import gan_oversampler
from gan_oversampler.encoding.dataset import Rows
from gan_oversampler.encoding.layout import Block, Layout
from gan_oversampler.encoding.row_space import RowSpace
from gan_oversampler.persistence.classes import CLASSES, MAX_WIDTH
from gan_oversampler.persistence.forms import FORMS
from gan_oversampler.persistence.packing import NoFormError, full_name
from tests.stored import through

ROOMS = (
    "constraints",
    "encoding",
    "nn",
    "outcomes",
    "reporting.facts",
    "reporting.evidence",
    "sampling",
    "workflow",
)
# Dataclasses of these rooms that live while something is drawn or shown, or are entries of registries.
PASSING = {
    # Parents, critics, parts of shapes.
    *("Autoencoder", "BaseGenerator", "Convolutional", "Derived", "Encoder", "Layered"),
    *("Start", "Supernet"),
    *(
        "Condition",
        "ConditionalSource",
        "CopyReplacement",
        "CopyTally",
        "ProposalSearch",
        "Redrawing",
        "Drawn",
        "DrawnClasses",
        "OnDemand",
        "_PlainColumns",
        "SharedSearch",
        "GuidedStart",
        "Mode",
        "StartNumbers",
        "View",
        "OnDemand",
        "_Check",
        "_PlainColumns",
        "SharedSearch",
    ),
    *("Base", "EvidenceMetric", "Found", "Orders", "Sums", "Law", "Layer", "ReportFacts", "Result"),
}


def modules():
    for found in pkgutil.walk_packages(gan_oversampler.__path__, "gan_oversampler."):
        if found.name.removeprefix("gan_oversampler.").startswith(ROOMS):
            yield importlib.import_module(found.name)


def dataclasses():
    for module in modules():
        for name, value in vars(module).items():
            if inspect.isclass(value) and is_dataclass(value) and value.__module__ == module.__name__:
                yield name, value


def test_every_class_that_a_sampler_keeps_has_a_form():
    known = {form.name_of_kind for form in FORMS.values()}
    found = dict(dataclasses())
    missing = {name for name, kind in found.items() if full_name(kind) not in known} - PASSING
    assert not missing, f"give {missing} a place in persistence/classes.py, or in PASSING of this test"
    assert found.keys() >= {"Cells", "Snapshot", "Outcome"}


def test_names_of_forms_are_those_of_one_class_each():
    kinds = [form.name_of_kind for form in FORMS.values()]
    assert len(set(kinds)) == len(kinds)
    assert not {"node", "foreign"} & FORMS.keys()  # these refer to something


def test_constructors_take_what_is_written():
    for name, form in CLASSES.items():
        if is_dataclass(form.kind):
            assert all(part.init for part in fields(form.kind)), name


def test_rows_that_lead_to_something_unknown_are_not_written():
    rows = Rows(np.eye(2), np.array([0, 1]), np.array(["a", "b"]), frames=lambda *parts: None)
    with pytest.raises(NoFormError):
        through(rows)


def unbuilt_space(layout):
    """A space that was never built, as in a forged file."""
    space = RowSpace.__new__(RowSpace)
    space.layout = layout
    return space


def test_huge_layouts_are_refused_before_anything_grows_with_them():
    with pytest.raises(ValueError, match="encoded columns are not read"):
        through(unbuilt_space(Layout((Block("a", 0, MAX_WIDTH + 1, None),))))


def test_rows_keep_their_weights_and_groups():
    parts = {"weights": np.array([0.5, 1.5]), "groups": np.array([3, 0])}
    found = through(Rows(np.eye(2), np.array([0, 1]), np.array(["a", "b"]), **parts))
    for name, expected in parts.items():
        np.testing.assert_array_equal(getattr(found, name), expected)
