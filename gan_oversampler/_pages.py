"""Where the pages of ``make docs`` are published, and how estimators link to them."""

from typing import Final

PAGES: Final = "https://gan-oversampler.github.io/gan_oversampler"


class DocumentedMixin:
    """Lets the HTML form of an estimator, as notebooks show it, link to its place on the page of the API.

    >>> from gan_oversampler import GANOversampler
    >>> GANOversampler()._get_doc_link().removeprefix(PAGES)
    '/api/gan_oversampler.html#GANOversampler'
    """

    _doc_link_module = "gan_oversampler"
    _doc_link_template = f"{PAGES}/api/gan_oversampler.html#{{estimator_name}}"
