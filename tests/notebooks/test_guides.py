"""What guides say is so: their code runs, their parameters exist and have the defaults that are named."""

import re
from pathlib import Path

import pytest

from gan_oversampler import GANOversampler

GUIDES = sorted((Path(__file__).parents[2] / "notebooks").glob("*.md"))


def code_of(guide):
    return re.findall(r"```python\n(.*?)```", guide.read_text("utf8"), flags=re.DOTALL)


@pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.stem)
@pytest.mark.filterwarnings("ignore:The baseline")
def test_all_code_runs(guide, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for block in code_of(guide):
        exec(compile(block, guide.name, "exec"), names)


@pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.stem)
def test_parameters_that_are_named_exist(guide):
    named = set(re.findall(r"`(\w+)=", guide.read_text("utf8")))
    assert named
    assert named <= set(GANOversampler().get_params())


def test_the_guide_of_parameters_names_all_of_them():
    (guide,) = [path for path in GUIDES if path.stem == "five_parameters"]
    text = guide.read_text("utf8")
    rare = {"device", "keep_candidates"}
    assert {n for n in GANOversampler().get_params(deep=False) if not re.search(rf"`{n}[`=]", text)} == rare
