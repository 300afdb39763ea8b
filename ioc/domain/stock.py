"""Stock: what a movement makes of an amount that never goes below nothing, nor above what there is room for.

Supplies and equipment are issued, returned, received; people come to and leave a shelter; a count corrects the amount.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, get_args

Kind = Literal["supply", "shelter"]
Movement = Literal["issue", "return", "receive", "admit", "leave", "correct"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
OF: Final[Mapping[Kind, Mapping[Movement, int]]] = {
    "supply": {"issue": -1, "return": 1, "receive": 1, "correct": 0},
    "shelter": {"admit": 1, "leave": -1, "correct": 0},
}
MOST: Final = 10_000_000


class Impossible(ValueError):
    """A movement that cannot be: `zh`, `en` say why."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.zh, self.en = zh, en


def change(kind: Kind, movement: str, amount: int, now: int, most: int) -> int:
    """What is added to `now` (negative: taken away). `most`: the room of a shelter, else how much anybody can mean.

    `correct` brings it to `amount`. Raises Impossible.
    """
    sign = OF[kind].get(movement)  # type: ignore[call-overload]
    if sign is None:
        raise Impossible(f"没有这种变动：{movement[:20]}。", f"There is no such movement: {movement[:20]}.")
    least = 0 if movement == "correct" else 1
    if not least <= amount <= MOST:
        raise Impossible(f"数量须为 {least} 至 {MOST}。", f"An amount of {least} to {MOST}.")
    delta = amount - now if movement == "correct" else sign * amount
    if now + delta < 0:
        raise Impossible(f"只有 {now}。", f"There are {now} only.")
    if now + delta > most:
        raise Impossible(f"只能容纳 {most}，现有 {now}。", f"There is room for {most}, and {now} are there.")
    return int(delta)


def low(amount: int, least: int) -> bool:
    """Whether a stock is below what must be there."""
    return amount < least
