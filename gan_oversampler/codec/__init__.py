"""From a user table to encoded rows and back to a table of the same container and dtypes."""
