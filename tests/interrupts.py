"""Ctrl-C at a chosen line of Python, and the state of the process that it may not change."""

import random
import signal
import sys
import warnings

import numpy as np
import sklearn
import torch
from threadpoolctl import threadpool_info

from gan_oversampler import _utils


def process_state():
    """Everything that belongs to the process and that a fit may change while it runs."""
    name, words, *rest = np.random.get_state()  # noqa: NPY002
    return {
        "threads of torch": torch.get_num_threads(),
        "threads of BLAS": [(library["filepath"], library["num_threads"]) for library in threadpool_info()],
        "numpy": (name, words.tolist(), rest),
        "torch": torch.get_rng_state().tolist(),
        "random": random.getstate(),
        "filters": (id(warnings.filters), list(warnings.filters)),
        "shows warnings": (warnings.showwarning, warnings._showwarnmsg_impl),
        "signal": signal.getsignal(signal.SIGINT),
        "numpy errors": np.geterr(),
        "scikit-learn": sklearn.get_config(),
        "gradients": (torch.is_grad_enabled(), torch.get_default_dtype()),
        "uses": (set(_utils._users), _utils._before),
    }


# Where state is changed and restored: these are traced line by line, all other code call by call.
CRITICAL = ("gan_oversampler/_utils.py", "gan_oversampler/_writing.py", "contextlib.py", "threadpoolctl.py")


class _Trace:
    """A trace function that counts events, and interrupts at the one of a number."""

    def __init__(self, interrupted):
        self.interrupted, self.n = interrupted, 0

    def __call__(self, frame, event, arg):
        self.n += 1
        if self.n == self.interrupted:
            sys.settrace(None)
            signal.raise_signal(signal.SIGINT)
        return self if frame.f_code.co_filename.endswith(CRITICAL) else None


def interrupted(action, at=0):
    """Run an action with a Ctrl-C at one of its events, calls and critical lines; 0 is none.

    Returned are the number of events until then, and whether KeyboardInterrupt came out.
    """
    trace, before, was_raised = _Trace(at), sys.gettrace(), False
    sys.settrace(trace)
    try:
        action()
    except KeyboardInterrupt:
        was_raised = True
    finally:
        sys.settrace(before)
    return trace.n, was_raised
