"""Judges of candidate generators: downstream scores and distances between distributions."""
