"""Makes the pages of ``make docs``: guides, notebooks and the API, in one folder that needs no server."""
