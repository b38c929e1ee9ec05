"""Training: batches, steps, and the loop in which oracles decide when to stop.

Here live the members of a population, their batches, the updates of critic and generator, and the AutoGAN
loop. Scores come in as a function, so the loop knows no oracle and can be tested on a script of numbers.
Start at ``loop.py``, then at ``population.py`` and ``steps.py``.
"""
