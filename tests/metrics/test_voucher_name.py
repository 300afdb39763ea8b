"""How a published value is named on the command line."""

from __future__ import annotations

from dataclasses import replace

import pytest

from metrics.archive_published import Said
from metrics.voucher_name import NotAName, VoucherName

NOON = 1_717_214_400_000  # 2024-06-01T12:00:00+08:00
SAID = Said(
    "G6", 2, "440303", "org=水务,kind=a", 0, NOON, 98.5, "complete", 40, 1, "real", 5, 5, NOON, "{}", "{}", "", ""
)


def test_every_part_is_read() -> None:
    found = VoucherName.parse("G6@2/440303/kind=a/org=水务/2024-06-01T12:00#1")
    assert found == VoucherName("G6", "440303", ("kind=a", "org=水务"), NOON, 2, 1)
    assert found.find([SAID]) == SAID


def test_version_and_revision_may_be_left_out_then_the_newest_word_is_meant() -> None:
    later = replace(SAID, revision=2, value=98.6)
    assert VoucherName.parse(f"G6/440303/org=水务/kind=a/{NOON}").find([SAID, later]) == later
    assert VoucherName.parse(f"G6/440303/org=水务/kind=a/{NOON}#1").find([SAID, later]) == SAID
    assert VoucherName.parse(f"G6@3/440303/org=水务/kind=a/{NOON}").find([SAID, later]) is None


def test_an_indicator_without_regions_has_an_empty_region() -> None:
    assert VoucherName.parse("A1//2024-06-01T12:00:00+08:00") == VoucherName("A1", "", (), NOON)
    assert VoucherName.parse("A1/2024-06-01T12:00:00+08:00") == VoucherName("A1", "", (), NOON)
    assert VoucherName.parse("Q//hall=A/2024-06-01T12:00") == VoucherName("Q", "", ("hall=A",), NOON)


def test_the_name_of_a_value_finds_it() -> None:
    assert VoucherName.parse(SAID.name).find([SAID]) == SAID


def test_a_value_of_a_dimension_may_hold_a_slash() -> None:
    assert VoucherName.parse("Q/440303/road=a/b/2024-06-01T12:00").dims == ("road=a/b",)


@pytest.mark.parametrize("text", ["", "G6", "G6@x/440303/2024-06-01", "G6/440303/noon"])
def test_what_is_no_name_is_said(text: str) -> None:
    with pytest.raises(NotAName):
        VoucherName.parse(text)
