"""The two entry forms: what they carry, and that nothing a producer sends can raise."""

from __future__ import annotations

import msgpack
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics.codec import MAX_PAYLOAD, RawColumn, coded, decode, pack

WANTED = frozenset({"t", "k", "speed"})


def packed(**changes: object) -> bytes:
    payload = {
        "v": 1,
        "n": 2,
        "c": {
            "t": ["i8", np.array([1000, 2000], "<i8").tobytes()],
            "k": ["s", np.array([0, -1], "<i4").tobytes(), ["LH001"]],
            "speed": ["d8", np.array([315, 0], "<i8").tobytes(), 1],
        },
    }
    payload.update(changes)
    return msgpack.packb(payload)


def entry(payload: bytes, entry_id: bytes = b"7-0") -> list[object]:
    return [entry_id, [b"p", payload]]


def rule_of(payload: bytes) -> str:
    (reject,) = decode([entry(payload)], WANTED).rejects
    assert (reject.entry, reject.row) == ("7-0", -1)
    return reject.rule


def test_a_plain_entry_becomes_one_row_of_text() -> None:
    decoded = decode([[b"7-0", [b"t", b"1000", b"k", b"LH001", b"speed", b"31.5", b"colour", b"red"]]], WANTED)
    (run,) = decoded.runs
    assert run.rows == 1
    assert set(run.columns) == {"t", "k", "speed"}
    assert list(run.columns["speed"].lines) == [b"31.5"]


def test_plain_entries_with_different_fields_share_a_run_and_lack_what_was_not_given() -> None:
    entries = [[b"1-0", [b"t", b"1", b"k", b"a"]], [b"2-0", [b"k", b"b", b"speed", b"9", b"t", b"2"]]]
    (run,) = decode(entries, WANTED).runs
    assert list(run.columns["speed"].lines) == [None, b"9"]
    assert list(run.columns["t"].lines) == [b"1", b"2"]


def test_a_field_given_twice_is_of_no_form() -> None:
    decoded = decode([[b"1-0", [b"t", b"1", b"k", b"a", b"t", b"2"]], [b"2-0", [b"t", b"1", b"k", b"a"]]], WANTED)
    assert [reject.rule for reject in decoded.rejects] == ["form"]
    assert decoded.runs[0].ids == [b"2-0"]


def test_what_was_packed_is_read_back() -> None:
    columns = {
        "t": RawColumn("int", np.array([1, 2, 3])),
        "k": coded(["a", "b", None]),
        "speed": RawColumn("fixed", np.array([15, 25, 0]), np.array([True, True, False]), scale=1),
    }
    (run,) = decode([entry(pack(columns, 3))], WANTED).runs
    assert run.columns["t"].values.tolist() == [1, 2, 3]
    assert run.columns["k"].values.tolist() == [0, 1, -1]
    assert list(run.columns["k"].dictionary) == ["a", "b"]
    assert run.columns["speed"].scale == 1
    assert run.columns["speed"].valid is not None
    assert run.columns["speed"].valid.tolist() == [True, True, False]


def test_payloads_of_one_layout_become_one_run_with_one_dictionary() -> None:
    first = pack({"t": RawColumn("int", np.array([1])), "k": coded(["a"])}, 1)
    second = pack({"t": RawColumn("int", np.array([2, 3])), "k": coded(["b", "a"])}, 2)
    (run,) = decode([entry(first, b"1-0"), entry(second, b"2-0")], WANTED).runs
    assert [run.columns["k"].dictionary[code] for code in run.columns["k"].values] == ["a", "b", "a"]
    assert run.origin(2) == ("2-0", 1)


def test_the_order_of_the_stream_is_kept_between_forms() -> None:
    plain = [b"2-0", [b"t", b"2", b"k", b"a"]]
    runs = decode([entry(packed(), b"1-0"), plain, entry(packed(), b"3-0")], WANTED).runs
    assert [run.ids for run in runs] == [[b"1-0"], [b"2-0"], [b"3-0"]]


def test_a_later_version_is_refused_by_name() -> None:
    (reject,) = decode([entry(packed(v=2))], WANTED).rejects
    assert (reject.rule, reject.value) == ("version", "2")


def test_bytes_that_are_not_msgpack_are_of_no_form() -> None:
    assert rule_of(b"\xc1garbage") == "form"


def test_a_truncated_payload_is_of_no_form() -> None:
    assert rule_of(packed()[:-3]) == "form"


def test_a_buffer_that_does_not_fit_the_rows_is_of_no_form() -> None:
    assert rule_of(packed(n=3)) == "form"


def test_more_rows_than_allowed_are_too_large() -> None:
    assert rule_of(packed(n=65_537)) == "size"


def test_a_payload_above_four_mebibytes_is_too_large() -> None:
    assert rule_of(b"\0" * (MAX_PAYLOAD + 1)) == "size"


def test_ten_thousand_levels_of_nesting_are_of_no_form() -> None:
    assert rule_of(b"\x91" * 10_000 + b"\xc0") == "form"


def test_a_header_that_announces_four_billion_elements_is_of_no_form() -> None:
    assert rule_of(b"\xdd\xff\xff\xff\xff") == "form"


def test_a_code_outside_the_dictionary_rejects_its_payload_and_no_other() -> None:
    stray = packed(c={"t": ["i8", bytes(16)], "k": ["s", np.array([0, 5], "<i4").tobytes(), ["x"]]})
    fine = pack({"t": RawColumn("int", np.array([1])), "k": coded(["a"])}, 1)
    decoded = decode([entry(stray, b"1-0"), entry(fine, b"2-0")], WANTED)
    assert [(reject.entry, reject.field, reject.rule) for reject in decoded.rejects] == [("1-0", "k", "form")]
    assert decoded.runs[0].ids == [b"2-0"]


def test_the_value_of_a_reject_is_cut_to_two_hundred_characters() -> None:
    (reject,) = decode([entry(packed(v="x" * 1_000_000))], WANTED).rejects
    assert len(reject.value) == 200


@pytest.mark.parametrize("column", [None, [], ["i8"], ["i8", 5], ["zz", bytes(16)], ["d8", bytes(16)],
                                    ["d8", bytes(16), 10], ["d8", bytes(16), True], ["s", bytes(8), [1, 2]],
                                    ["s", bytes(8)], ["i8", bytes(16), b"\x01\x02"], [["i8"], bytes(16)]])  # fmt: skip
def test_a_malformed_column_is_of_no_form(column: object) -> None:
    assert rule_of(packed(c={"t": column})) == "form"


JSONISH = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.binary(max_size=40) | st.text(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=3), inner, max_size=5),
    max_leaves=20,
)


def everything_is_accounted_for(entries: list[list[object]]) -> None:
    decoded = decode(entries, WANTED)
    accepted = sum(len(run.ids) for run in decoded.runs)
    assert accepted + len(decoded.rejects) == len(entries)


@given(st.binary(max_size=300))
def test_any_bytes_as_payload_are_rows_or_a_reject(payload: bytes) -> None:
    everything_is_accounted_for([entry(payload)])


@given(JSONISH)
def test_any_msgpack_as_payload_is_rows_or_a_reject(value: object) -> None:
    everything_is_accounted_for([entry(msgpack.packb(value))])


@given(st.dictionaries(st.sampled_from(["v", "n", "c"]), JSONISH), JSONISH)
def test_a_payload_with_any_part_replaced_is_rows_or_a_reject(changes: dict[str, object], column: object) -> None:
    everything_is_accounted_for([entry(packed(**changes)), entry(packed(c={"t": column, "k": column}))])


@given(st.integers(0, 200), st.binary(min_size=1, max_size=3))
def test_a_damaged_payload_is_rows_or_a_reject(at: int, noise: bytes) -> None:
    payload = packed()
    at %= len(payload)
    everything_is_accounted_for([entry(payload[:at] + noise + payload[at + len(noise) :])])


@settings(max_examples=50)
@given(st.lists(st.lists(st.tuples(st.sampled_from([b"t", b"k", b"p", b"speed", b"\xff"]), st.binary(max_size=9)),
                         min_size=1, max_size=4), min_size=1, max_size=6))  # fmt: skip
def test_any_plain_entries_are_rows_or_rejects(rows: list[list[tuple[bytes, bytes]]]) -> None:
    everything_is_accounted_for([[b"1-0", [part for pair in row for part in pair]] for row in rows])
