"""Scoring candidates on held-out rows and choosing what samples."""
