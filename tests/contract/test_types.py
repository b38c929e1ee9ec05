"""A user's script is checked by mypy as strictly as they like, without stubs of their own."""

import subprocess
import sys
from pathlib import Path

import pytest

import gan_oversampler

pytestmark = pytest.mark.slow  # mypy reads all of torch
SCRIPT = """
import numpy as np

from gan_oversampler import GAN, Critic, DownstreamOracle, GANOversampler, Generator, Policy, Report, preset

gan = GAN("guided", generator=Generator(widths=(32,)), critic=Critic(dropout=0.1), replicas=2)
sampler = GANOversampler(gan=[gan, "wgan", preset("lsgan")], oracle=DownstreamOracle(), policy=Policy())
X, y = np.zeros((9, 2)), np.zeros(9)
X_new, y_new = sampler.fit(X, y).fit_resample(X, y)
rows = sampler.sample(3, y=1, random_state=0)
report: Report = sampler.reports_["downstream"]
"""
WRONG = {
    "GANOversampler(epochs=3)": "call-arg",
    'GANOversampler(max_steps="many")': "arg-type",
    "GAN(replicas=1.5)": "arg-type",
    "from gan_oversampler.estimator import GANSampler": "attr-defined",
    "GANOversampler().sample(y=1)": "call-arg",
}
NAMES = "\n".join(
    ["import gan_oversampler", *(f"reveal_type(gan_oversampler.{name})" for name in gan_oversampler.__all__)]
)


@pytest.fixture(scope="module")
def checked(tmp_path_factory):
    """Output of mypy, by script."""
    folder = tmp_path_factory.mktemp("scripts")
    imports = "from gan_oversampler import GAN, GANOversampler\n"
    scripts = {"right": SCRIPT, "wrong": imports + "\n".join(WRONG), "names": NAMES}
    for name, script in scripts.items():
        (folder / f"{name}.py").write_text(script, "utf8")
    command = [sys.executable, "-m", "mypy", "--strict", "--follow-imports=silent", "--no-error-summary", "."]
    # The package is read as users have it, below site-packages: without the settings of this project.
    environment = {"MYPYPATH": str(Path(gan_oversampler.__file__).parents[1])}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert not done.stderr
    lines = done.stdout.splitlines()
    return {name: [line for line in lines if line.startswith(f"{name}.py")] for name in scripts}


def test_a_script_with_all_that_users_write_is_right(checked):
    assert checked["right"] == []


def test_what_is_wrong_is_found(checked):
    for number, code in enumerate(WRONG.values(), start=2):
        found = [line for line in checked["wrong"] if line.startswith(f"wrong.py:{number}:")]
        assert any(f"[{code}]" in line for line in found)


def test_public_names_have_types_though_they_are_imported_late(checked):
    assert len(checked["names"]) == len(gan_oversampler.__all__)
    assert not [line for line in checked["names"] if 'type is "Any"' in line]
