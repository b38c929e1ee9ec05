"""Networks of many members as one tensor program."""
