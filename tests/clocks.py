"""Clocks that tests turn by hand."""


class FakeTime:
    """Seconds that pass only when ``passes`` is called; call the object to read them."""

    def __init__(self):
        self.seconds = 100.0

    def __call__(self):
        return self.seconds

    def passes(self, seconds):
        self.seconds += seconds
