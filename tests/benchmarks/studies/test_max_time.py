"""The study of ``max_time`` tells how long fits took, and what became of them."""

from benchmarks.studies import max_time


def test_a_fit_is_measured_beside_its_limit():
    found = max_time.measure(120, 8, 1e4, max_steps=2, oracle="energy")
    assert (found["rows"], found["columns"], found["steps"]) == (120, 8, 2)
    assert found["ratio"] == found["seconds"] / 1e4
    assert not found["brief"]
    assert not found["warned"]


def test_a_limit_that_is_too_short_is_seen():
    found = max_time.measure(120, 8, 1e-6, oracle="energy")
    assert found["steps"] == 0
    assert found["brief"]
    assert found["warned"]
