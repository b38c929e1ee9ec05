"""Pictures in scikit-learn's style."""
