"""The version of the product, as packaged."""

from __future__ import annotations

from metrics.version import VERSION

__all__ = ["VERSION"]
