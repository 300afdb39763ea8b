"""Use cases: one call, one transaction. `make_links` is what a supervisor needs of them."""

from ioc.services.links import make_links

__all__ = ["make_links"]
