"""The command ``gan-oversampler``: tables in files, without a line of Python.

It uses what the package offers to everybody, and nothing imports it. Start with ``commands.py``; what the
commands do is in ``resampling.py`` and ``comparison.py``.
"""

import sys

MISSING = "Error: The command line needs {}. Install it with: pip install 'gan-oversampler[cli]'."


def main() -> None:
    """Run the command line with the arguments of the process, and end the process with its exit code.

    The code is 0 if all went well, 2 if the command or the input is wrong or a library of the extra ``cli``
    is missing, 1 for an unexpected error and 130 after Ctrl-C.
    """
    try:
        import pyarrow  # noqa: F401
        import typer  # noqa: F401
    except ImportError as error:
        print(MISSING.format(error.name), file=sys.stderr)
        sys.exit(2)
    from gan_oversampler.cli.commands import app

    app()
