"""Class and level follow from facts by rules that stand in the packs, and the rule is told in words."""

from __future__ import annotations

import math

import pytest

from ioc.domain.grading import graded
from ioc.packs.grading import GradingFile, shipped_grading

RULES = shipped_grading()


@pytest.mark.parametrize(
    ("facts", "level"),
    [({"deaths": 1}, 1), ({"deaths": 2}, 1), ({"deaths": 3}, 2), ({"deaths": 9}, 2), ({"deaths": 10}, 3),
     ({"deaths": 29}, 3), ({"deaths": 30}, 4), ({"loss_yuan": 9_999_999}, 1), ({"loss_yuan": 10_000_000}, 2),
     ({"loss_yuan": 50_000_000}, 3), ({"loss_yuan": 100_000_000}, 4), ({"warning": "red"}, 4), ({"warning": "blue"}, 1),
     ({"response": "Ⅱ"}, 3), ({"alarm": "red"}, 2), ({}, 1), ({"deaths": 0}, 1), ({"deaths": math.nan}, 1),
     ({"deaths": "many"}, 1), ({"deaths": True}, 1)],
)  # fmt: skip
def test_the_level_is_that_of_the_national_grading(facts: dict[str, object], level: int):
    assert graded(RULES, facts).level == level


def test_the_worst_fact_counts_and_each_is_told():
    grade = graded(RULES, {"deaths": 3, "loss_yuan": 60_000_000}, "仓库起火", "")
    assert (grade.class_, grade.level) == ("accident", 3)
    assert [ground.zh for ground in grade.grounds] == [
        "直接经济损失 60,000,000 元，达到 50,000,000 元：Ⅱ级", "死亡 3 人，达到 3 人：Ⅲ级",
    ]  # fmt: skip
    assert grade.class_ground.zh == "事故灾难：提及起火"


def test_what_a_person_said_of_the_class_stays_and_words_tell_it_otherwise():
    assert graded(RULES, {}, "暴雨后餐厅食物中毒", "health").class_ == "health"
    assert graded(RULES, {}, "暴雨内涝，一车起火").class_ == "natural"
    assert graded(RULES, {}, "路灯不亮").class_ == ""


def test_a_rule_of_one_class_says_nothing_of_another():
    assert graded(RULES, {"warning": "red"}, "", "security").level == 1
    assert graded(RULES, {"ill": 40}, "", "health").level == 2
    assert graded(RULES, {"ill": 40}, "", "accident").level == 1


def test_a_level_without_any_reason_is_the_least_and_says_so():
    assert graded(RULES, {}).grounds[0].zh == "没有加重的情形：Ⅳ级"


@pytest.mark.parametrize(
    "level",
    [{"fact": "x", "zh": "甲", "en": "a"}, {"fact": "x", "zh": "甲", "en": "a", "at_least": [3, 1, 10, 30]},
     {"fact": "x", "zh": "甲", "en": "a", "at_least": [1, 2, 3, 4], "words": {"a": 1}}],
)  # fmt: skip
def test_a_rule_that_means_nothing_is_refused_when_it_is_read(level: dict[str, object]):
    table = {"warning": {"opens": "red"}, "class": [{"id": "natural", "zh": "甲", "en": "a", "words": ["雨"]}]}
    with pytest.raises(ValueError, match="at_least"):
        GradingFile.model_validate({**table, "level": [level]})
