"""A fit with defaults imports only what it needs: neither controllers nor evolution nor presets."""

import subprocess
import sys
from pathlib import Path

import gan_oversampler

DEFAULT_FIT = """
import sys

from gan_oversampler import GANOversampler
from tests.tables import numbers

sampler = GANOversampler(max_steps=4, epoch_unit=2, random_state=0)
X, y = sampler.fit_resample(*numbers(60, 16))
assert (y == 0).sum() == (y == 1).sum()
assert "guided" in set(sampler.history_["name"])
print(*sorted(name for name in sys.modules if name.startswith("gan_oversampler.")))
"""
ON_REQUEST = [
    *(f"gan_oversampler.gans.{name}" for name in ("controllers", "evolution", "presets", "signals")),
    *(f"gan_oversampler.training.{name}" for name in ("augmentation", "evolving", "feedback")),
]


def test_a_default_fit_imports_no_controllers_no_evolution_and_no_presets():
    root = Path(__file__).parents[2]
    command = [sys.executable, "-c", DEFAULT_FIT]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    imported = done.stdout.split()
    assert {"gan_oversampler.training.steps", "gan_oversampler.gans.portfolio"} <= set(imported)
    assert not set(ON_REQUEST) & set(imported)
    # Modules that are renamed must be renamed here, too.
    packages = Path(gan_oversampler.__file__).parents[1]
    missing = [name for name in ON_REQUEST if not (packages / f"{name.replace('.', '/')}.py").exists()]
    assert not missing
