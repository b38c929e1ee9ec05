"""Ctrl-C at a chosen line or moment, and the state of the process that it may not change."""

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
        **{library["filepath"]: library["num_threads"] for library in threadpool_info()},
        "numpy": (name, words.tolist(), rest),
        "torch": torch.get_rng_state().tolist(),
        "random": random.getstate(),
        "filters": list(warnings.filters),
        "shows warnings": (warnings.showwarning, warnings._showwarnmsg_impl),
        "signal": signal.getsignal(signal.SIGINT),
        "numpy errors": np.geterr(),
        "scikit-learn": sklearn.get_config(),
        "gradients": (torch.is_grad_enabled(), torch.get_default_dtype()),
        "limited": (set(_utils._users), _utils._before),
    }


def changes(before):
    """Names of what is no longer as it was, with both values."""
    now = process_state()
    return {name: (value, now[name]) for name, value in before.items() if value != now[name]}


def interrupt_line(action, files, at=0):
    """Run an action with a Ctrl-C at one of its lines in files of some names; 0 counts lines only.

    Returned are the number of lines, and whether KeyboardInterrupt came out.
    """
    n, was_raised, before = 0, False, sys.gettrace()

    def trace(frame, event, arg):
        nonlocal n
        if not frame.f_code.co_filename.endswith(files):
            return None
        n += event in ("call", "line")  # no signal comes at the end of a call, a trace does
        if n == at:
            sys.settrace(None)
            signal.raise_signal(signal.SIGINT)
        return trace

    sys.settrace(trace)
    try:
        action()
    except KeyboardInterrupt:
        was_raised = True
    finally:
        sys.settrace(before)
    return n, was_raised


def interrupt_after(seconds, action):
    """Run an action with a Ctrl-C after some seconds; tell whether KeyboardInterrupt came out."""
    before = signal.signal(signal.SIGALRM, lambda *args: signal.raise_signal(signal.SIGINT))
    try:
        signal.setitimer(signal.ITIMER_REAL, max(seconds, 1e-4))
        action()
    except KeyboardInterrupt:
        return True
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    return False
