"""The study of devices times every case."""

import pandas as pd

from benchmarks.studies import devices
from gan_oversampler import GAN, Generator


def test_the_study_of_devices_times_every_case_on_every_device(monkeypatch, tmp_path, capsys):
    case = devices.Case(GAN("guided", generator=Generator(widths=(8,))), 120, 8, 4)
    monkeypatch.setattr(devices, "CASES", {"small": case})
    monkeypatch.setattr(devices.torch.cuda, "is_available", lambda: False)
    devices.main(["--out", str(tmp_path / "devices.csv")])
    rows = pd.read_csv(tmp_path / "devices.csv")
    assert rows["GAN"].tolist() == ["small"]
    assert (rows["seconds on cpu"] > 0).all()
    assert "CPU / GPU" not in rows
    assert "GPU: none" in (tmp_path / "devices.md").read_text("utf-8")


def test_cases_of_devices_are_tables_with_a_rare_class():
    for case in devices.CASES.values():
        X, y = case.table()
        assert X.shape == (case.n_rows, case.n_columns)
        assert 0.05 < y.mean() < 0.15
