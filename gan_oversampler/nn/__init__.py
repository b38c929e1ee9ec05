"""Networks: many small members computed as one batched tensor program.

Here live perceptrons, convolutions, cells, autoencoders, optimisers and the generator that turns a base row
and noise into a new row; the parameters of P members are one buffer ``(P, N)``. Nothing here may know how
they are trained, scored or drawn from. Start at ``packed.py`` for the buffer, then at ``generator.py``.
"""
