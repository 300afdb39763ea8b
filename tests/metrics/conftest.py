"""Fixtures that several modules of tests share."""

from tests.metrics.city_day import day

__all__ = ["day"]
