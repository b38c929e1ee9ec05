"""What README and RESULTS claim, computed from the committed result files."""
