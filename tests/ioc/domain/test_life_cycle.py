"""A life cycle: only what the table allows is done, and what it refuses it refuses for a reason."""

from __future__ import annotations

import pytest

from ioc.domain.life_cycle import LifeCycle, Move, MoveRefused, Stage

HANDLE = ["incident.handle"]


def table(*moves: Move) -> LifeCycle:
    stages = [Stage("new", "新", "new"), Stage("open", "办", "open"), Stage("done", "结", "done", final=True)]
    return LifeCycle("thing", {stage.id: stage for stage in stages}, {move.id: move for move in moves})


def move(name: str, sources: tuple[str, ...], to: str, needs: tuple[str, ...] = (), *, held: bool = False) -> Move:
    return Move(name, name, name, frozenset(sources), to, "incident.handle", needs, (), held)


CYCLE = table(
    move("begin", ("new",), "open", ("org",)), move("finish", ("open",), "done"),
    move("return", ("open",), "<", ("reason",)), move("note", (), "", held=True), move("reopen", ("done",), "open"),
)  # fmt: skip


def why(stage: str, name: str, said: dict[str, object], permissions: list[str] = HANDLE, **more: object) -> object:
    with pytest.raises(MoveRefused) as refused:
        CYCLE.move(stage, name, said, permissions, **more)  # type: ignore[arg-type]
    return refused.value.why, refused.value.fields


def test_a_move_leads_where_the_table_says():
    assert CYCLE.first.id == "new"
    assert CYCLE.move("new", "begin", {"org": "城管"}, HANDLE).id == "open"
    assert CYCLE.move("open", "note", {}, HANDLE).id == "open"
    assert CYCLE.move("open", "return", {"reason": "错"}, HANDLE, before="new").id == "new"


def test_a_move_is_refused_for_its_reason():
    assert why("new", "fly", {}) == ("unknown", ())
    assert why("done", "begin", {"org": "a"}) == ("stage", ())
    assert why("done", "note", {}) == ("stage", ())  # nothing stays open at an end
    assert why("new", "begin", {"org": "a"}, ["wall.view"]) == ("permission", ("incident.handle",))
    assert why("new", "begin", {"org": ""}) == ("missing", ("org",))
    assert why("open", "finish", {}, held=True) == ("held", ())
    assert why("open", "return", {"reason": "x"}) == ("stage", ())  # there is no stage before


def test_what_may_be_done_is_told_in_the_order_of_the_table():
    assert [each.id for each in CYCLE.open_moves("open", HANDLE)] == ["finish", "return", "note"]
    assert [each.id for each in CYCLE.open_moves("open", HANDLE, held=True)] == ["note"]
    assert CYCLE.open_moves("open", ["wall.view"]) == ()


def test_a_table_that_cannot_be_walked_says_where():
    assert list(CYCLE.faults()) == []
    assert list(table(move("begin", ("new",), "open")).faults()) == [
        ("new", "由此无法办结 no way leads from here to an end"),
        ("open", "由此无法办结 no way leads from here to an end"),
        ("done", "无法到达 no way leads there"),
    ]
    assert [name for name, _ in table(move("begin", ("old",), "far"), move("end", (), "done")).faults()] == [
        "begin", "begin", "open",
    ]  # fmt: skip
