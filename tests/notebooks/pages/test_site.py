"""The pages: guides, notebooks and the API, whose links all lead somewhere."""

import inspect

import nbformat
import pytest
from bs4 import BeautifulSoup
from sklearn.base import BaseEstimator

import gan_oversampler
from gan_oversampler._pages import PAGES
from notebooks.pages.links import broken_links
from notebooks.pages.site import SOURCES, build, first_sentence, on_site, page_of

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


def notebook(path):
    """A notebook with text, code, a printed line and a picture."""
    v4 = nbformat.v4
    outputs = [
        v4.new_output("stream", text="1 < 2\n"),
        v4.new_output("display_data", data={"image/png": PIXEL, "text/plain": "a picture"}),
    ]
    cells = [
        v4.new_markdown_cell(
            "# The *first*\n\nIt begins here. See [the guide](guide.md#a-b) and [this](#the-end)."
        ),
        v4.new_code_cell("print('1 < 2')", outputs=outputs, execution_count=1),
        v4.new_markdown_cell('<h2 id="the-end">The end</h2>'),
    ]
    nbformat.write(v4.new_notebook(cells=cells), path)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A site of one notebook and one guide, beside the API."""
    sources, folder = tmp_path_factory.mktemp("sources"), tmp_path_factory.mktemp("site")
    notebook(sources / "first.ipynb")
    (sources / "guide.md").write_text(
        "# Guide & more\n\nLook at [one](first.ipynb).\n\n## a b\n\n$x^2$", "utf8"
    )
    build(folder, sources)
    return folder


def soup(path):
    return BeautifulSoup(path.read_text("utf8"), "html.parser")


def test_no_link_is_broken(site):
    assert broken_links(site) == []


def test_the_index_leads_to_every_page_and_to_every_public_name(site):
    links = {tag["href"] for tag in soup(site / "index.html").select("main a")}
    assert links >= {"guide.html", "first.html"}
    assert links >= {f"api/gan_oversampler.html#{name}" for name in gan_oversampler.__all__}
    assert "The first: It begins here." in soup(site / "index.html").get_text()


def test_pages_show_code_outputs_and_pictures(site):
    page = soup(site / "first.html")
    assert "print('1 < 2')" in page.get_text()
    assert "1 < 2\n" in [tag.get_text() for tag in page.select(".output_area pre, .jp-OutputArea-output pre")]
    assert page.img["src"].startswith("data:image/png;base64,")
    assert page.find("a", string="the guide")["href"] == "guide.html#a-b"


def test_every_estimator_links_to_its_place_in_the_api(site):
    anchors = {tag["id"] for tag in soup(site / "api" / "gan_oversampler.html").select("[id]")}
    kinds = [getattr(gan_oversampler, name) for name in gan_oversampler.__all__]
    estimators = [kind for kind in kinds if inspect.isclass(kind) and issubclass(kind, BaseEstimator)]
    assert len(estimators) > 10
    for kind in estimators:
        link = kind._doc_link_template.format(estimator_name=kind.__name__)
        page, _, anchor = link.removeprefix(f"{PAGES}/").partition("#")
        assert (site / page).is_file()
        assert anchor in anchors


def test_only_our_own_members_are_on_the_pages_of_the_api(site):
    anchors = {tag["id"] for tag in soup(site / "api" / "gan_oversampler.html").select("[id]")}
    assert {"GANOversampler.fit_resample", "Report.to_html"} <= anchors
    assert not [anchor for anchor in anchors if anchor.endswith("_request")]
    assert "GANOversampler.get_metadata_routing" not in anchors


def test_pages_can_be_made_where_there_are_no_notebooks_yet(tmp_path, monkeypatch):
    monkeypatch.setattr("notebooks.pages.site.write_api", lambda folder: None)
    (tmp_path / "sources").mkdir()
    build(tmp_path / "site", tmp_path / "sources")
    assert [tag.get_text() for tag in soup(tmp_path / "site" / "index.html").select("h2")] == ["API"]


@pytest.mark.parametrize(
    ("link", "target"),
    [
        ("five_parameters.md#anchor", "five_parameters.html#anchor"),
        ("../benchmarks/RESULTS.md#how-good-is-it", "blob/main/benchmarks/RESULTS.md#how-good-is-it"),
        ("nowhere.md", "nowhere.md"),
        ("#here", "#here"),
        ("https://example.org/a.md", "https://example.org/a.md"),
    ],
)
def test_links_between_sources_become_links_between_pages(link, target):
    assert on_site(link, SOURCES).endswith(target)


@pytest.mark.parametrize(
    "path", sorted([*SOURCES.glob("*.md"), *SOURCES.glob("*.ipynb")]), ids=lambda p: p.name
)
def test_pages_have_a_heading_and_a_sentence_for_the_index(path):
    page = page_of(path)
    assert page.title != path.stem
    assert page.summary.endswith((".", "!", "?", ":"))


def test_the_first_sentence_ends_at_a_full_stop_that_ends_a_sentence():
    assert first_sentence("About .5 of\nall. And more.") == "About .5 of all."
