"""The code of the README runs."""

import re
from pathlib import Path

README = Path(__file__).parents[2] / "README.md"


def test_blocks_run_in_order(capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)  # one of them writes a page
    names: dict[str, object] = {}
    blocks = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf8"), flags=re.DOTALL)
    for block in blocks:
        exec(compile(block, str(README), "exec"), names)
    assert len(blocks) == 4
    assert (names["scores"]["test_score"] > 0.3).all()
    assert len(names["X_new"]) == 2 * (~names["y"]).sum()
    assert len(names["more"]) == 100
    assert len(names["rows"]) == 100
    assert (tmp_path / "report.html").read_text("utf8").startswith("<!doctype html>")
    assert "Kept:" in capsys.readouterr().out


def test_links_lead_somewhere():
    for target in re.findall(r"\]\(([^)#:]+)\)", README.read_text(encoding="utf8")):
        assert (README.parent / target).exists(), target
