"""Can one trust the new rows? Distances to unseen rows, shares, extremes and scores, against stated bars.

``python -m benchmarks.studies.fidelity run`` measures tables, ``checks`` made columns with a known answer,
``toys`` draws rows to look at, ``page`` writes ``results/fidelity.md`` and the pictures from all of them.
"""
