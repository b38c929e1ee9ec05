"""Pictures of a fit in scikit-learn's display style: one class per picture, drawn by ``from_estimator``."""
