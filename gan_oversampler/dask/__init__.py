"""Dask: tables of more rows than one machine holds, resampled partition by partition.

What training needs is gathered, the fit is the ordinary one, and new rows are drawn by tasks, where and when
they are needed. Nothing here is imported, nor is Dask, before a table of Dask is given. Start at
``resampling.py``.
"""
