"""The colours of the screens can be read: every pair of text and surface that is used keeps its contrast, and levels
differ for eyes that see few colours."""

from __future__ import annotations

import re
from itertools import combinations
from pathlib import Path

import pytest

TOKENS = dict(
    re.findall(
        r"--([a-z0-9-]+):(#[0-9A-Fa-f]{6})\b",
        (Path(__file__).resolve().parents[2] / "assets" / "tokens.css").read_text(encoding="utf-8"),
    )
)
SURFACES = ("bg", "panel", "field")
TEXTS = ("text", "muted", "faint", "red", "orange", "yellow", "blue", "accent", "map-label")
LEVELS = ("red", "orange", "yellow", "blue")
AMOUNTS = ("land", "amount-1", "amount-2", "amount-3", "amount-4", "amount-5", "raised-solid")
# Linear RGB as seen with no red, no green, no blue cones (Machado, Oliveira, Fernandes 2009, severity 1).
BLIND = {
    "protanopia": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deuteranopia": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "tritanopia": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
}


def linear(name: str) -> tuple[float, ...]:
    parts = [int(TOKENS[name][at : at + 2], 16) / 255 for at in (1, 3, 5)]
    return tuple(part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)


def luminance(name: str) -> float:
    red, green, blue = linear(name)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """WCAG 2.2, contrast ratio."""
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("surface", SURFACES)
@pytest.mark.parametrize("text", TEXTS)
def test_text_on_a_surface(text: str, surface: str) -> None:
    assert contrast(text, surface) >= 4.5


@pytest.mark.parametrize("level", [*LEVELS, "accent"])
def test_dark_text_on_a_chip_and_on_the_block_of_a_response(level: str) -> None:
    assert contrast("on-level", level) >= 4.5


@pytest.mark.parametrize("amount", AMOUNTS)
def test_names_on_every_shade_of_the_map(amount: str) -> None:
    assert contrast("map-label", amount) >= 4.5


@pytest.mark.parametrize("kind", BLIND)
def test_levels_differ_for_eyes_that_see_few_colours(kind: str) -> None:
    """By colour alone they need not be told apart (character, meter and size say them too); they must not be one."""
    seen = {
        level: tuple(sum(weight * part for weight, part in zip(row, linear(level), strict=True)) for row in BLIND[kind])
        for level in LEVELS
    }
    for one, other in combinations(LEVELS, 2):
        assert sum((a - b) ** 2 for a, b in zip(seen[one], seen[other], strict=True)) ** 0.5 > 0.1, (one, other)
