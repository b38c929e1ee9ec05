"""Tables and class labels: from the user's containers to float32 rows, and back.

Here live the kinds of columns, the containers (pandas, polars, arrays, lists, sparse matrices), the geometry
of encoded rows and the coding of class labels. Nothing here may know networks, GANs or oracles, and random
numbers are drawn from generators that the caller passes. Start at ``table_encoder.py``, which learns, encodes
and decodes a table, then read ``layout.py``, which says what an encoded row looks like.
"""
