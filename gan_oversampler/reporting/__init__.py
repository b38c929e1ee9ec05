"""The report of a fit: text, JSON, HTML and displays."""
