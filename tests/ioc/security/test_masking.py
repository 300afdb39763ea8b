"""Personal data are hidden wherever they stand, and nothing else is."""

from __future__ import annotations

import pytest

from ioc.security.masking import masked, masked_text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("回电 13812348000 张女士", "回电 138****8000 张女士"),
        ("0755-25551234", "0755-2****234"),
        ("身份证 44030319900101123X。", "身份证 440303********123X。"),
        ("积水 27 cm，21:40，编号 20230907014712", "积水 27 cm，21:40，编号 20230907014712"),
        ("1790000000000", "1790000000000"),
    ],
)
def test_numbers_of_people_are_hidden_and_other_numbers_are_not(text: str, shown: str):
    assert masked_text(text) == shown


def test_facts_are_masked_at_any_depth_and_names_by_their_field():
    calls = [{"text": "打 13812348000", "name": "李四"}]
    facts = {
        "caller": "张三丰",
        "phone": 13812348000,
        "deaths": 2,
        "calls": calls,
        "home": "翠竹路 58 号",
        "urgent": True,
    }
    assert masked(facts) == {
        "caller": "张**", "phone": "138****8000", "deaths": 2, "calls": [{"text": "打 138****8000", "name": "李**"}],
        "home": "****", "urgent": True,
    }  # fmt: skip
