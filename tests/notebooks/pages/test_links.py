"""Links that lead nowhere are found, and only those."""

import pytest

from notebooks.pages.links import broken_links

OTHER = '<h1 id="top">Other</h1>'


def site(folder, body):
    (folder / "deep").mkdir()
    (folder / "deep" / "other page.html").write_text(OTHER, "utf8")
    (folder / "index.html").write_text(f'<h2 id="here">Here</h2>{body}', "utf8")
    return folder


@pytest.mark.parametrize(
    "link",
    [
        *(
            "#here",
            "index.html",
            "deep/other%20page.html",
            "deep/other%20page.html#top",
            "deep/../index.html",
        ),
        *("https://example.org/nowhere", "//example.org", "mailto:somebody", "data:image/png;base64,"),
    ],
)
def test_links_to_pages_anchors_and_other_sites_are_whole(tmp_path, link):
    assert broken_links(site(tmp_path, f'<a href="{link}">x</a>')) == []


@pytest.mark.parametrize("link", ["#there", "no.html", "deep", "deep/other%20page.html#here"])
def test_missing_files_and_anchors_are_broken(tmp_path, link):
    assert broken_links(site(tmp_path, f'<a href="{link}">x</a>')) == [f"index.html: {link}"]


def test_missing_pictures_are_broken(tmp_path):
    assert broken_links(site(tmp_path, '<img src="no.png">')) == ["index.html: no.png"]
