"""Progress of a training: collected in one population and restored in another, which goes on alike."""

import pytest
import torch

from gan_oversampler.ending import Ending
from gan_oversampler.plan import Plan
from gan_oversampler.training.loop import Budget, OracleTracker
from gan_oversampler.training.population import CrossFittedPopulation
from gan_oversampler.watching import train_watched
from tests.fits import BASE, FIRST_COLUMN, GUIDED, STREAMS, Measured, evaluator_of, problem_of, table
from tests.workflows import SMALL, services_of

GANS = (SMALL, BASE, GUIDED)


class Memory:
    """A checkpoint without a file: what was written is what is found."""

    def __init__(self, found=None):
        self.found, self.written = found, []

    def write(self, progress):
        self.written.append(progress)


def _trained(max_steps, checkpoint, n_folds=2, oracle=FIRST_COLUMN):
    """A population after some steps, its tracker and its evaluator."""
    evaluator = evaluator_of(oracle, GANS, n_folds=n_folds)
    problem = problem_of(table(), n_folds)
    data = problem.training_data(GANS)
    population = CrossFittedPopulation(GANS, data, STREAMS.child("members"), torch.device("cpu"))
    plan = Plan(GANS, {"first": FIRST_COLUMN}, 2, Budget(3, 9, max_steps), ())
    tracker = OracleTracker(evaluator, 9)
    services = services_of(checkpoint=checkpoint)
    train_watched(population, Ending(plan, problem, data, [tracker], [evaluator], services))
    return population, tracker, evaluator


def test_a_restored_population_goes_on_alike():
    memory = Memory()
    population, tracker, _ = _trained(9, memory)
    assert [progress.step for progress in memory.written] == [0, 3, 6, 9]
    memory = Memory(memory.written[1])
    again, its_tracker, _ = _trained(9, memory)
    assert [progress.step for progress in memory.written] == [6, 9]
    assert [s.mean for s in its_tracker.scored] == [s.mean for s in tracker.scored]
    for cohort, other in zip(again.cohorts, population.cohorts, strict=True):
        assert torch.equal(cohort.state.average_PN, other.state.average_PN)
        assert torch.equal(cohort.state.critic.moments.second_PN, other.state.critic.moments.second_PN)


def test_an_oracle_does_not_forget_what_it_could_not_score():
    def fails(heldout, new):
        raise RuntimeError("no score")

    with pytest.warns(RuntimeWarning, match="could not score"):
        _, _, evaluator = _trained(3, memory := Memory(), oracle=Measured(fails))
    _, _, again = _trained(3, Memory(memory.written[-1]))
    assert again.failures == evaluator.failures
    assert len(again.failures) == 5  # three GANs, then two


def test_other_folds_are_refused():
    _trained(0, memory := Memory())
    with pytest.raises(ValueError, match="other folds, because `cv` draws new ones for every fit"):
        _trained(0, Memory(memory.written[-1]), n_folds=3)
