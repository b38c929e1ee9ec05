"""The figures of the package itself, measured from its code: ``python -m benchmarks.studies.structure``.

How large it is, how its functions and docstrings are made, and how many modules and functions a default
``fit_resample`` walks through, beside the same walk through imbalanced-learn's SMOTE.
"""

from __future__ import annotations

import argparse
import ast
import sys
import tokenize
import tomllib
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from statistics import mean, median
from types import FrameType
from typing import Any, Final

import imblearn
import numpy as np
from imblearn.over_sampling import SMOTE
from sklearn.datasets import make_classification

import gan_oversampler
from gan_oversampler import GANOversampler

PACKAGE: Final = Path(gan_oversampler.__file__).parent
IMBLEARN: Final = Path(imblearn.__file__).parent


@dataclass(frozen=True, slots=True)
class Definition:
    """A function, method or class."""

    name: str  # with the names of the classes and functions that it stands in
    is_class: bool
    is_public: bool  # no part of its name begins with an underscore, and it stands in no function
    words: int  # of its docstring
    body: int  # lines without signature and docstring
    parameters: int  # without ``self``; of a dataclass its fields


def definitions(tree: ast.AST, prefix: str = "", is_public: bool = True) -> Iterator[Definition]:
    """Find all functions, methods and classes of a syntax tree, those inside others too."""
    for node in ast.iter_child_nodes(tree):
        if not isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            yield from definitions(node, prefix, is_public)
            continue
        is_class, doc = isinstance(node, ast.ClassDef), ast.get_docstring(node)
        name, public = prefix + node.name, is_public and not node.name.startswith("_")
        body = node.body[1:] if doc else node.body
        lines = body[-1].end_lineno - body[0].lineno + 1 if body else 0
        if is_class:  # a dataclass takes its fields
            fields = [
                part for part in body if isinstance(part, ast.AnnAssign) and ast.unparse(part.target) != "_"
            ]
            is_dataclass = any("dataclass" in ast.unparse(part) for part in node.decorator_list)
            n = sum(not ast.unparse(part.annotation).startswith("ClassVar") for part in fields) * is_dataclass
        else:
            n = len(node.args.posonlyargs + node.args.args + node.args.kwonlyargs) - isinstance(
                tree, ast.ClassDef
            )
        yield Definition(name, is_class, public, len((doc or "").split()), lines, n)
        yield from definitions(node, f"{name}.", public and is_class)


def measured(folder: Path) -> dict[str, Any]:
    """Measure the source files of a package.

    Bodies of functions are counted without signature and docstring; words per public function are those of
    documented functions and methods, words per public docstring those of classes too; the share of comments
    is that of the lines with a comment among those that are not empty.
    """
    sources = [path.read_text("utf-8") for path in sorted(folder.rglob("*.py"))]
    found = [definition for source in sources for definition in definitions(ast.parse(source))]
    functions, documented = (
        [d for d in found if not d.is_class],
        [d for d in found if d.is_public and d.words],
    )
    constructors = [d for d in found if d.parameters and (d.is_class or d.name.endswith(".__init__"))]
    constructors.sort(key=lambda d: -d.parameters)
    bodies = [d.body for d in functions if d.body]
    tokens = [token for source in sources for token in tokenize.generate_tokens(StringIO(source).readline)]
    n_comments = sum(token.type == tokenize.COMMENT for token in tokens)
    lines = [line for source in sources for line in source.splitlines()]
    return {
        "lines": len(lines),
        "files in the root": len(list(folder.glob("*.py"))),
        "largest constructors": ", ".join(
            f"{d.name.removesuffix('.__init__')} {d.parameters}" for d in constructors[:6]
        ),
        "functions": len(functions),
        "lines per function, median": median(bodies),
        "lines per function, 90 %": round(float(np.quantile(bodies, 0.9))),
        "words per public function": round(mean(d.words for d in documented if not d.is_class), 1),
        "words per public docstring": round(mean(d.words for d in documented), 1),
        "comments, % of lines": round(100 * n_comments / sum(bool(line.strip()) for line in lines), 1),
    }


def n_floors(settings: Path) -> int:
    """Count the floors that import-linter enforces, from ``pyproject.toml``."""
    contracts = tomllib.loads(settings.read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    return next(len(c["layers"]) for c in contracts if c.get("containers") == [PACKAGE.name])


def walked(sampler: Any, folder: Path) -> dict[str, int]:
    """Count what ``fit_resample`` walks through of a package's code: modules, functions, deepest call.

    Lambdas, comprehensions and the bodies of modules are left out.
    """
    X, y = make_classification(200, weights=[0.9], random_state=0)
    seen: set[tuple[str, str]] = set()
    deepest, start = 0, f"{folder}/"

    def is_counted(frame: FrameType) -> bool:
        return frame.f_code.co_filename.startswith(start) and not frame.f_code.co_name.startswith("<")

    def profile(frame: FrameType, event: str, _: Any) -> None:
        nonlocal deepest
        if event == "call" and is_counted(frame):
            seen.add((frame.f_code.co_filename, frame.f_code.co_qualname))
            depth, caller = 1, frame.f_back
            while caller:
                depth, caller = depth + is_counted(caller), caller.f_back
            deepest = max(deepest, depth)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that a baseline is better matters to nobody here
        before = sys.getprofile()
        sys.setprofile(profile)
        try:
            sampler.fit_resample(X, y)
        finally:
            sys.setprofile(before)
    return {"modules": len({file for file, _ in seen}), "functions": len(seen), "depth": deepest}


def main(argv: Sequence[str] | None = None) -> None:
    """Print the figures."""
    argparse.ArgumentParser("python -m benchmarks.studies.structure", description=__doc__).parse_args(argv)
    floors = n_floors(PACKAGE.parent / "pyproject.toml")
    for name, value in (measured(PACKAGE) | {"floors": floors}).items():
        print(f"{name:<28}{value}")
    for name, sampler, folder in (
        ("default fit_resample", GANOversampler(random_state=0), PACKAGE),
        ("SMOTE's fit_resample", SMOTE(random_state=0), IMBLEARN),
    ):
        counts = walked(sampler, folder)
        print(f"{name:<28}{', '.join(f'{number} {what}' for what, number in counts.items())}")


if __name__ == "__main__":
    main()
