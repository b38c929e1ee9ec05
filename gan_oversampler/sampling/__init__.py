"""Drawing rows: geometric samplers, generators, rejection, refinement, policies."""
