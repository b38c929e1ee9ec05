"""The pages: guides and notebooks by nbconvert, the API by pdoc, and an index of all of them."""

import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from string import Template
from urllib.parse import urlsplit

import nbformat
import pdoc
import pdoc.render
from bs4 import BeautifulSoup
from nbconvert import HTMLExporter
from pygments.formatters import HtmlFormatter

import gan_oversampler
from gan_oversampler._writing import write_whole

HERE = Path(__file__).parent
SOURCES = HERE.parent
ROOT = SOURCES.parent
REPOSITORY = "https://github.com/gan-oversampler/gan_oversampler/blob/main"
MODULES = (  # the public names, and what their docstrings refer to or inherit
    "gan_oversampler",
    "gan_oversampler.callbacks",
    "gan_oversampler.dask",
    "gan_oversampler.oracles.base",
    "gan_oversampler.reporting.displays.base",
    "gan_oversampler.reporting.facts",
)
INTRODUCTION = (
    "<h1>gan_oversampler</h1><p>Oversampling of imbalanced tables with small GANs, for scikit-learn and"
    ' imbalanced-learn pipelines. The <a href="{}/README.md">README</a> says what it is, how to install it,'
    " and when not to use it.</p>"
)


@dataclass(frozen=True)
class Page:
    """One page of the site: its file name, its heading, its first sentence and its HTML."""

    name: str
    title: str
    summary: str
    body: str


def build(folder: Path, sources: Path = SOURCES) -> None:
    """Write all pages into a folder, which is emptied before.

    ``sources`` holds the guides (``*.md``) and the notebooks (``*.ipynb``, as they were executed).
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    guides = [page_of(path) for path in sorted(sources.glob("*.md"))]
    notebooks = [page_of(path) for path in sorted(sources.glob("*.ipynb"))]
    index = Page("index.html", "gan_oversampler", "", index_of(guides, notebooks))
    template = Template((HERE / "page.html").read_text("utf8"))
    colours = HtmlFormatter().get_style_defs(".highlight")
    for page in (index, *guides, *notebooks):
        html = template.substitute(title=escape(page.title), body=page.body, colours=colours)
        write_whole(folder / page.name, html)
    write_api(folder / "api")


def write_api(folder: Path) -> None:
    """Write a page per public module, and the index of the search."""
    pdoc.render.configure(
        docformat="numpy",
        include_undocumented=False,
        math=True,
        search=True,
        show_source=False,
        template_directory=HERE,
        footer_text=f"gan_oversampler {gan_oversampler.__version__}",
    )
    pdoc.pdoc(*MODULES, output_directory=folder)


def page_of(path: Path) -> Page:
    """Render a notebook with its outputs, or a guide, which is a notebook of one cell of text."""
    if path.suffix == ".md":
        cell = nbformat.v4.new_markdown_cell(path.read_text("utf8"))
        notebook = nbformat.v4.new_notebook(cells=[cell])
    else:
        notebook = nbformat.read(path, as_version=4)
    exporter = HTMLExporter(template_name="basic", embed_images=True)
    html, _ = exporter.from_notebook_node(notebook, {"metadata": {"path": str(path.parent)}})
    body = BeautifulSoup(html, "html.parser")
    for tag in body.select("a[href]"):
        tag["href"] = on_site(tag["href"], path.parent)
    heading, paragraph = body.find("h1"), body.find("p")
    title = heading.get_text().removesuffix("¶") if heading else path.stem
    summary = first_sentence(paragraph.get_text()) if paragraph else ""
    return Page(f"{path.stem}.html", title, summary, str(body))


def on_site(link: str, folder: Path) -> str:
    """Where a link of a source in ``folder`` leads on the site: to a page, or to a file of the repository."""
    parts = urlsplit(link)
    target = (folder / parts.path).resolve()
    if parts.scheme or parts.netloc or not parts.path or not target.exists():
        return link
    if target.parent == folder.resolve() and target.suffix in {".md", ".ipynb"}:
        return parts._replace(path=f"{target.stem}.html").geturl()
    if target.is_relative_to(ROOT):
        return f"{REPOSITORY}/{target.relative_to(ROOT)}" + parts._replace(path="").geturl()
    return link


def index_of(guides: Sequence[Page], notebooks: Sequence[Page]) -> str:
    """List guides and notebooks, each with its first sentence, and all public names with theirs."""
    api = "api/gan_oversampler.html#{}"
    lists = {
        "Guides": [(page.name, page.title, page.summary) for page in guides],
        "Notebooks": [(page.name, page.title, page.summary) for page in notebooks],
        "API": [(api.format(name), name, _summary_of(name)) for name in gan_oversampler.__all__],
    }
    html = INTRODUCTION.format(REPOSITORY)
    for heading, entries in lists.items():
        items = [f'<li><a href="{a}">{escape(b)}</a>: {_marked_up(c)}</li>' for a, b, c in entries]
        html += f"<h2>{heading}</h2><ul>{''.join(items)}</ul>" if items else ""
    return html


def first_sentence(text: str) -> str:
    """The text up to its first full stop that ends a sentence, in one line."""
    return re.split(r"(?<=[.!?]) ", " ".join(text.split()), maxsplit=1)[0]


def _marked_up(text: str) -> str:
    """Text of a docstring with its literals and its roles, such as ``:class:``, as code."""
    return re.sub(r"(?::\w+:)?`+~?([^`]+)`+", r"<code>\1</code>", escape(text))


def _summary_of(name: str) -> str:
    return first_sentence((getattr(gan_oversampler, name).__doc__ or "").split("\n\n")[0])
