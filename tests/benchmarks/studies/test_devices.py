"""The study of devices times every case on both, and says why where there is no GPU."""

import pandas as pd
import pytest

from benchmarks.studies import devices
from gan_oversampler import GAN, Generator

CASE = devices.Case(GAN("guided", generator=Generator(widths=(8,))), 120, 8, 4)
SECONDS = {"cpu": 6.0, "cuda": 1.5}


@pytest.fixture
def stand_in(monkeypatch):
    """A GPU that is not there: its fits are counted, not made."""
    fits = []

    def seconds(case, device, steps):
        fits.append((device, steps))
        return SECONDS[device]

    monkeypatch.setattr(devices, "seconds", seconds)
    monkeypatch.setattr(devices.torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(devices.torch.cuda, "get_device_name", lambda: "a stand-in")
    return fits


def test_training_alone_is_timed():
    assert 0 < devices.seconds(CASE, "cpu", CASE.steps) < 60


def test_every_case_is_warmed_up_and_timed_on_both_devices(stand_in, monkeypatch, tmp_path):
    monkeypatch.setattr(devices, "CASES", {"small": CASE})
    devices.main(["--out", str(tmp_path / "devices.csv")])
    (row,) = pd.read_csv(tmp_path / "devices.csv").to_dict("records")
    assert (row["GAN"], row["seconds on cpu"], row["seconds on cuda"], row["CPU / GPU"]) == (
        "small",
        6,
        1.5,
        4,
    )
    assert stand_in == [(device, n) for device in SECONDS for n in (2, 4, 4, 4)]
    assert "GPU: a stand-in" in (tmp_path / "devices.md").read_text("utf-8")


def test_a_quick_run_prints_default_networks_a_wide_one_and_a_grid(stand_in, tmp_path, capsys):
    devices.main(["--quick", "--out", str(tmp_path / "devices.csv")])
    printed = capsys.readouterr().out
    assert all(
        f"| {name} |" in printed for name in ("guided, 32 units", "residual, 256 x 256", "dcgan, 28 x 28")
    )
    assert not list(tmp_path.iterdir())


def test_without_a_gpu_the_reason_is_told_and_nothing_is_written(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(devices.torch.cuda, "is_available", lambda: False)
    devices.main(["--out", str(tmp_path / "devices.csv")])
    assert "torch finds no GPU" in capsys.readouterr().out
    assert not list(tmp_path.iterdir())


def test_cases_of_devices_are_tables_with_a_rare_class():
    for case in devices.CASES.values():
        X, y = case.table()
        assert X.shape == (case.n_rows, case.n_columns)
        assert 0.05 < y.mean() < 0.15
