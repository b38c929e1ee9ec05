"""Does a search for GANs pay? Planted landscapes, real tables, and a page of both."""
