"""Tables and labels: from the user's containers to float rows, and back.

Here live the column kinds, the containers (pandas, polars, arrays, lists, sparse), the geometry of encoded
rows and the coding of class labels. Nothing here may know torch networks, GANs or oracles; random numbers
come in as generators. Start at ``table_encoder.py``, which reads as the way of a table, then at ``layout.py``
for what an encoded row looks like.
"""
