"""The version of the program, as packaged: it stands in what outlives a process."""

from __future__ import annotations

from importlib import metadata

try:
    VERSION = metadata.version("luohu-ioc")
except metadata.PackageNotFoundError:  # a bare checkout that was never installed
    VERSION = "0+checkout"
