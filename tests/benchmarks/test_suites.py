"""Suites choose tables, or tell where to get them."""

import pytest

from benchmarks import run, suites
from benchmarks.tables import DATA_VARIABLE


@pytest.mark.parametrize("suite", ["keel", "autogan", "mixed", "images"])
def test_suites_of_shared_tables_offer_the_embedded_ones_where_they_are_missing(suite, monkeypatch):
    monkeypatch.delenv(DATA_VARIABLE, raising=False)
    with pytest.raises(SystemExit, match=rf"{suite}: .*--data-dir.*wine-third"):
        run.main([suite])


@pytest.mark.parametrize(("what", "value"), [("rows", 300), ("columns", 30), ("minority", 10)])
def test_made_tables_have_the_size_asked_for(what, value):
    table = suites.made(what, value)
    size = {"rows": len(table.y), "columns": table.X.shape[1], "minority": table.n_minority}
    assert size == {**suites.TYPICAL, what: value}
