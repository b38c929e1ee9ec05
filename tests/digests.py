"""Digests of seven kinds of fit: `python -m tests.digests` prints them, `--write` pins them for a machine.

A change that should not move results is checked against them. Bits depend on the processor and on the
versions of torch and NumPy, so digests of another machine say nothing here.
"""

from __future__ import annotations

import hashlib
import json
import platform
import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from sklearn.datasets import load_digits

from gan_oversampler import GAN, Critic, Evolution, GANOversampler, Generator
from tests.tables import cancer, mixed, numbers

PINNED = Path(__file__).with_name("digests.json")


def _images():
    X, y = load_digits(return_X_y=True)
    keep = np.r_[np.flatnonzero(y == 0)[:80], np.flatnonzero(y == 3)[:20]]
    return X[keep], y[keep]


def _mean_gap(real, synthetic):
    return -abs(real["mean radius"].mean() - synthetic["mean radius"].mean())


KINDS = {
    "default, mixed columns, three classes": lambda: (GANOversampler(random_state=0), *mixed()),
    "residual with controllers, growth": lambda: (
        GANOversampler(
            gan=GAN(base="border", controllers=("gap", "pacing", "ada", "fade", "r1", "reset")),
            epoch_unit=20,
            max_steps=60,
            growth=1.0,
            random_state=1,
        ),
        *cancer(),
    ),
    "presets: noise to row": lambda: (
        GANOversampler(gan=["wgan_gp", "began", "egan", "reference"], max_steps=50, random_state=2),
        *numbers(),
    ),
    "policy, ratio and rejection": lambda: (
        GANOversampler("oracle", policy="oracle", rejection="obrs", max_steps=100, random_state=3),
        *cancer(),
    ),
    "several oracles, one a function; cv=4": lambda: (
        GANOversampler(
            oracle=[_mean_gap, "energy", "average_precision"],
            cv=4,
            baselines=("none", "smote", "border"),
            fallback="baseline",
            max_steps=100,
            random_state=4,
        ),
        *cancer(30),
    ),
    "evolution, replicas, no oracle": lambda: (
        GANOversampler(
            gan=GAN(
                "classic",
                loss="bce",
                evolution=Evolution(population=2),
                replicas=2,
                generator=Generator(norm="batch"),
                critic=Critic(dropout=0.2),
            ),
            oracle=None,
            max_steps=40,
            random_state=5,
        ),
        *mixed(),
    ),
    "grid": lambda: (
        GANOversampler(
            gan=GAN(generator=Generator(grid=(8, 8), widths=(16, 8))),
            max_steps=20,
            epoch_unit=10,
            random_state=6,
        ),
        *_images(),
    ),
}


def digest(kind: str) -> str:
    """Sixteen hex digits of the new rows, the labels and the scores of one fit."""
    sampler, X, y = KINDS[kind]()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        X_new, y_new = sampler.fit_resample(X, y)
        more = sampler.sample(5, y=list(sampler.sampling_strategy_)[-1])
    scores = [
        repr([(e.step, float(e.score), float(e.standard_error), e.kept) for e in report.entries])
        for report in sampler.reports_.values()
    ]
    parts = [*(_text(part) for part in (X_new, y_new, more)), *scores]
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:16]


def _text(part) -> str:
    return pd.DataFrame(part).to_csv(float_format="%.17g", index=False)


def machine() -> str:
    """What bits depend on besides the code."""
    names = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model")]
    parts = [*sorted(set(names)), torch.backends.cpu.get_cpu_capability(), torch.__version__, np.__version__]
    return " | ".join([platform.machine(), *parts])


def main() -> None:
    torch.set_num_threads(1)
    pinned = json.loads(PINNED.read_text()) if PINNED.exists() else {}
    here = pinned.get("digests", {}) if pinned.get("machine") == machine() else {}
    found = {}
    for kind in KINDS:
        found[kind] = digest(kind)
        state = "new" if kind not in here else "same" if here[kind] == found[kind] else "CHANGED"
        print(f"{found[kind]}  {state:8}{kind}", flush=True)
    if "--write" in sys.argv:
        PINNED.write_text(json.dumps({"machine": machine(), "digests": found}, indent=1) + "\n")


if __name__ == "__main__":
    main()
