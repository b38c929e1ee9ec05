"""Reporting: what a fit did, as text, tables, one HTML page and pictures.

Here live the facts of a fit, the report that renders them, its page, the displays in scikit-learn's style,
the model summary, and the held-out evidence that they show. Nothing here may decide anything: reports are
written from finished facts. Start at ``facts.py``, then at ``report.py`` and ``displays/``.
"""
