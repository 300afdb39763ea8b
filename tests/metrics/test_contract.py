"""The contract of a source: every row is accepted or rejected once, with field and rule."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from metrics.codec import RawColumn, coded, decode, pack
from metrics.contract import Admission, Contract
from metrics.declaration import Faults
from metrics.source_declaration import read_sources

NOW = 1_717_171_200_000
ROADS: dict[str, Any] = {
    "kind": "readings",
    "time": "time",
    "entity": "road",
    "future": "1m",
    "fields": {
        "time": {"type": "time"},
        "road": {"type": "text"},
        "speed": {"type": "decimal", "scale": 1, "range": [0, 150], "missing": ["-999", "0"]},
        "vehicles": {"type": "int", "range": [0, 1000]},
        "class": {"type": "category", "values": ["arterial", "secondary"]},
        "closed": {"type": "bool"},
    },
}


def contract(**fields: dict[str, Any]) -> Contract:
    faults = Faults()
    table = ROADS | {"fields": ROADS["fields"] | fields}
    found = read_sources(faults, [("sources.toml", "traffic", table)], {})
    assert faults.lines == []
    return Contract.from_source(found["traffic"])


def admit(*rows: dict[str, bytes], rules: Contract | None = None) -> Admission:
    rules = rules or contract()
    entries = []
    for place, row in enumerate(rows):
        given = {"t": b"1717171200000", "k": b"LH001"} | row
        entries.append([b"%d-0" % place, [part for name, value in given.items() for part in (name.encode(), value)]])
    (run,) = decode(entries, rules.wanted).runs
    return rules.admit(run, NOW)


def letter(row: dict[str, bytes], rules: Contract | None = None) -> tuple[str, str]:
    admission = admit(row, rules=rules)
    assert admission.batch is None
    assert sum(admission.rejected.values()) == 1
    return admission.letters[0].field, admission.letters[0].rule


def test_a_row_that_keeps_the_contract_is_typed() -> None:
    batch = admit({"speed": b"31.55", "vehicles": b"7", "class": b"arterial", "closed": b"true"}).batch
    assert batch is not None
    assert batch.time.tolist() == [NOW]
    assert [batch.entities[code] for code in batch.entity] == ["LH001"]
    assert batch.fields["speed"].values.tolist() == [316]  # 31.55 lies between 31.5 and 31.6; the even one is 31.6
    assert batch.fields["speed"].scale == 1
    assert batch.fields["vehicles"].values.tolist() == [7]
    assert batch.fields["closed"].values.tolist() == [1]
    dictionary = batch.fields["class"].dictionary
    assert dictionary is not None
    assert dictionary[batch.fields["class"].values[0]] == "arterial"


def test_empty_cells_and_sentinels_are_null() -> None:
    batch = admit({"speed": b"0.0"}, {"speed": b"-999"}, {"speed": b""}, {"speed": b"5"}).batch
    assert batch is not None
    valid = batch.fields["speed"].valid
    assert valid is not None
    assert valid.tolist() == [False, False, False, True]


def test_a_sentinel_is_the_number_itself_and_not_what_rounds_to_it() -> None:
    batch = admit({"speed": b"0.04"}).batch
    assert batch is not None
    assert batch.fields["speed"].valid is None
    assert batch.fields["speed"].values.tolist() == [0]


def test_bounds_are_inclusive() -> None:
    assert admit({"speed": b"150.0"}, {"vehicles": b"1000"}).batch is not None
    assert letter({"speed": b"150.1"}) == ("speed", "range")
    assert letter({"vehicles": b"-1"}) == ("vehicles", "range")


def test_what_does_not_parse_is_of_the_wrong_type() -> None:
    assert letter({"speed": b"fast"}) == ("speed", "type")
    assert letter({"vehicles": b"1.5"}) == ("vehicles", "type")
    assert letter({"closed": b"maybe"}) == ("closed", "type")
    assert letter({"t": b"noon"}) == ("t", "type")
    assert letter({"k": b"\xff\xfe"}) == ("k", "type")


def test_time_and_entity_must_be_given() -> None:
    assert letter({"t": b""}) == ("t", "missing")
    assert letter({"k": b""}) == ("k", "missing")


def test_a_required_field_must_be_given() -> None:
    rules = contract(vehicles={"type": "int", "required": True})
    assert letter({}, rules) == ("vehicles", "missing")
    assert letter({"vehicles": b""}, rules) == ("vehicles", "missing")


def test_an_undeclared_category_is_rejected() -> None:
    assert letter({"class": b"footpath"}) == ("class", "category")


def test_a_device_a_year_ahead_is_rejected_and_a_minute_ahead_is_not() -> None:
    assert letter({"t": b"1748707200000"}) == ("t", "future")
    assert admit({"t": b"1717171260000"}).batch is not None
    assert letter({"t": b"1717171260001"}) == ("t", "future")


def test_texts_above_256_bytes_are_too_long() -> None:
    assert letter({"k": b"a" * 257}) == ("k", "length")
    assert letter({"k": "路".encode() * 86}) == ("k", "length")
    assert admit({"k": "路".encode() * 85}).batch is not None
    assert letter({"speed": b"1" * 1_000_000}) == ("speed", "length")


def test_an_entity_that_would_break_the_names_of_series_is_rejected() -> None:
    assert letter({"k": b"a|b"}) == ("k", "type")
    assert letter({"k": b"a=b"}) == ("k", "type")
    assert letter({"k": b"a\nb"}) == ("k", "type")


def test_the_good_rows_of_an_entry_stay_when_others_are_rejected() -> None:
    payload = pack(
        {
            "t": RawColumn("int", np.array([NOW, NOW + 10**9, NOW])),
            "k": coded(["a", "b", "c"]),
            "speed": RawColumn("float", np.array([1.5, 1.5, np.inf])),
            "vehicles": RawColumn("fixed", np.array([10, 20, 30]), scale=1),
        },
        3,
    )
    rules = contract()
    (run,) = decode([[b"9-0", [b"p", payload]]], rules.wanted).runs
    admission = rules.admit(run, NOW)
    assert admission.batch is not None
    assert [admission.batch.entities[code] for code in admission.batch.entity] == ["a"]
    assert admission.batch.fields["vehicles"].values.tolist() == [1]
    assert [(one.entry, one.row, one.field, one.rule) for one in admission.letters] == [
        ("9-0", 1, "t", "future"),
        ("9-0", 2, "speed", "type"),
    ]
    assert admission.rejected == {"future": 1, "type": 1}


def test_packed_numbers_may_come_as_text_and_keep_their_nulls() -> None:
    payload = pack(
        {"t": RawColumn("int", np.array([NOW, NOW])), "k": coded(["a", "a"]), "speed": coded(["2.25", None])}, 2
    )
    rules = contract()
    (run,) = decode([[b"9-0", [b"p", payload]]], rules.wanted).runs
    batch = rules.admit(run, NOW).batch
    assert batch is not None
    assert batch.fields["speed"].values.tolist() == [22, 0]
    assert batch.fields["speed"].valid is not None
    assert batch.fields["speed"].valid.tolist() == [True, False]


def test_a_point_is_converted_to_wgs84_and_off_the_earth_is_out_of_range() -> None:
    here = contract(place={"type": "point"})
    batch = admit({"place": b"114.1234567 22.5"}, {"place": b""}, rules=here).batch
    assert batch is not None
    assert batch.fields["place"].values.tolist() == [[1141234567, 225000000], [0, 0]]
    assert batch.fields["place"].known().tolist() == [True, False]
    shifted = admit({"place": b"114.128520 22.545630"}, rules=contract(place={"type": "point", "datum": "gcj02"})).batch
    assert shifted is not None
    # GCJ-02 lies about 560 m east and 310 m south of WGS-84 in this place.
    assert abs(shifted.fields["place"].values - [[1141234480, 225484180]]).max() < 5_000
    assert letter({"place": b"114.1"}, here) == ("place", "type")
    assert letter({"place": b"114.1 x"}, here) == ("place", "type")
    assert letter({"place": b"22.5 114.1"}, here) == ("place", "range")


def test_intervals_are_sorted_and_merged_and_an_empty_end_is_open() -> None:
    held = contract(holds={"type": "intervals"})
    written = b"2024-06-01T10:00:00+08:00/2024-06-01T11:00:00+08:00;1717200000000/1717207200000;2024-06-02/"
    batch = admit({"holds": written}, {"holds": b""}, rules=held).batch
    assert batch is not None
    column = batch.fields["holds"]
    assert column.dictionary == [((1717200000000, 1717210800000), (1717257600000, None))]
    assert column.known().tolist() == [True, False]
    assert letter({"holds": b"2024-06-02"}, held) == ("holds", "type")
    assert letter({"holds": b"2024-06-02/2024-06-01"}, held) == ("holds", "type")
    assert letter({"holds": b"/2024-06-01"}, held) == ("holds", "type")


def test_a_word_that_means_missing_is_null_where_a_number_or_a_time_is_declared() -> None:
    rules = contract(level={"type": "int", "missing": ["n/a"]}, until={"type": "time", "missing": ["0", "never"]})
    batch = admit({"level": b"n/a", "until": b"never"}, {"level": b"3", "until": b"0"}, rules=rules).batch
    assert batch is not None
    assert batch.fields["level"].known().tolist() == [False, True]
    assert batch.fields["until"].known().tolist() == [False, False]


def test_a_record_without_change_time_is_changed_when_it_arrives() -> None:
    table = {"kind": "records", "key": "case", "fields": {"case": {"type": "text"}}}
    rules = Contract.from_source(read_sources(Faults(), [("s", "case", table)], {})["case"])
    (run,) = decode([[b"0-0", [b"k", b"c1"]], [b"1-0", [b"t", b"5", b"k", b"c1"]]], rules.wanted).runs
    batch = rules.admit(run, NOW).batch
    assert batch is not None
    assert batch.time.tolist() == [NOW, 5]


CELLS = st.one_of(
    st.binary(max_size=12),
    st.text(max_size=12).map(str.encode),
    st.from_regex(rb"\A[+-]?[0-9]{0,20}\.?[0-9]{0,12}(e[+-]?[0-9]{1,4})?\Z"),
    st.sampled_from([b"", b"nan", b"-0", b"1e9999", b"1e-9999", b"9" * 300, b"true", b"1717171200000", b"\x00",
                     b"2024-06-01T00:00:00+08:00", b"9999-12-31T23:59:59-23:59", b"0001-01-01", b"-999.0"]),
)  # fmt: skip
PLAIN_ROWS = st.lists(
    st.dictionaries(st.sampled_from(["t", "k", "speed", "vehicles", "class", "closed", "noise"]), CELLS, min_size=1),
    min_size=1,
    max_size=8,
)


def every_row_is_accepted_or_rejected_once(entries: list[list[Any]]) -> None:
    rules = contract()
    decoded = decode(entries, rules.wanted)
    for run in decoded.runs:
        admission = rules.admit(run, NOW)
        accepted = 0 if admission.batch is None else admission.batch.rows
        assert accepted + sum(admission.rejected.values()) == run.rows
        assert len(admission.letters) == sum(admission.rejected.values())
        if admission.batch is not None:
            assert {len(column.values) for column in admission.batch.fields.values()} <= {accepted}
            assert int(admission.batch.entity.min()) >= 0


@given(PLAIN_ROWS)
def test_whatever_plain_rows_hold_each_is_accepted_or_rejected_once(rows: list[dict[str, bytes]]) -> None:
    every_row_is_accepted_or_rejected_once(
        [
            [b"%d-0" % place, [part for name, cell in row.items() for part in (name.encode(), cell)]]
            for place, row in enumerate(rows)
        ]
    )


INT64 = st.integers(-(2**63), 2**63 - 1)


def wire(rows: int) -> st.SearchStrategy[list[Any]]:
    bitmaps = st.one_of(st.just([]), st.binary(min_size=(rows + 7) // 8, max_size=(rows + 7) // 8).map(lambda b: [b]))
    whole = st.lists(INT64, min_size=rows, max_size=rows).map(lambda v: np.array(v, "<i8").tobytes())
    floats = st.lists(st.floats(), min_size=rows, max_size=rows).map(lambda v: np.array(v, "<f8").tobytes())
    codes = st.lists(st.integers(-1, 3), min_size=rows, max_size=rows).map(lambda v: np.array(v, "<i4").tobytes())
    words = st.lists(CELLS.map(lambda cell: cell.decode("utf-8", "replace")), min_size=4, max_size=4)
    return st.one_of(
        st.tuples(whole, bitmaps).map(lambda p: ["i8", p[0], *p[1]]),
        st.tuples(floats, bitmaps).map(lambda p: ["f8", p[0], *p[1]]),
        st.tuples(whole, st.integers(0, 9), bitmaps).map(lambda p: ["d8", p[0], p[1], *p[2]]),
        st.tuples(codes, words).map(lambda p: ["s", p[0], p[1]]),
    )


@given(st.integers(0, 9).flatmap(lambda rows: st.tuples(st.just(rows), st.dictionaries(
    st.sampled_from(["t", "k", "speed", "vehicles", "class", "closed"]), wire(rows)))))  # fmt: skip
def test_whatever_packed_columns_hold_each_row_is_accepted_or_rejected_once(
    drawn: tuple[int, dict[str, list[Any]]],
) -> None:
    rows, columns = drawn
    every_row_is_accepted_or_rejected_once([[b"1-0", [b"p", pack(columns, rows)]]])
