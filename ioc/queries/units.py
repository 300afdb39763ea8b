"""Units as each language writes them."""

from __future__ import annotations

from collections.abc import Mapping

# Units that Chinese counts in, in English; all others are written alike. A count of what its name says has none.
ENGLISH: Mapping[str, str] = {
    "件": "cases", "个": "", "起": "", "处": "places", "条": "", "人/m²": "/m²", "次": "times", "人": "persons",
    "级": "level", "分": "points", "份": "", "段": "roads", "人/min": "persons/min",
}  # fmt: skip


def unit_in(unit: str, lang: str) -> str:
    """A unit of the packs in `zh` or `en`."""
    return ENGLISH.get(unit, unit) if lang == "en" else unit
