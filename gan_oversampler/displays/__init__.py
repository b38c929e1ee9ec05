"""Pictures of a fitted sampler, in the style of scikit-learn's displays."""
