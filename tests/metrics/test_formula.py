"""The formula language: what parses, how it prints, and what each mistake is told."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from metrics.formula import (
    BOOL,
    DURATION,
    INTEGER,
    NUMBER,
    TEXT,
    TIME,
    FormulaError,
    Node,
    Now,
    Side,
    Type,
    check,
    names,
    parse,
    problems,
    text,
    uses_now,
    warnings,
)
from metrics.formula_syntax import Between, Binary, Call, Duration, In, Name, Null, Number, Unary
from tests.metrics.formula_trees import trees

KM_H = Type("number", scale=2, unit="km/h")
SCOPE = {
    "status": Type("text", values=frozenset({"filed", "closed"}), nullable=True),
    "org": TEXT,
    "speed": KM_H,
    "length_km": Type("number", scale=3, unit="km"),
    "vehicles": INTEGER,
    "deadline": TIME,
    "closed_at": TIME,
    "took": DURATION,
    "extended": BOOL,
    "place": Type("point"),
    "value": Type("number", unit="km/h"),
}
FORMULA = {"on_time": NUMBER, "due": NUMBER, "region('population')": NUMBER, "entered('days')": NUMBER}


def mistake(source: str, side: Side = "row", now: Now = "free") -> tuple[str, int]:
    """Rule and column of the first error."""
    with pytest.raises(FormulaError) as caught:
        check(parse(source), SCOPE if side == "row" else FORMULA, side, now=now, owner="case")
    assert caught.value.message_zh
    return caught.value.rule, caught.value.column


# Parsing and printing.


def test_and_binds_tighter_than_or_and_not_tighter_than_and() -> None:
    a, b, c = Name("a"), Name("b"), Name("c")
    assert parse("a or not b and c") == Binary("or", a, Binary("and", Unary("not", b), c))


def test_sums_and_products_group_to_the_left() -> None:
    a, b, c = Name("a"), Name("b"), Name("c")
    assert parse("a - b - c") == Binary("-", Binary("-", a, b), c)
    assert parse("a / b * c") == Binary("*", Binary("/", a, b), c)
    assert parse("-a * b") == Binary("*", Unary("-", a), b)


def test_between_takes_the_first_and() -> None:
    assert parse("a between 1 and 2 and b") == Binary(
        "and", Between(Name("a"), Number(1, 0), Number(2, 0), False), Name("b")
    )


def test_in_takes_signed_literals() -> None:
    assert parse("a not in (-1.5, null, 2h)") == In(Name("a"), (Number(-15, 1), Null(), Duration(2, "h")), True)


def test_a_name_before_a_bracket_is_a_function() -> None:
    assert parse("min(min, 1)") == Call("min", (Name("min"), Number(1, 0)))


def test_a_quote_in_a_text_is_written_twice() -> None:
    assert text(parse("a = 'it''s'")) == "a = 'it''s'"


def test_decimals_are_kept_as_written() -> None:
    assert text(parse("0.050 + 10")) == "0.050 + 10"


@settings(max_examples=500, deadline=None)
@given(trees)
def test_a_printed_tree_parses_back_to_it(tree: Node) -> None:
    printed = text(tree)
    if len(printed) <= 2_000:
        assert parse(printed) == tree


@settings(max_examples=500, deadline=None)
@given(st.text(max_size=80))
@example("'")
@example("1 .5")
@example("\x00")
@example("٣ + 1")
def test_any_text_parses_or_raises_a_formula_error(source: str) -> None:
    column = 1
    try:
        parse(source)
    except FormulaError as error:
        column = error.column
    assert 1 <= column <= len(source) + 1


WORDS = ["a", "1", "2.5", "3h", "'x'", "(", ")", ",", "+", "-", "*", "/", "=", "<", "and", "or", "not", "in", "between"]


@settings(max_examples=500, deadline=None)
@given(st.lists(st.sampled_from([*WORDS, "is", "null", "true", "if", "min", "now"]), max_size=40).map(" ".join))
def test_any_words_parse_and_print_or_raise_a_formula_error(source: str) -> None:
    try:
        tree = parse(source)
    except FormulaError:
        return
    assert parse(text(tree)) == tree
    problems(tree, {"a": NUMBER}, "row")


@pytest.mark.parametrize(
    ("source", "column"),
    [
        ("", 1),
        ("a +", 4),
        ("a b", 3),
        ("(a", 3),
        ("a = b = c", 7),
        ("a < b < c", 7),
        ("not a = b < c", 11),
        ("1 + not a", 5),
        ("a.b", 2),
        ("a[0]", 2),
        ("a ** 2", 4),
        ("a = 'x", 5),
        ("5.5h", 1),
        ("3weeks", 1),
        ("a in ()", 7),
        ("a in (b)", 7),
        ("a is 5", 6),
        ("a not 5", 7),
        ("f(1,)", 5),
        ("and", 1),
        ("1.", 2),
        ("x := 1", 3),
        ("lambda: 1", 7),
    ],
)
def test_syntax_errors_point_at_the_offending_token(source: str, column: int) -> None:
    with pytest.raises(FormulaError) as caught:
        parse(source)
    assert (caught.value.rule, caught.value.column) == ("syntax", column)


def test_more_than_two_thousand_characters_are_refused() -> None:
    assert parse("1" + " " * 1_999)
    with pytest.raises(FormulaError, match="2001: limit"):
        parse("1" + " " * 2_000)


def test_more_than_a_thousand_nodes_are_refused() -> None:
    assert parse(f"f({'-1,' * 499}1)")
    with pytest.raises(FormulaError, match="limit: more than 1,000 nodes"):
        parse(f"f({'-1,' * 499}-1)")


@pytest.mark.parametrize(
    "source", ["(" * 65 + "1" + ")" * 65, "-" * 65 + "1", "not " * 65 + "a", "abs(" * 65 + "1" + ")" * 65]
)
def test_nesting_deeper_than_64_is_refused(source: str) -> None:
    with pytest.raises(FormulaError, match="limit: nested deeper"):
        parse(source)


def test_a_sum_is_one_level_deep_and_has_at_most_200_terms() -> None:
    node = parse("+".join(["1"] * 200))
    assert check(node, {}, "value") == INTEGER
    assert parse(text(node)) == node
    with pytest.raises(FormulaError, match="limit: more than 200 operators"):
        parse("+".join(["1"] * 201))
    with pytest.raises(FormulaError, match="limit: nested deeper"):
        parse("(1+1*" * 33 + "1" + ")" * 33)


def test_a_duration_beyond_any_calendar_is_refused() -> None:
    with pytest.raises(FormulaError, match="1: literal"):
        parse("9" * 20 + "w")


# Names.


def test_names_are_fields_and_references() -> None:
    tree = parse("on_time / region( 'population' ) + abs(entered('days')) + elapsed('year')")
    assert names(tree) == {"on_time", "region('population')", "entered('days')"}


def test_now_and_elapsed_use_the_clock() -> None:
    assert uses_now(parse("a < now() - 3h"))
    assert uses_now(parse("x * elapsed('year')"))
    assert not uses_now(parse("now < 3"))


# Checking.


def test_an_unknown_field_is_named_with_its_neighbour() -> None:
    with pytest.raises(FormulaError) as caught:
        check(parse("       statuss != 'void'"), SCOPE, "row", owner="case")
    assert str(caught.value) == "8: unknown-name: 'statuss' is not a field of case; did you mean status?"
    assert caught.value.message_zh == "'statuss' 不是case 的字段;是否指 status?"


def test_every_mistake_of_an_expression_is_found() -> None:
    _, errors = problems(parse("statuss = 'x' and pct(speed) > nowhere"), SCOPE, "row")
    assert [(error.column, error.rule) for error in errors] == [
        (1, "unknown-name"),
        (19, "arity"),
        (32, "unknown-name"),
    ]


@pytest.mark.parametrize(
    ("source", "rule", "column"),
    [
        ("org + 1", "type", 1),
        ("1 + org", "type", 5),
        ("deadline + closed_at", "type", 10),
        ("deadline - 1", "type", 10),
        ("2 / took", "type", 3),
        ("deadline * 2", "type", 1),
        ("speed = 'x'", "type", 9),
        ("deadline < 3h", "type", 12),
        ("extended < true", "type", 1),
        ("place = place", "type", 1),
        ("not speed", "type", 5),
        ("speed and extended", "type", 1),
        ("-org", "type", 2),
        ("speed + length_km", "unit", 9),
        ("speed * 2 < length_km", "unit", 13),
        ("max(speed, length_km)", "unit", 12),
        ("if(extended, speed, length_km)", "unit", 21),
        ("minutes(took) + hours(took)", "unit", 17),
        ("status = 'cloesd'", "literal", 10),
        ("status in ('filed', 'void')", "literal", 21),
        ("match(status, 'gone', 1, 0)", "literal", 15),
        ("match(org, status, 1, 0)", "literal", 12),
        ("bands(vehicles, 0, 50, 1, 40, 2)", "literal", 27),
        ("bands(vehicles, 0, 50, 1, 40)", "arity", 1),
        ("interp(vehicles, 5, 1, 5, 2)", "literal", 24),
        ("interp(vehicles, vehicles, 1)", "literal", 18),
        ("round(speed, vehicles)", "literal", 14),
        ("round(speed, 10)", "literal", 14),
        ("hour(took)", "type", 6),
        ("hours(deadline)", "type", 7),
        ("number(speed)", "type", 8),
        ("rounds(speed)", "unknown-function", 1),
        ("worked(deadline, closed_at, 'office')", "unknown-name", 29),
        ("region('population')", "unknown-function", 1),
        ("__import__('os')", "syntax", 1),
    ],
)
def test_mistakes_of_row_expressions(source: str, rule: str, column: int) -> None:
    if rule == "syntax":
        with pytest.raises(FormulaError, match="1: syntax"):
            parse(source)
    else:
        assert mistake(source) == (rule, column)


@pytest.mark.parametrize(
    ("source", "rule", "column"),
    [
        ("on_tme / due", "unknown-name", 1),
        ("region('populatoin')", "unknown-name", 8),
        ("region(due)", "literal", 8),
        ("elapsed('decade')", "literal", 9),
        ("elapsed()", "arity", 1),
        ("zscore(due)", "type", 8),
    ],
)
def test_mistakes_of_formulas(source: str, rule: str, column: int) -> None:
    assert mistake(source, "value") == (rule, column)


def test_where_must_be_bool_and_a_formula_a_number() -> None:
    with pytest.raises(FormulaError, match=r"1: type: speed \* 2 is a number; a bool is needed"):
        check(parse("speed * 2"), SCOPE, "row", want="bool")
    with pytest.raises(FormulaError, match="1: type: due > 0 is a bool; a number is needed"):
        check(parse("due > 0"), FORMULA, "value", want="number")


@pytest.mark.parametrize(
    ("source", "scale"),
    [
        ("speed", 2),
        ("vehicles", 0),
        ("length_km + 2.0001", 4),
        ("vehicles * length_km", 3),
        ("speed * 0.25", 4),
        ("-speed + 1.5", 2),
        ("speed * speed * speed * speed * speed", None),
        ("vehicles / 2", None),
        ("floor(speed)", None),
        ("if(extended, speed, 1.125)", 3),
        ("coalesce(speed, 0)", 2),
        ("min(vehicles, 2)", 0),
        ("number(extended)", 0),
        ("abs(speed)", 2),
        ("hours(took)", None),
        ("value * 2", None),
    ],
)
def test_the_scale_follows_from_the_expression(source: str, scale: int | None) -> None:
    assert check(parse(source), SCOPE, "row").scale == scale


@pytest.mark.parametrize(
    ("source", "unit"),
    [
        ("length_km / speed", "h"),
        ("vehicles * length_km / speed", "h"),
        ("speed / speed", None),
        ("speed + 5", "km/h"),
        ("5 + speed", "km/h"),
        ("length_km * length_km", "km2"),
        ("1 / speed", "h/km"),
        ("pct(speed, value)", "%"),
        ("minutes(deadline - closed_at)", "min"),
        ("match(org, 'a', speed, 3)", "km/h"),
        ("interp(speed, 0, 10, 20, 8)", None),
    ],
)
def test_units_multiply_and_divide(source: str, unit: str | None) -> None:
    assert check(parse(source), SCOPE, "row").unit == unit


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("deadline - closed_at", "duration"),
        ("deadline + 24h", "time"),
        ("24h + deadline", "time"),
        ("took * 2", "duration"),
        ("2 * took", "duration"),
        ("took / 1h", "number"),
        ("place is not null", "bool"),
        ("coalesce(org, status)", "text"),
        ("deadline between now() and now() + 30d", "bool"),
        ("null", "null"),
        ("if(extended, null, 3)", "number"),
    ],
)
def test_kinds(source: str, kind: str) -> None:
    assert check(parse(source), SCOPE, "row").kind == kind


# now().


@pytest.mark.parametrize(
    "source",
    [
        "deadline < now()",
        "closed_at is null and deadline < now() - 2h",
        "now() - deadline > 30m",
        "deadline between now() and now() + 30d",
        "not (deadline + 5m >= now())",
    ],
)
def test_where_may_compare_now(source: str) -> None:
    assert check(parse(source), SCOPE, "row", now="flips") == BOOL


@pytest.mark.parametrize(
    ("source", "column"),
    [
        ("hour(now()) < 8", 6),
        ("minutes(now() - deadline) > 3", 9),
        ("speed > number(deadline < now()) + hour(now())", 41),
    ],
)
def test_where_may_not_use_now_otherwise(source: str, column: int) -> None:
    assert mistake(source, now="flips") == ("window", column)


def test_a_place_in_time_may_not_use_now() -> None:
    assert mistake("now() + 5m", now="never") == ("window", 1)


def test_a_negative_comparison_with_a_nullable_field_is_warned_of() -> None:
    found = warnings(parse("extended and status != 'filed' or org != 'x'"), SCOPE)
    assert [str(warning) for warning in found] == ["14: type: rows whose status is null are dropped"]
