"""The log of a fit: decisions of controllers, rollbacks, budgets that grew, scorings that failed."""

import json

import pytest

from gan_oversampler import GAN, GANOversampler
from gan_oversampler.gans.parts import Generator
from tests.tables import numbers


def _fit(**options):
    gan = GAN(
        "classic",
        loss="bce",
        batch_size=32,
        controllers=("gap", "pacing", "ada"),
        generator=Generator(widths=(16,)),
    )
    settings = {
        "gan": [gan, GAN(generator=Generator(widths=(8,)))],
        "oracle": "energy",
        "cv": 2,
        "random_state": 0,
    }
    settings |= {"max_steps": 40, "epoch_unit": 20, "patience": 5, **options}
    return GANOversampler(**settings).fit(*numbers())


@pytest.fixture(scope="module")
def fitted():
    return _fit(keep_candidates=True)


def test_equal_fits_have_equal_logs(fitted):
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


def test_scorings_that_fail_are_in_the_log():
    def moody(real, synthetic):
        raise ArithmeticError("no mood")

    with (
        pytest.warns(RuntimeWarning, match="could not score"),
        pytest.raises(ValueError, match="No candidate"),
    ):
        _fit(oracle=moody)
    calls = []

    def rarely(real, synthetic):
        calls.append(1)
        if len(calls) == 11:  # after the baselines and the start
            raise ArithmeticError("no mood")
        return float(len(calls))

    with pytest.warns(RuntimeWarning, match="could not score"):
        failures = [e for e in _fit(oracle=rarely).report_.events if e.controller == "oracle"]
    assert [event.decision for event in failures] == ["could not score it: ArithmeticError: no mood"]
    assert failures[0].step == 20


def test_a_later_oracle_has_the_same_log(fitted):
    events = fitted.report_.events
    assert fitted.rescore("frechet").events == events


def test_a_budget_that_grew_is_in_the_log_of_a_fit():
    calls = []

    def pleased(real, synthetic):
        calls.append(1)
        return float(len(calls))

    fit = _fit(oracle=pleased, growth=0.5, gan=GAN(generator=Generator(widths=(8,))))
    assert [e.step for e in fit.report_.events if e.controller == "growth"] == [40]
    assert fit.history_["step"].max() == 60
    blind = _fit(oracle=None, growth=0.5, gan=GAN(generator=Generator(widths=(8,))))
    assert blind.history_["step"].max() == 40
