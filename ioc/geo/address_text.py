"""Address text: the one form of an address that is written in many ways, and how alike two such forms are. Pure.

Folded are full width, case, blanks and punctuation; Chinese numerals before a counter (十二栋) become digits; words
that mean the same (address_words.toml) become one; what stands above the district is left out.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterable
from functools import cache
from pathlib import Path

WORDS = Path(__file__).with_name("address_words.toml")
CONTAINED = 0.9  # likeness of a text that goes on behind a known address: it lies in it
OTHER_NUMBER = 0.5  # factor where house numbers differ: 1 号 is not 11 号, however alike they look
_DIGITS = {digit: value for value, digit in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_NUMERAL = re.compile(r"[零〇一二两三四五六七八九十百]+(?=号|栋|单元|层|楼|室|期)")
_IGNORED = re.compile(r"[\W_]+")
_NUMBERS = re.compile(r"\d+|[a-z]+")


def normal(text: str, district: str = "") -> str:
    """The form of a text; empty where nothing is left. `district`: its name, left out at the beginning."""
    prefixes, same = _words()
    form = _IGNORED.sub("", unicodedata.normalize("NFKC", text).lower())
    for word, others in same:
        for other in others:
            form = form.replace(other, word)
    form = _NUMERAL.sub(_arabic, form)
    for prefix in (*prefixes, district):
        form = form.removeprefix(prefix)
    return form


def features(form: str) -> frozenset[str]:
    """Its characters and neighbouring pairs of them: what likeness is counted in."""
    return frozenset(form) | frozenset(form[at : at + 2] for at in range(len(form) - 1))


def contains(known: str, asked: str) -> bool:
    """Whether a form that goes on behind a known one lies in it: a number decides, 翠竹路1号 holds 翠竹路1号3栋."""
    rest = asked.removeprefix(known)
    if not known or rest == asked or not rest or (known[-1].isdigit() and rest[0].isdigit()):
        return False
    return bool(_NUMBERS.search(known)) or bool(_NUMBERS.match(rest))


def same_numbers(one: str, other: str) -> bool:
    """Whether the numbers and letters of the shorter list begin the longer one."""
    first, second = _NUMBERS.findall(one), _NUMBERS.findall(other)
    return all(left == right for left, right in zip(first, second, strict=False))


@cache
def _words() -> tuple[tuple[str, ...], tuple[tuple[str, tuple[str, ...]], ...]]:
    table = tomllib.loads(WORDS.read_text(encoding="utf-8"))
    same: Iterable[tuple[str, list[str]]] = table["same"].items()
    return tuple(table["prefixes"]), tuple((word, tuple(others)) for word, others in same)


def _arabic(found: re.Match[str]) -> str:
    """Digits of a numeral below a thousand; figure by figure where it has neither 十 nor 百 (五〇二室)."""
    text = found[0]
    if not any(unit in text for unit in "十百"):
        return "".join(str(_DIGITS[digit]) for digit in text)
    total, digit = 0, None
    for character in text:
        if character in "十百":
            total += (1 if digit is None else digit) * (10 if character == "十" else 100)
            digit = None
        else:
            digit = _DIGITS[character]
    return str(total + (digit or 0))
