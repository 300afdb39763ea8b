"""Units of measure as products of powers: `km / (km/h)` is `h`. They never convert into one another."""

from __future__ import annotations

import re
from functools import lru_cache

_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹·", "0123456789*")
_FACTOR = re.compile(r"(.*?[^0-9])([0-9]+)")


@lru_cache(maxsize=1024)
def powers(unit: str | None) -> tuple[tuple[str, int], ...]:
    """The factors of a unit with their exponents, sorted: `ug/m3` is (("m", -3), ("ug", 1)). None and `1` have none."""
    found: dict[str, int] = {}
    for place, side in enumerate((unit or "").translate(_SUPERSCRIPTS).split("/")):
        for factor in side.split("*"):
            name = factor.strip()
            if name in ("", "1"):
                continue
            match = _FACTOR.fullmatch(name)
            symbol, exponent = (match[1], int(match[2])) if match else (name, 1)
            found[symbol] = found.get(symbol, 0) + (exponent if place == 0 else -exponent)
    return tuple(sorted((symbol, exponent) for symbol, exponent in found.items() if exponent))


def same(left: str | None, right: str | None) -> bool:
    """Whether two units are one: `m*m` and `m2` are, `m` and `km` are not."""
    return powers(left) == powers(right)


def product(left: str | None, right: str | None) -> str | None:
    """The unit of a product; None when nothing is left."""
    return _combine(left, right, 1)


def quotient(left: str | None, right: str | None) -> str | None:
    """The unit of a quotient; None when nothing is left."""
    return _combine(left, right, -1)


def _combine(left: str | None, right: str | None, sign: int) -> str | None:
    if right is None:
        return left
    total = dict(powers(left))
    for symbol, exponent in powers(right):
        total[symbol] = total.get(symbol, 0) + sign * exponent
    above = [symbol + (str(n) if n > 1 else "") for symbol, n in sorted(total.items()) if n > 0]
    below = [symbol + (str(-n) if n < -1 else "") for symbol, n in sorted(total.items()) if n < 0]
    return "/".join(["*".join(above) or "1", *below]) if above or below else None
