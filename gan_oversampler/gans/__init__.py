"""GANs as values: what may be trained, and by which losses, objectives and controllers.

Here live the parameters of a ``GAN``, the presets of the literature, losses, divergences, the smooth held-out
utility, evolution and feedback controllers, all of them values or pure functions of tensors. Nothing here
may hold training state or random numbers. Start at ``gan.py``, then at ``losses.py`` and ``loss_terms.py``.
"""
