"""The log of a fit: decisions of controllers, budgets that grew, scorings that failed."""

import json

import pytest

from gan_oversampler import GAN
from gan_oversampler.gans.parts import Generator
from tests.samplers import quick
from tests.tables import numbers

PLAIN = GAN(generator=Generator(widths=(8,)))
CONTROLLED = GAN(
    "classic",
    loss="bce",
    batch_size=32,
    controllers=("gap", "pacing", "ada"),
    generator=Generator(widths=(16,)),
)


def _fit(**changes):
    options = {"oracle": "energy", "max_steps": 40, "epoch_unit": 20, "patience": 5, **changes}
    return quick(**{"gan": [CONTROLLED, PLAIN], **options}).fit(*numbers())


@pytest.fixture(scope="module")
def fitted():
    return _fit(keep_candidates=True)


def test_equal_fits_have_equal_logs_in_the_order_of_the_steps(fitted):
    events = fitted.report_.events
    assert events
    assert _fit().report_.events == events
    assert {event.gan for event in events} == {"classic"}
    assert {event.member for event in events} <= {"fold 0", "fold 1", "all rows"}
    assert [event.step for event in events] == sorted(event.step for event in events)


def test_the_log_is_a_table_and_json(fitted):
    report = fitted.report_
    frame = report.events_to_frame()
    assert list(frame.columns) == ["step", "gan", "member", "controller", "decision"]
    lines = json.loads(json.dumps(report.to_dict()))["events"]
    assert [tuple(line.values()) for line in lines] == list(frame.itertuples(index=False, name=None))


def test_an_oracle_that_comes_later_reports_the_same_decisions(fitted):
    events = fitted.report_.events
    assert fitted.rescore("frechet").events == events


def _rising(fails_at=None):
    """An oracle whose scores rise; it fails at the call that is given."""
    calls = []

    def rising(real, synthetic):
        calls.append(1)
        if len(calls) == fails_at:
            raise ArithmeticError("out of mood")
        return float(len(calls))

    return rising


def test_a_scoring_that_fails_is_in_the_log():
    with pytest.warns(RuntimeWarning, match="could not score"):
        events = _fit(oracle=_rising(fails_at=11)).report_.events  # after the baselines and the start
    (failure,) = [event for event in events if event.controller == "oracle"]
    assert failure.decision == "could not score it: ArithmeticError: out of mood"
    assert failure.step == 20


def test_a_budget_that_grew_is_in_the_log():
    sampler = _fit(oracle=_rising(), growth=0.5, gan=PLAIN)
    assert [event.step for event in sampler.report_.events if event.controller == "growth"] == [40]
    assert sampler.history_["step"].max() == 60


def test_without_an_oracle_no_budget_grows():
    assert _fit(oracle=None, growth=0.5, gan=PLAIN).history_["step"].max() == 40
