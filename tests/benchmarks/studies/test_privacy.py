"""The study of privacy: attacks find members where there is something to find, and only there."""

import numpy as np
import pandas as pd
import pytest

from benchmarks.studies import privacy
from benchmarks.tables import load_table
from gan_oversampler.oracles.membership import attack_auc, attack_hits


def fits(gain, n_fits=8, n_rows=200):
    """Distances of rows to the closest new row in some fits; those of members are smaller by a gain."""
    rng = np.random.default_rng(0)
    member = np.array([rng.permutation(n_rows) < n_rows // 2 for _ in range(n_fits // 2)])
    member = np.stack([member, ~member], axis=1).reshape(n_fits, n_rows)
    own = rng.normal(size=n_rows)  # some rows are near new ones, whether they are members or not
    return own + 0.1 * rng.normal(size=member.shape) - gain * member, member


@pytest.mark.parametrize("gain", [0.0, 0.3])
def test_shadow_fits_show_what_distances_hide(gain):
    to_new, member = fits(gain)
    alone = [attack_auc(-row[its], -row[~its]) for row, its in zip(to_new, member, strict=True)]
    found = [privacy.shadow_scores(to_new, member, s) for s in range(len(member))]
    shadow = [(its[m], its[~m]) for its, m in zip(found, member, strict=True)]
    auc, hits = (np.mean([figure(*its) for its in shadow]) for figure in (attack_auc, attack_hits))
    assert np.mean(alone) == pytest.approx(0.5 + gain / 4, abs=0.05)
    assert auc > 0.95 if gain else auc == pytest.approx(0.5, abs=0.05)
    assert hits > 0.8 if gain else hits == pytest.approx(0.1, abs=0.06)


def test_halves_are_complements_with_equal_shares_of_the_classes():
    table = load_table("diabetes-worst-tenth", None)
    pairs = privacy.halves(table, 2)
    assert len(pairs) == 4
    for members, others in pairs:
        assert sorted([*members, *others]) == list(range(len(table.y)))
        assert table.y.iloc[members].sum() in (23, 24)


def test_repeated_rows_give_members_away_and_the_page_says_so(tmp_path, monkeypatch):
    options = ["--tables", "diabetes-worst-tenth", "--methods", "random", "smote", "--pairs", "2"]
    privacy.main([*options, "--out", str(tmp_path / "privacy.csv")])
    rows = pd.read_csv(tmp_path / "privacy.csv")
    means = rows.groupby("method").mean(numeric_only=True)
    assert means.loc["random", ["copies", "auc_distance", "auc_calibrated", "hits_distance"]].min() > 0.95
    assert means.loc["random", "dcr_ratio"] == 0
    assert 0 < means.loc["smote", "dcr_ratio"] < 1
    assert means.loc["smote", "auc_calibrated"] < 1
    text = (tmp_path / "privacy.md").read_text("utf-8")
    assert "DCR ratio" in text
    assert "differentially private" in text
