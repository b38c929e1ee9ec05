"""Hostile input: bytes from strangers end in an error of this package, or in a lawful result.

``python -m tests.fuzz --cases 100000`` runs all targets, each in a process of its own, and goes on where it
was interrupted. It keeps what reaches new lines of the package, and mutates that further. Start at
``engine.py``.
"""
