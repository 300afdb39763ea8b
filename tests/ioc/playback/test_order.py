"""Orders: what may be asked of a playback, and what a change of one changes."""

from __future__ import annotations

import pytest

from ioc.playback.order import Order, WrongOrder

NOON = 1_717_214_400_000


def order(**wishes: object) -> Order:
    given = {"at_ms": NOON, "speed": 60, "known": "then", **wishes}
    return Order.of("live", by="张", now_ms=NOON + 3_600_000, **given)  # type: ignore[arg-type]


def test_the_same_wishes_are_one_playback_and_others_another() -> None:
    assert order().id == order().id
    assert order().id.startswith("playback-")
    assert len({order().id, order(at_ms=NOON + 1).id, order(speed=1).id, order(known="now").id}) == 4


@pytest.mark.parametrize(
    ("field", "wish"),
    [("at", {"at_ms": 1.5}), ("at", {"at_ms": True}), ("at", {"at_ms": -1}), ("at", {"at_ms": 2**53}),
     ("speed", {"speed": 0.5}), ("speed", {"speed": 601}), ("speed", {"speed": -1}), ("speed", {"speed": "60"}),
     ("speed", {"speed": float("nan")}), ("known", {"known": "later"}), ("known", {"known": None})],
)  # fmt: skip
def test_what_cannot_be_shown_is_refused_by_the_name_of_its_part(field: str, wish: dict[str, object]) -> None:
    with pytest.raises(WrongOrder) as refused:
        order(**wish)
    assert refused.value.field == field


def test_another_speed_is_no_other_moment_and_another_knowledge_is() -> None:
    first = order()
    faster = first.changed({"speed": 600}, NOON + 9_000, by="李", now_ms=NOON + 3_600_000)
    assert (faster.id, faster.number, faster.seek, faster.speed, faster.by) == (first.id, 1, 0, 600.0, "李")
    known = faster.changed({"known": "now"}, NOON + 12_000, by="李", now_ms=NOON + 3_600_000)
    assert (known.number, known.seek, known.at_ms, known.known) == (2, 2, NOON + 12_000, "now")
    sought = known.changed({"at": NOON}, NOON + 15_000, by="李", now_ms=NOON + 3_600_000)
    assert (sought.seek, sought.at_ms) == (3, NOON)
    with pytest.raises(WrongOrder):
        first.changed({"world": "other"}, NOON, by="", now_ms=NOON)


def test_an_order_reads_back_as_it_was_written() -> None:
    assert Order.from_json(order().to_json()) == order()
    with pytest.raises(ValueError, match="another version"):
        Order.from_json('{"v": 2}')
