"""Processes that are killed at random moments, for tests of what they leave."""

import multiprocessing
import random


def kill_at_random(target, *args, kills, seconds, seed=0):
    """Run ``target(began, *args)`` until so many processes were killed; yield after each whether it was.

    ``target`` sets the event ``began`` once it has imported and read what it needs; the kill comes up to so
    many seconds later, where the process has not ended by then. Of four processes one must be late enough.
    """
    context, draw = multiprocessing.get_context("forkserver"), random.Random(seed)
    context.set_forkserver_preload([target.__module__])
    n_killed, n_started = 0, 0
    while n_killed < kills:
        assert (n_started := n_started + 1) <= 4 * kills, "processes end before they can be killed"
        began = context.Event()
        process = context.Process(target=target, args=(began, *args))
        process.start()
        assert began.wait(120)
        process.join(draw.uniform(0, seconds))
        was_killed = process.is_alive()
        process.kill()
        process.join()
        assert was_killed or process.exitcode == 0
        n_killed += was_killed
        yield was_killed
