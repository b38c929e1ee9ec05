"""The figures of the package are those of its code."""

import ast

from imblearn.over_sampling import SMOTE

from benchmarks.studies import structure

SOURCE = '''
class Public:
    """Three words here."""

    def __init__(self, a, *, b=1):
        self.a = a  # a comment

    def method(self):
        """Two words."""
        for _ in range(3):
            pass
        return 1


def _private():
    """Not counted."""

    def inner():
        """Nor this."""
        return "# no comment"

    return inner
'''


def test_definitions_know_their_size_and_whether_they_are_public():
    found = {d.name: d for d in structure.definitions(ast.parse(SOURCE))}
    assert list(found) == ["Public", "Public.__init__", "Public.method", "_private", "_private.inner"]
    assert [d.name for d in found.values() if d.is_public] == ["Public", "Public.method"]
    assert (found["Public.__init__"].parameters, found["Public.__init__"].body) == (2, 1)
    assert (found["Public.method"].words, found["Public.method"].body) == (2, 3)


def test_a_package_is_measured(tmp_path):
    (tmp_path / "room").mkdir()
    (tmp_path / "one.py").write_text(SOURCE)
    (tmp_path / "room" / "two.py").write_text("# a comment\n")
    found = structure.measured(tmp_path)
    assert (found["lines"], found["files in the root"], found["functions"]) == (23, 1, 4)
    assert found["largest constructors"] == "Public 2"
    assert (found["words per public function"], found["words per public docstring"]) == (2, 2.5)
    assert found["comments, % of lines"] == 12.5


def test_a_walk_counts_what_smote_calls():
    counts = structure.walked(SMOTE(random_state=0), structure.IMBLEARN)
    assert counts["modules"] < counts["functions"] < 100
    assert 1 < counts["depth"] < 20
    assert structure.walked(SMOTE(random_state=0), structure.PACKAGE) == dict.fromkeys(counts, 0)


def test_the_figures_are_printed(capsys, monkeypatch):
    monkeypatch.setattr(structure, "GANOversampler", lambda random_state: SMOTE(random_state=random_state))
    structure.main([])
    printed = capsys.readouterr().out
    assert "floors" in printed
    assert "functions, 0 depth" in printed
