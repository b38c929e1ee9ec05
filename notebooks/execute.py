"""Runs the notebooks of this folder, and stores what their cells show without what differs between machines.

``python notebooks/execute.py`` runs all of them, names of files after it only these.
"""

import os
import re
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode

FOLDER = Path(__file__).resolve().parent
SECONDS = 600  # that a cell may take
NOISE = {
    r"\r\n": "\n",  # of commands
    r"(?m)^\S+\.py:\d+: (?=\w+Warning: )": "",  # where in the kernel's own files a warning was raised
    r"(?m)^(?:\w+ \d+\.\d\d s(?:, |$))+\n?": "",  # durations, the last line of a printed report
    r" at 0x[0-9a-f]+": "",
}


def execute(path: Path) -> NotebookNode:
    """Run a notebook in a fresh kernel on the package of this checkout; the file stays as it is."""
    notebook = nbformat.read(path, as_version=4)
    place = {"metadata": {"path": str(path.parent)}}
    client = NotebookClient(notebook, timeout=SECONDS, resources=place, coalesce_streams=True)
    client.execute(env=_environment())
    return cleaned(notebook)


def cleaned(notebook: NotebookNode) -> NotebookNode:
    """Return a notebook without times, paths, addresses and metadata of the machine that ran it."""
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    for number, cell in enumerate(notebook.cells, start=1):
        cell.id, cell.metadata = f"cell-{number}", {}
        for output in cell.get("outputs", ()):
            data = output.get("data", {})
            if "text/html" in data:
                data.pop("text/plain", None)  # the same once more, and uglier
            for texts in (output, data):
                for kind in texts.keys() & {"text", "text/plain", "text/html"}:
                    texts[kind] = _without_noise(texts[kind])
    return nbformat.from_dict(notebook)


def _without_noise(text: str) -> str:
    for pattern, replacement in NOISE.items():
        text = re.sub(pattern, replacement, text)
    return text


def _environment() -> dict[str, str]:
    """Variables with which a notebook finds this checkout, and the Python that runs it, first."""
    first = {"PYTHONPATH": str(FOLDER.parent), "PATH": str(Path(sys.executable).parent)}
    paths = {
        name: os.pathsep.join(filter(None, [path, os.environ.get(name)])) for name, path in first.items()
    }
    return {**os.environ, **paths, "OMP_NUM_THREADS": "1"}


def main(names: list[str]) -> None:
    """Execute notebooks in place, all of this folder if no names are given."""
    for path in map(Path, names) if names else sorted(FOLDER.glob("*.ipynb")):
        print(path.name, flush=True)
        nbformat.write(execute(path), path)


if __name__ == "__main__":
    main(sys.argv[1:])
