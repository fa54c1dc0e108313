"""Homes on both databases, as the store's own tests have them."""

from tests.store.conftest import home, url

__all__ = ["home", "url"]
