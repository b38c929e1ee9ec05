"""Errors and warnings as a command line gives them: a line on stderr, and an exit code."""

from __future__ import annotations

import re
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from typing import Any, Final, NoReturn, TextIO

import typer
from typer.core import TyperGroup

from gan_oversampler._utils import visible

WRONG_INPUT: Final = 2
UNEXPECTED: Final = 1
INTERRUPTED: Final = 130
# What messages of the library call things, and what users of the command line can do.
OPTION_OF: Final = {
    "categorical_features": "--categorical",
    "fidelity": "--fidelity",
    "gan": "--gan",
    "max_time": "--max-time",
    "oracle": "--oracle",
    "random_state": "--seed",
    "sampling_strategy": "--ratio",
}
PHRASES: Final = {
    "fallback='baseline'": "--fallback",
    "Drop it,": "Leave it out by --ignore,",
    "give a dict of the other classes": "give --ratio CLASS=NUMBER for each of the others",
}
# Values, such as the GAN of the name "gan", are quoted too, and stay.
_LONG: Final = re.compile(r"\S{200,}")
_PARAMETER: Final = re.compile(rf"`({'|'.join(OPTION_OF)})`|\bThe '({'|'.join(OPTION_OF)})' parameter of \w+")


class Commands(TyperGroup):
    """A group of commands that ends with one line on stderr instead of a traceback.

    Wrong usage and wrong input end with the exit code 2, what nobody foresaw with 1, Ctrl-C with 130.
    ``python -X dev -m gan_oversampler`` shows the traceback of an unforeseen error.
    """

    def main(self, *args: Any, **kwargs: Any) -> NoReturn:
        try:
            with warnings_as_lines():
                code = super().main(*args, **{**kwargs, "standalone_mode": False})
        except (KeyboardInterrupt, typer.Abort):
            code = _say("Interrupted; nothing was written.", INTERRUPTED)
        except (ValueError, OSError, ImportError) as error:
            code = _say(f"Error: {in_options(_text_of(error))}", WRONG_INPUT)
        except Exception as error:
            if not hasattr(error, "format_message"):  # those of the parser know what to tell
                code = _unexpected(error)
            else:
                code = _say(f"Error: {_ended(error.format_message())} See --help.", WRONG_INPUT)
        sys.exit(code)


@contextmanager
def warnings_as_lines() -> Iterator[None]:
    """Print each warning that is meant for users once, as a line on stderr; others are left out."""
    told: set[str] = set()

    def show(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        text = in_options(str(message))
        if text not in told:
            told.add(text)
            _say(f"Warning: {text}")

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.filterwarnings("always", category=UserWarning)
        warnings.showwarning = show
        yield


@contextmanager
def progress_on_stderr() -> Iterator[int]:
    """Keep stdout clean of progress; yields 1 for the sampler's ``verbose`` on a terminal, otherwise 0."""
    with redirect_stdout(sys.stderr):
        yield int(sys.stderr.isatty())


def in_options(message: str) -> str:
    """A message of the library in one line, with options of the command line instead of parameters.

    >>> in_options("Drop it, or list it in `categorical_features`.")
    'Leave it out by --ignore, or list it in --categorical.'
    """
    for phrase, text in PHRASES.items():
        message = message.replace(phrase, text)
    return " ".join(_PARAMETER.sub(lambda found: OPTION_OF[found[1] or found[2]], message).split())


def _text_of(error: Exception) -> str:
    """What an error says; that of the system without its number."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {error.filename}" if error.filename else error.strerror
    return str(error) or type(error).__name__


def _ended(message: str) -> str:
    """A message as a sentence: with one mark at its end."""
    text = message.rstrip(".")
    return text if text.endswith("?") else f"{text}."


def _unexpected(error: Exception) -> int:
    if sys.flags.dev_mode:
        raise error
    what = f"{type(error).__name__}: {in_options(str(error))}"
    return _say(f"Unexpected error: {what} (python -X dev -m gan_oversampler ... shows where.)", UNEXPECTED)


def tell(what: object) -> None:
    """Print what a command has found."""
    typer.echo(readable(str(what)))


def readable(text: str) -> str:
    """A text as a terminal can show it: nothing unseen, and words of hundreds of letters cut.

    >>> readable("x" * 1000) == "x" * 80 + "…" + "x" * 20
    True
    """
    return _LONG.sub(lambda found: f"{found[0][:80]}…{found[0][-20:]}", visible(text))


def _say(line: str, code: int = 0) -> int:
    print(readable(line), file=sys.stderr)
    return code
