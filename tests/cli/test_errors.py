import sys
import warnings

import pytest
from typer.main import get_command

from gan_oversampler.cli.commands import app
from gan_oversampler.cli.errors import OPTION_OF, in_options, progress_on_stderr, warnings_as_lines
from gan_oversampler.estimator import GANOversampler


def test_every_option_that_messages_name_is_one_of_the_command_line():
    options = {
        option for parameter in get_command(app).commands["resample"].params for option in parameter.opts
    }
    assert set(OPTION_OF.values()) <= options
    assert set(OPTION_OF) <= set(GANOversampler().get_params(deep=False))


@pytest.mark.parametrize(
    ("message", "line"),
    [
        ("The 'max_time' parameter of GANOversampler must\n be", "--max-time must be"),
        ("Known are 'gan', 'wgan'. Set `gan`.", "Known are 'gan', 'wgan'. Set --gan."),
        ("fallback='baseline' adds none.", "--fallback adds none."),
    ],
)
def test_messages_speak_of_options_in_one_line(message, line):
    assert in_options(message) == line


def test_warnings_for_users_are_told_once_and_others_never(capsys):
    before = warnings.filters[:]
    with warnings_as_lines():
        for _ in range(2):
            warnings.warn("much\nto say", UserWarning, stacklevel=1)
            warnings.warn("will be removed", FutureWarning, stacklevel=1)
    assert capsys.readouterr() == ("", "Warning: much to say\n")
    assert warnings.filters == before


def test_messages_end_with_one_mark(capsys):
    for word, end in (("resamle", "'sample'? See --help."), ("zzz", "'zzz'. See --help.")):
        with pytest.raises(SystemExit) as caught:
            get_command(app).main([word])
        assert caught.value.code == 2
        assert capsys.readouterr().err.rstrip().endswith(end)


def test_progress_leaves_stdout_to_results(capsys):
    with progress_on_stderr() as verbose:
        print("step 1")
    assert verbose == 0
    assert capsys.readouterr() == ("", "step 1\n")
    assert sys.stdout is not sys.stderr
