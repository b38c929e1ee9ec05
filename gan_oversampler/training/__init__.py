"""Training: feeds of batches, the population as one tensor program, the loop that knows when to stop."""
