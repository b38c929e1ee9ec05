"""Events say what was decided, and come in the order of the steps."""

import pytest

from gan_oversampler.callbacks import Event, in_order


@pytest.mark.parametrize(
    ("event", "text"),
    [
        (Event(9, "a", "fold 0", "gap", "x"), "step 9, a, fold 0, gap: x"),
        (Event(0, "a", "", "growth", "x"), "step 0, a, growth: x"),
        (Event(None, "smote", "", "oracle", "no"), "smote, oracle: no"),
    ],
)
def test_an_event_leaves_out_what_it_does_not_know(event, text):
    assert str(event) == text


def test_events_are_ordered_by_step_and_those_without_one_come_last():
    events = [Event(step, name, "", "", "") for step, name in ((None, "a"), (9, "b"), (0, "c"), (9, "a"))]
    assert [(e.step, e.gan) for e in in_order(events)] == [(0, "c"), (9, "b"), (9, "a"), (None, "a")]
    assert in_order([]) == ()
