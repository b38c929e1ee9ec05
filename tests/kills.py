"""Processes that are killed at random moments, for tests of what they leave."""

import multiprocessing
import random


def kill_at_random(target, *args, kills, seconds, seed=0):
    """Run ``target(began, *args)`` in so many processes; yield after each whether it was killed in time.

    ``target`` sets the event ``began`` once it has imported and read what it needs; the kill comes up to so
    many seconds later.
    """
    context, draw = multiprocessing.get_context("forkserver"), random.Random(seed)
    context.set_forkserver_preload([target.__module__])
    for _ in range(kills):
        began = context.Event()
        process = context.Process(target=target, args=(began, *args))
        process.start()
        assert began.wait(120)
        process.join(draw.uniform(0, seconds))
        was_killed = process.is_alive()
        process.kill()
        process.join()
        assert was_killed or process.exitcode == 0
        yield was_killed
