"""A chain that was touched anywhere says where: edited, taken out, put in, cut off, written anew."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ioc.domain.audit_chain import GENESIS, Anchor, Entry, Fault, Link, detail_text, faults


def chain(count: int, *, subject: str = "case:1") -> list[Link]:
    made, before = [], GENESIS
    for seq in range(1, count + 1):
        entry = Entry(seq, 1000 * seq, "li", "duty", "127.0.0.1", "incident.claim", subject, "live", "{}")
        before = entry.digest(before)
        made.append(Link(entry, "sha256", before))
    return made


def head(links: list[Link]) -> Anchor:
    return Anchor(links[-1].entry.seq, links[-1].digest, 0)


def test_a_digest_is_what_another_program_computes():
    entry = Entry(1, 1000, "李", "duty", "::1", "case.close", "案卷 1", "", "{}")
    text = (
        '{"action":"case.close","actor":"李","address":"::1","at_ms":1000,"before":"' + GENESIS + '","detail":"{}",'
        '"roles":"duty","seq":1,"subject":"案卷 1","world":""}'
    )

    assert entry.digest(GENESIS) == hashlib.sha256(text.encode()).hexdigest()


def test_a_whole_chain_has_no_faults_and_so_has_an_empty_one():
    links = chain(5)
    assert list(faults(links, head(links), [head(links[:3])])) == []
    assert list(faults([], None, [])) == []


@given(st.integers(2, 12), st.data())
def test_an_edited_entry_is_named(count: int, data: st.DataObject):
    links, at = chain(count), data.draw(st.integers(0, count - 1))
    field, value = data.draw(
        st.sampled_from([("actor", "wang"), ("at_ms", 7), ("detail", '{"a":1}'), ("action", "x.y"), ("world", "drill")])
    )
    before = head(links)
    links[at] = replace(links[at], entry=replace(links[at].entry, **{field: value}))
    assert list(faults(links, before, [])) == [Fault(at + 1, "edited")]


@given(st.integers(3, 12), st.data())
def test_an_entry_that_was_taken_out_is_named(count: int, data: st.DataObject):
    links, at = chain(count), data.draw(st.integers(0, count - 2))
    before = head(links)
    del links[at]
    assert list(faults(links, before, [])) == [Fault(at + 1, "missing")]


def test_a_cut_at_the_end_is_seen_by_the_head_and_by_an_anchor_alone():
    links = chain(6)
    assert list(faults(links[:4], head(links), [])) == [Fault(5, "cut")]
    assert list(faults(links[:4], head(links[:4]), [head(links)])) == [Fault(5, "cut")]
    assert list(faults([], None, [head(links)])) == [Fault(1, "cut")]


def test_a_chain_written_anew_fits_itself_but_no_anchor():
    links, other = chain(6), chain(6, subject="case:2")
    assert list(faults(other, head(other), [])) == []
    assert list(faults(other, head(other), [head(links[:3])])) == [Fault(3, "anchor")]


def test_an_entry_beyond_the_head_was_not_recorded_by_the_product():
    links = chain(4)
    assert list(faults(links, head(links[:3]), [])) == [Fault(4, "head")]
    assert list(faults(links, None, [])) == [Fault(4, "head")]


def test_a_digest_that_nobody_knows_is_a_fault_and_none_is_computed():
    links = chain(2)
    assert list(faults([replace(links[0], how="md5"), links[1]], head(links), [])) == [Fault(1, "edited")]
    with pytest.raises(ValueError, match="md5"):
        links[0].entry.digest(GENESIS, "md5")


def test_what_is_told_beside_is_canonical_and_short():
    assert detail_text({"b": 1, "a": "案"}) == '{"a":"案","b":1}'
    with pytest.raises(ValueError, match="longer than 16000"):
        detail_text({"a": "x" * 16_000})
    with pytest.raises(ValueError, match="JSON"):
        detail_text({"a": float("nan")})
