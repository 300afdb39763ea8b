"""The version of the product, as packaged."""

from __future__ import annotations

from importlib import metadata

try:
    VERSION = metadata.version("luohu-ioc")
except metadata.PackageNotFoundError:  # a bare checkout that was never installed
    VERSION = "0+checkout"
