"""A small plan, its services and fits of it, for tests of the workflow."""

import warnings

import numpy as np
import torch

from gan_oversampler import GAN
from gan_oversampler.gans.parts import Generator
from gan_oversampler.plan import Clock, Plan, Services
from gan_oversampler.training.loop import Budget
from gan_oversampler.workflow import fit
from tests.fits import FIRST_COLUMN, SPACE, STREAMS, Measured, table

SMALL = GAN(batch_size=32, generator=Generator(widths=(8,)))
HIGH = Measured(lambda holdout, new: float(new.values.max()))
BETTER_BASELINE = Measured(lambda holdout, new: -float(len(np.unique(new.values.round(3), axis=0))))
WON = "By the oracle the baseline"


def plan_with(**changes):
    parts = {
        "gans": (SMALL,),
        "oracles": {"first": FIRST_COLUMN},
        "cv": 2,
        "budget": Budget(2, 2, 4),
        "baselines": ("smote",),
        **changes,
    }
    return Plan(**parts)


def services_of(time=None, **changes):
    clock = Clock() if time is None else Clock(time)
    return Services(STREAMS, torch.device("cpu"), clock=clock, **changes)


def fit_rows(rows=None, n_new=None, services=None, layout=SPACE.layout, facts=None, **changes):
    rows = table() if rows is None else rows
    n_new = (
        {code: int(rows.counts[0] - n) for code, n in enumerate(rows.counts) if code}
        if n_new is None
        else n_new
    )
    services = services_of() if services is None else services
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=WON)
        return fit(plan_with(**changes), rows, layout, n_new, services, facts or {})


def drawn_rows(outcome, n=9, code=1):
    return outcome.source.draw(code, n, STREAMS).rows
