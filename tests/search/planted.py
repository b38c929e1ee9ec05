"""Planted landscapes: scores that are a known function of the GAN, in milliseconds."""

from gan_oversampler.gans.gan import GAN
from gan_oversampler.gans.parts import Generator
from gan_oversampler.search.outcome import TrialOutcome
from gan_oversampler.search.space import SearchSpace
from gan_oversampler.search.trials import search_trials

TEMPLATE = GAN("guided", batch_size=32, generator=Generator(widths=(8,)))
SPACE = SearchSpace({"latent": (2, 4, 8, 16), "generator rate": (0.001, 0.01), "fidelity": (0.0, 0.1, 0.3)})
STEPS = (50, 100)


def value(point):
    """The longer the noise vector, and the less fidelity, the better."""
    return point.gan.generator.latent - 10 * point.gan.active_terms.get("fidelity", 0.0)


class Run:
    """Scores GANs by their value, which they reach at the last step; remembers what it was asked for."""

    def __init__(self, broken=lambda point: False, whole=False):
        self.broken, self.whole, self.rounds = broken, whole, []

    def __call__(self, points, stop, starts):
        self.rounds.append(list(points))
        if any(map(self.broken, points)) and (self.whole or len(points) == 1):
            raise RuntimeError("this GAN is broken")
        if any(map(self.broken, points)):
            raise RuntimeError("one of these GANs is broken")
        by_step = [{} for _ in points]
        running = set(range(len(points)))
        for step in STEPS:
            told = {n: tuple(value(points[n]) * step / STEPS[-1] + fold for fold in (0, 1)) for n in running}
            for number, utilities in told.items():
                by_step[number][step] = utilities
            running -= set(stop(step, told)) if stop else set()
        return [TrialOutcome(rounds[max(rounds)], max(rounds), 0.1, 5, rounds) for rounds in by_step]

    @property
    def n_trained(self):
        return sum(map(len, self.rounds))


def searched(run=None, strategy="random", **changes):
    options = {"n_trials": 12, "batch": 4, "seed": 0, **changes}
    space = options.pop("space", SPACE)
    return search_trials(space, TEMPLATE, strategy, Run() if run is None else run, **options)


def table(study):
    """What a search has found, trial by trial."""
    return [
        (t.number, t.state.name, t.value, tuple(sorted(t.params.items())), t.user_attrs.get("same as"))
        for t in study.get_trials(deepcopy=False)
    ]
