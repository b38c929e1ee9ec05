"""Which real rows a stored sampler holds: those that drawing needs, and none where it needs none."""

import pickle
import struct

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

from gan_oversampler import GAN, Policy, load
from gan_oversampler.gans.parts import Generator
from gan_oversampler.persistence import contents
from gan_oversampler.sampling.base_samplers import BASES
from tests.samplers import FAST, GUIDED, UNTRAINED, quick
from tests.tables import numbers

CLASSIC = GAN("classic", generator=Generator(widths=(16,)))
OWN_CLASS = clone(GUIDED).set_params(mixing="own_class")
FAST_FOR_ALL = clone(FAST).set_params(classes="all")


def kept(tmp_path, X, y, *, rows=True, **changes):
    """A sampler, and the real rows of its file by purpose, without those of the report."""
    sampler = quick(**{"baselines": (), "oracle": None, **changes}).fit(X, y)
    sampler.save(tmp_path / "file", rows=rows)
    found = contents(tmp_path / "file")["real_rows"]
    assert ("sample in the report" in found) == rows
    return sampler, {purpose: n for purpose, n in found.items() if purpose != "sample in the report"}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"gan": UNTRAINED}, {"seeds of new rows": {"1": 24}}),
        ({"gan": FAST, "rejection": True}, {"seeds of new rows": {"1": 24}}),
        (
            {"gan": GAN(base="translation", loss_weights={})},
            {"seeds of new rows": {"1": 24}, "neighbours of other classes": {"1": 24 * 5}},
        ),
        (
            {"gan": GUIDED},
            {"seeds of new rows": {"1": 24}, "partners that rows mix with": {"0": 66, "1": 24}},
        ),
        (
            {"gan": OWN_CLASS},
            {"seeds of new rows": {"1": 24}, "partners that rows mix with": {"1": 24}},
        ),
        ({"gan": FAST_FOR_ALL}, {"seeds of new rows": {"1": 24}}),
        ({"gan": CLASSIC}, {}),
        (
            {"gan": CLASSIC, "policy": Policy(spread=0.5)},
            {"rows that distances are measured to": {"1": 24}},
        ),
        (
            {"gan": CLASSIC, "policy": Policy(filter=0.5)},
            {"rows that distances are measured to": {"0": 66, "1": 24}},
        ),
        (
            {"gan": UNTRAINED, "keep_candidates": True, "oracle": "energy"},
            {"seeds of new rows": {"1": 24}, "whole table, for rescore": {"0": 66, "1": 24}},
        ),
    ],
    ids=[
        "base",
        "residual",
        "translation",
        "guided",
        "own class",
        "all classes",
        "classic",
        "policy",
        "filter",
        "candidates",
    ],
)
def test_files_hold_the_rows_that_drawing_needs_and_say_so(tmp_path, changes, expected):
    X, y = numbers()
    sampler, found = kept(tmp_path, X, y, **changes)
    assert found == expected
    drawn = load(tmp_path / "file").sample(9)
    np.testing.assert_array_equal(drawn, sampler.sample(9))


NEEDS_ITS_OWN_CLASS = {
    "own class": {"gan": OWN_CLASS, "oracle": ["f1", "energy"], "rejection": True},
    "all classes": {"gan": FAST_FOR_ALL, "policy": Policy(spread=0.5)},
    "base": {"gan": UNTRAINED},
}


@pytest.mark.parametrize("name", NEEDS_ITS_OWN_CLASS)
def test_no_row_of_the_majority_is_in_a_file(tmp_path, name):
    X, y = numbers()
    sampler = quick(**NEEDS_ITS_OWN_CLASS[name]).fit(X, y)
    sampler.save(tmp_path / "file")
    assert {label for of in contents(tmp_path / "file")["real_rows"].values() for label in of} == {"1"}
    data = (tmp_path / "file").read_bytes()
    encoded, majority = sampler._fitted.encoder.encode(X), y == 0
    assert encoded[~majority][0].tobytes() in data
    for row in np.r_[encoded, X.astype(np.float32)][np.r_[majority, majority]]:
        assert row.tobytes() not in data
    inner = np.sort(X, axis=0)[1:-1]  # the ends of its range are known of every column
    hidden = np.setdiff1d(inner, X[~majority])
    assert not any(struct.pack("<d", value) in data for value in hidden)


def test_figures_of_a_report_outlive_rows_of_other_classes(tmp_path):
    X, y = numbers()
    sampler = quick(gan=UNTRAINED, oracle="energy").fit(X, y)
    sampler.save(tmp_path / "file")
    evidence, copy = sampler.report_.evidence, load(tmp_path / "file").report_.evidence
    pd.testing.assert_frame_equal(copy.metrics, evidence.metrics)
    assert copy.fidelity == evidence.fidelity
    pd.testing.assert_frame_equal(copy.real_table(1), evidence.real_table(1))
    pd.testing.assert_frame_equal(copy.new_table(1), evidence.new_table(1))
    assert len(evidence.real_table(1, others=True)) > 0 == len(copy.real_table(1, others=True))
    load(tmp_path / "file").report_.to_html(tmp_path / "page.html")  # pictures can do without these rows
    assert "classifier two-sample test" in (tmp_path / "page.html").read_text(encoding="utf-8")


def test_without_rows_no_row_is_in_the_file(tmp_path):
    X, y = numbers()
    sampler, found = kept(tmp_path, X, y, rows=False, gan=CLASSIC, oracle="energy", keep_candidates=True)
    assert not found
    data = (tmp_path / "file").read_bytes()
    encoded = sampler._fitted.encoder.encode(X)
    for row in np.r_[encoded, X.astype(np.float32)]:
        assert row.tobytes() not in data
    inner = np.sort(X, axis=0)[1:-1]  # the ends of its range are known of every column
    assert not any(struct.pack("<d", value) in data for value in inner.ravel())
    copy = load(tmp_path / "file")
    np.testing.assert_array_equal(copy.sample(9), sampler.sample(9))
    assert copy.report_.evidence is None
    assert str(copy.report_.entries) == str(sampler.report_.entries)
    assert copy.report_ is copy.reports_["energy"]
    assert str(copy.report_)
    with pytest.raises(ValueError, match="no candidates to score again"):
        copy.rescore("f1")
    assert sampler.report_.evidence is not None  # the sampler itself keeps all


@pytest.mark.parametrize(
    "changes",
    [{"gan": UNTRAINED}, {"gan": FAST}, {"gan": GUIDED}, {"gan": CLASSIC, "policy": Policy(spread=0.5)}],
    ids=["base", "residual", "guided", "policy"],
)
def test_generators_that_need_rows_are_not_saved_without(tmp_path, changes):
    X, y = numbers()
    with pytest.raises(ValueError, match=r"rows=False is not possible: .* Save with rows=True"):
        kept(tmp_path, X, y, rows=False, **changes)
    assert not list(tmp_path.iterdir())


def test_a_class_that_is_too_small_to_be_learned_needs_its_rows(tmp_path):
    X, y = numbers()
    y[:5] = 2
    sampler, found = kept(tmp_path, X, y, gan=CLASSIC)
    assert found == {"seeds of new rows": {"2": 5}}
    np.testing.assert_array_equal(load(tmp_path / "file").sample(4, y=2), sampler.sample(4, y=2))


def test_sources_that_share_rows_share_them_after_loading(tmp_path):
    X, y = numbers()
    sampler = quick(gan=GAN("guided", replicas=3, generator=Generator(widths=(8,))), oracle=None).fit(X, y)
    sampler.save(tmp_path / "file")
    sources = load(tmp_path / "file")._fitted.fit.first.source.sources
    assert len({id(source.data) for source in sources}) == len({id(s.data) for s in _sources(sampler)})


def _sources(sampler):
    return sampler._fitted.fit.first.source.sources


@pytest.mark.parametrize("name", BASES)
def test_bases_draw_the_same_from_the_rows_that_they_are_left(tmp_path, name):
    X, y = numbers()
    sampler, _ = kept(tmp_path, X, y, gan=GAN(base=name, loss_weights={}))
    np.testing.assert_array_equal(load(tmp_path / "file").sample(9), sampler.sample(9))


def test_columns_that_are_all_constant_can_be_saved(tmp_path):
    X, y = np.ones((20, 2)), np.repeat([0, 1], [14, 6])
    sampler = quick(oracle=None).fit(X, y)
    sampler.save(tmp_path / "file")
    assert contents(tmp_path / "file")["real_rows"] == {"seeds of new rows": {"1": 6}}
    np.testing.assert_array_equal(load(tmp_path / "file").sample(3), sampler.sample(3))


FAMILIES = {
    **{name: {"gan": GAN(base=name, loss_weights={})} for name in BASES},
    "residual": {"gan": FAST},
    "guided": {"gan": GUIDED},
    "own class": {"gan": OWN_CLASS},
    "classic": {"gan": CLASSIC},
    "mixture": {"gan": [CLASSIC, FAST, GUIDED], "oracle": "energy"},
    "policy": {"gan": GUIDED, "policy": Policy(spread=0.5, border=1.0), "rejection": True},
    "copies": {"gan": CLASSIC, "policy": Policy(spread=0.0)},
}


@pytest.mark.parametrize("name", FAMILIES)
def test_conditions_can_be_asked_of_every_family_after_storage(name):
    X, y = numbers()
    sampler = quick(**{"baselines": (), "oracle": None, **FAMILIES[name]}).fit(X, y)
    copy = pickle.loads(pickle.dumps(sampler))
    for given in ({0: (0.0, 1.5)}, {0: (0.0, 1.5), 1: (0.5, 2.0)}):
        found, expected = (s.sample(15, given=given, random_state=0) for s in (copy, sampler))
        for column, (low, high) in given.items():
            assert ((found[:, column] >= low) & (found[:, column] <= high)).all()
        if name != "classic":  # it keeps no row that cells could be moved toward
            np.testing.assert_array_equal(found, expected)


def test_what_no_row_from_noise_can_be_is_refused_after_storage():
    X, y = numbers()
    copy = pickle.loads(pickle.dumps(quick(gan=CLASSIC, oracle=None).fit(X, y)))
    with pytest.raises(ValueError, match="real rows of the class were not stored"):
        copy.sample(5, given={0: (500, 600)})


def test_without_rows_a_file_tells_no_weight_group_place_or_label_of_any(tmp_path):
    X, y = numbers()
    patients = [f"patient{i:03}" for i in range(len(X))]
    frame = pd.DataFrame(X, index=pd.MultiIndex.from_arrays([patients, range(len(X))]))
    frame.columns = list("abcd")
    weights = np.random.default_rng(0).uniform(0.5, 2, len(X))
    sampler = quick(gan=CLASSIC, oracle=None)
    sampler.fit(frame, y, sample_weight=weights, groups=np.arange(len(X)) // 2)
    sampler.save(tmp_path / "file", rows=False)
    stored = (tmp_path / "file").read_bytes()
    assert not any(name.encode() in stored for name in patients)
    data = load(tmp_path / "file")._fitted.fit.first.source.data
    assert data.weights is data.groups is None
    assert not data.positions
