"""A letter: the text of a batch as a person reads it on a phone, with the way to answer it."""

from __future__ import annotations

from typing import Final

from ioc.services.deliveries import Batch, Letter

MOST_LINE: Final = 120  # characters of one message in a digest


def written(batch: Batch, link_base: str) -> tuple[str, str]:
    """Title and body. `link_base`: the address of the web server, under which answers are given."""
    if len(batch.letters) == 1:
        letter = batch.letters[0]
        return _title(letter), "\n".join(
            part for part in (letter.body, _answer(letter, link_base), _id(letter)) if part
        )
    lines: list[str] = []
    for number, letter in enumerate(batch.letters, 1):
        answer = f" {link_base}/receipt/{letter.token}" if letter.token else ""
        lines.append(f"{number}. {_title(letter)[:MOST_LINE]}{answer}")
    count = len(batch.letters)
    return f"{count} 条消息汇总 a digest of {count} messages", "\n".join(lines)


def _title(letter: Letter) -> str:
    return letter.title if letter.world == "live" else f"【演练 exercise】{letter.title}"


def _answer(letter: Letter, link_base: str) -> str:
    return f"回执 answer: {link_base}/receipt/{letter.token}" if letter.token else ""


def _id(letter: Letter) -> str:
    return f"编号 id: {letter.message_id[:12]}"
